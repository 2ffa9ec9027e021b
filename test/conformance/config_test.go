// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

func TestConfig(t *testing.T) {
	t.Parallel()
	runModules(t, "", []module{{"oidcc-discovery-endpoint-verification", discoveryEndpoint}})
}

// discoveryEndpoint holds the discovery document against OpenID Connect Discovery 1.0,
// sections 3 and 4, and RFC 8414, section 2.
func discoveryEndpoint(rp *relyingParty) {
	a := get(rp.t, rp.http, rp.provider.issuer+discoveryPath)
	if a.Status != http.StatusOK || mediaType(a) != jsonType {
		rp.t.Errorf("discovery answered %d with a %s", a.Status, mediaType(a))
	}
	m := rp.provider.metadata
	if m.text("issuer") != rp.provider.issuer || strings.HasSuffix(m.text("issuer"), "/") {
		rp.t.Errorf("the issuer is %q, looked for at %s", m.text("issuer"), rp.provider.issuer)
	}
	for _, name := range []string{
		"authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri",
		"response_types_supported", "subject_types_supported", "id_token_signing_alg_values_supported", "claims_supported", "scopes_supported",
	} {
		if m[name] == nil {
			rp.t.Errorf("discovery has no %s", name)
		}
	}
	for list, value := range map[string]string{
		"response_types_supported": "code", "id_token_signing_alg_values_supported": "RS256", "scopes_supported": "openid", "grant_types_supported": "authorization_code",
	} {
		if m[list] != nil && !m.has(list, value) {
			rp.t.Errorf("%s is %v, without %s", list, m[list], value)
		}
	}
	for _, subject := range m.list("subject_types_supported") {
		if subject != "public" && subject != "pairwise" {
			rp.t.Errorf("there is no type of subjects %s", subject)
		}
	}
	rp.checkMembers(m)
	rp.checkKeys()
}

// checkMembers holds each member of the document against the type that all of its kind
// have: addresses by https, lists that are not empty and have nothing twice, and answers to
// yes or no.
func (rp *relyingParty) checkMembers(m metadata) {
	rp.t.Helper()
	for name, value := range m {
		valid := false
		switch {
		case name == "issuer", strings.HasSuffix(name, "_endpoint"), strings.HasSuffix(name, "_uri"), name == "service_documentation":
			u, err := url.Parse(m.text(name))
			valid = err == nil && u.Scheme == "https" && u.Host != "" && u.Fragment == ""
		case strings.HasSuffix(name, "_parameter_supported"), strings.HasPrefix(name, "require_"), strings.HasSuffix(name, "_logout_supported"),
			strings.HasSuffix(name, "_session_supported"):
			_, valid = value.(bool)
		case strings.HasSuffix(name, "_supported"):
			all, _ := value.([]any)
			texts := m.list(name)
			slices.Sort(texts)
			valid = len(all) > 0 && len(texts) == len(all) && len(slices.Compact(texts)) == len(all)
		}
		if !valid {
			rp.t.Errorf("%s is %v", name, value)
		}
	}
}

// checkKeys looks for what verifiers need in the key set, and for what nobody may know
// (RFC 7517, sections 4 and 5).
func (rp *relyingParty) checkKeys() {
	rp.t.Helper()
	ids, algorithms := map[string]bool{}, map[string]bool{}
	for _, key := range rp.keys().Keys {
		if !key.Valid() || !key.IsPublic() {
			rp.t.Errorf("the key %s is not a public one", key.KeyID)
		}
		if key.KeyID == "" || ids[key.KeyID] || key.Use != "sig" && key.Use != "enc" {
			rp.t.Errorf("a key is called %q, for %q", key.KeyID, key.Use)
		}
		ids[key.KeyID], algorithms[key.Algorithm] = true, true
	}
	if !algorithms["RS256"] {
		rp.t.Error("no key is for RS256")
	}
}
