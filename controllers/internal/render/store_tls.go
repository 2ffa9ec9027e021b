// SPDX-License-Identifier: Apache-2.0

package render

import (
	"bytes"

	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/pki"
)

// tlsURLKey is the key of a managed store's URL for pods that speak TLS with it. Under
// defaultURLKey stands what pods of a release read that did not.
const tlsURLKey = "tlsURI"

// StoreTLS is how a store that the operator runs speaks TLS.
type StoreTLS struct {
	// Certificate is what the store shows, nil while there is none.
	Certificate *pki.Pair
	// Trusted is what pods know it by, in PEM: the authority of today and, while the
	// store or a pod may still go by it, the one before.
	Trusted []byte
	// Plain lets the store take connections in the clear as well, from pods of a release
	// that spoke no TLS.
	Plain bool
}

// ReadStoreTLS reads how a store speaks TLS from its Secret. What cannot be used is none:
// another certificate takes its place.
func ReadStoreTLS(data map[string][]byte) StoreTLS {
	plain := data[defaultURLKey]
	t := StoreTLS{Trusted: data[CABundleKey], Plain: len(plain) > 0 && !bytes.Equal(plain, data[tlsURLKey])}
	if pair, err := pki.ParsePair(data[corev1.TLSCertKey], data[corev1.TLSPrivateKeyKey]); err == nil {
		t.Certificate = &pair
	}
	return t
}

// DiffersFrom reports whether it says something else than another.
func (t StoreTLS) DiffersFrom(other StoreTLS) bool {
	shown := func(c *pki.Pair) string {
		if c == nil {
			return ""
		}
		return c.Fingerprint()
	}
	return shown(t.Certificate) != shown(other.Certificate) || !bytes.Equal(t.Trusted, other.Trusted) || t.Plain != other.Plain
}

// addTo writes it, and the URLs of the store, into the data of its Secret.
func (t StoreTLS) addTo(data map[string][]byte, tlsURL, plainURL []byte) {
	data[corev1.TLSCertKey], data[corev1.TLSPrivateKeyKey] = t.Certificate.CertificatePEM, t.Certificate.KeyPEM
	data[CABundleKey] = t.Trusted
	data[tlsURLKey], data[defaultURLKey] = tlsURL, tlsURL
	if t.Plain {
		data[defaultURLKey] = plainURL
	}
}

// StoreHosts are the names of a managed store's Service, which its certificate is for.
func StoreHosts(realm *v1alpha1.AuthRealm, service string) []string {
	inNamespace := service + "." + realm.Namespace
	return []string{service, inNamespace, inNamespace + ".svc", inNamespace + ".svc.cluster.local"}
}

// StoresAuthoritySecret has the authority of the stores that the operator runs. It is not
// the realm's own, which its clients trust: whoever has one of the two can pass
// for nothing of the other.
func StoresAuthoritySecret(in Inputs) *corev1ac.SecretApplyConfiguration {
	return secret(in.Realm, NamesOf(in.Realm).StoresAuthority(), server, AuthorityData(*in.StoresAuthority)).
		WithType(corev1.SecretTypeTLS).WithOwnerReferences(owner(in.Realm))
}
