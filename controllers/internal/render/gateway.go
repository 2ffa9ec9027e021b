// SPDX-License-Identifier: Apache-2.0

package render

import (
	"strings"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// hostname is the host of the issuer as routes want it: in lower case.
func hostname(realm *v1alpha1.AuthRealm) string { return strings.ToLower(Host(realm)) }

// httpRoute leads the issuer's whole host to the realm: beside the path of an
// issuer that has one, there are the pages and the API.
func httpRoute(in Inputs) *Custom {
	var parents []any
	for _, ref := range in.Realm.Spec.Exposure.Gateway.ParentRefs {
		parent := map[string]any{"group": httpRouteKind.Group, "kind": "Gateway", "name": ref.Name}
		if ref.Namespace != "" {
			parent["namespace"] = ref.Namespace
		}
		if ref.SectionName != "" {
			parent["sectionName"] = ref.SectionName
		}
		if ref.Port != nil {
			parent["port"] = *ref.Port
		}
		parents = append(parents, parent)
	}
	return custom(in.Realm, httpRouteKind, NamesOf(in.Realm).Server(), map[string]any{
		"parentRefs": parents,
		"hostnames":  []string{hostname(in.Realm)},
		"rules": []any{map[string]any{
			"matches":     []any{map[string]any{"path": map[string]any{"type": "PathPrefix", "value": "/"}}},
			"backendRefs": []any{map[string]any{"group": "", "kind": "Service", "name": NamesOf(in.Realm).Server(), "port": httpsPort, "weight": 1}},
		}},
	})
}

// backendTLSPolicy has Gateways speak TLS with the realm and check its
// certificate: by the realm's trust bundle where there is one, and by what every
// system trusts where a public CA issued it. Either is for the issuer's host.
func backendTLSPolicy(in Inputs) *Custom {
	validation := map[string]any{"hostname": hostname(in.Realm)}
	if len(trustBundle(in)) > 0 {
		validation["caCertificateRefs"] = []any{
			map[string]any{"group": "", "kind": "ConfigMap", "name": NamesOf(in.Realm).TrustBundle()},
		}
	} else {
		validation["wellKnownCACertificates"] = "System"
	}
	return custom(in.Realm, backendTLSPolicyKind, NamesOf(in.Realm).Server(), map[string]any{
		"targetRefs": []any{map[string]any{"group": "", "kind": "Service", "name": NamesOf(in.Realm).Server()}},
		"validation": validation,
	})
}
