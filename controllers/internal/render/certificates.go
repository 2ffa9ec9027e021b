// SPDX-License-Identifier: Apache-2.0

package render

import (
	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/controllers/internal/pki"
)

// CABundleKey is the key under which a trust bundle stands.
const CABundleKey = "ca.crt"

// AuthoritySecret has the realm's own certificate authority.
func AuthoritySecret(in Inputs) *corev1ac.SecretApplyConfiguration {
	return secret(in.Realm, NamesOf(in.Realm).Authority(), server, AuthorityData(*in.Authority)).
		WithType(corev1.SecretTypeTLS).WithOwnerReferences(owner(in.Realm))
}

// AuthorityData is an authority as a Secret keeps it.
func AuthorityData(a pki.Authority) map[string][]byte {
	return map[string][]byte{
		corev1.TLSCertKey:       a.CertificatePEM,
		corev1.TLSPrivateKeyKey: a.KeyPEM,
		CABundleKey:             a.Bundle,
	}
}

// ServingSecret has the certificate that the realm's own authority issued.
func ServingSecret(in Inputs) *corev1ac.SecretApplyConfiguration {
	return secret(in.Realm, NamesOf(in.Realm).Certificate(), server, map[string][]byte{
		corev1.TLSCertKey:       in.Certificate.CertificatePEM,
		corev1.TLSPrivateKeyKey: in.Certificate.KeyPEM,
		CABundleKey:             in.Authority.Bundle,
	}).WithType(corev1.SecretTypeTLS).WithOwnerReferences(owner(in.Realm))
}

// trustBundle is what clients need to trust, or nothing when the user's
// certificate comes without a CA of its own.
func trustBundle(in Inputs) []byte {
	if in.Authority != nil {
		return in.Authority.Bundle
	}
	return in.ProvidedCA
}

func trustBundleConfigMap(in Inputs, bundle []byte) *corev1ac.ConfigMapApplyConfiguration {
	return corev1ac.ConfigMap(NamesOf(in.Realm).TrustBundle(), in.Realm.Namespace).
		WithLabels(labels(in.Realm, server)).
		WithOwnerReferences(owner(in.Realm)).
		WithData(map[string]string{CABundleKey: string(bundle)})
}
