// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// certificateOrder asks cert-manager for a certificate for the issuer's host.
// The Service's names are not in it unless the spec says so: a public CA refuses
// an order with names that only the cluster knows.
func certificateOrder(in Inputs) *Custom {
	order := in.Realm.Spec.TLS.CertManager
	spec := map[string]any{
		"secretName": NamesOf(in.Realm).OrderedCertificate(),
		// So that what is left of an earlier certificate is known as the realm's.
		"secretTemplate": map[string]any{"labels": labels(in.Realm, server)},
		"issuerRef": map[string]any{
			"name":  order.IssuerRef.Name,
			"kind":  cmp.Or(order.IssuerRef.Kind, v1alpha1.NamespacedIssuer),
			"group": cmp.Or(order.IssuerRef.Group, certificateKind.Group),
		},
		"privateKey": map[string]any{"algorithm": "ECDSA", "size": 256, "rotationPolicy": "Always"},
		"usages":     []string{"digital signature", "server auth"},
	}
	names := slices.Clone(order.DNSNames)
	if host := hostname(in.Realm); isAddress(host) {
		spec["ipAddresses"] = []string{host}
	} else if !slices.Contains(names, host) {
		names = append([]string{host}, names...)
	}
	if len(names) > 0 {
		spec["dnsNames"] = names
	}
	if order.Duration != nil {
		spec["duration"] = order.Duration.Duration.String()
	}
	return custom(in.Realm, certificateKind, NamesOf(in.Realm).Server(), spec)
}

func isAddress(host string) bool {
	_, err := netip.ParseAddr(host)
	return err == nil
}
