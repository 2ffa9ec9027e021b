// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// discovery is what tests read of the document.
type discovery struct {
	Issuer        string   `json:"issuer"`
	JWKS          string   `json:"jwks_uri"`
	Token         string   `json:"token_endpoint"`
	Introspection string   `json:"introspection_endpoint"`
	Revocation    string   `json:"revocation_endpoint"`
	Pushed        string   `json:"pushed_authorization_request_endpoint"`
	MustPush      *bool    `json:"require_pushed_authorization_requests"`
	Proofs        []string `json:"dpop_signing_alg_values_supported"`
	Devices       string   `json:"device_authorization_endpoint"`
	Grants        []string `json:"grant_types_supported"`
	Methods       []string `json:"token_endpoint_auth_methods_supported"`
	Algorithms    []string `json:"token_endpoint_auth_signing_alg_values_supported"`
}

// What discovery names is there, and below the issuer.
func TestDiscoverySaysWhatWorks(t *testing.T) {
	t.Parallel()
	for _, at := range []string{issuer, issuer + "/tenants/shop"} {
		t.Run(strings.TrimPrefix(at, "https://"), func(t *testing.T) {
			t.Parallel()
			client := newOAuthClient("web")
			r := newRealmWithClients(t, client)
			r.Config.Issuer = at
			r.Update()
			s := r.serve()
			base := strings.TrimPrefix(at, issuer)
			a := s.do(newRequest(t, http.MethodGet, base+"/.well-known/openid-configuration", nil))
			d := decode[discovery](t, a, http.StatusOK)
			if d.Issuer != at || d.JWKS != at+"/.well-known/jwks.json" || d.Token != at+tokenPath || d.Introspection != at+introspectPath || d.Revocation != at+revokePath ||
				d.Pushed != at+parPath || d.MustPush == nil || *d.MustPush || d.Devices != at+deviceAuthorization {
				t.Errorf("discovery says %+v", d)
			}
			if !slices.Contains(d.Grants, "client_credentials") || slices.Contains(d.Grants, "password") ||
				!slices.Equal(d.Methods, []string{"client_secret_basic", "client_secret_post", "private_key_jwt", "none"}) ||
				slices.Contains(d.Algorithms, "none") || slices.Contains(d.Algorithms, "HS256") || !slices.Contains(d.Algorithms, "ES256") ||
				!slices.Equal(d.Proofs, []string{"ES256", "EdDSA", "PS256", "RS256"}) {
				t.Errorf("discovery says %+v", d)
			}
			for _, address := range []string{d.JWKS, d.Token, d.Introspection, d.Revocation, d.Pushed, d.Devices} {
				r := newRequest(t, http.MethodGet, strings.TrimPrefix(address, issuer), nil)
				if a := s.do(r); a.Status == http.StatusNotFound {
					t.Errorf("nothing is at %s", address)
				}
			}
			b := s.newPageBrowser()
			b.open(at + devicePath) // which devices show, and nobody is signed in
			b.sees("/signin", http.StatusOK)
			token := decode[clientTokens](t, s.do(client.request(t, base+tokenPath, map[string][]string{"grant_type": {"client_credentials"}})), http.StatusOK)
			suite.secrets.used(token.Access)
			if claimsOf(t, token.Access)["iss"] != at {
				t.Error("the token is of another issuer")
			}
			for _, path := range []string{"/.well-known/oauth-authorization-server" + base, "/.well-known/openid-configuration" + base, base + "/.well-known/oauth-authorization-server"} {
				if other := s.do(newRequest(t, http.MethodGet, path, nil)); other.Status != http.StatusOK || other.Body != a.Body {
					t.Errorf("%s is answered %d %s", path, other.Status, other.Body)
				}
			}
			for _, path := range []string{"/.well-known/oauth-authorization-server/elsewhere", "/.well-known/openid-configuration" + base + "/more"} {
				s.do(newRequest(t, http.MethodGet, path, nil)).Expect(t, http.StatusNotFound, "not_found")
			}
		})
	}
}

// Verifiers and clients keep the documents, and ask whether they are still the same.
func TestWellKnownDocumentsAreKept(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	for _, path := range []string{"/.well-known/jwks.json", "/.well-known/openid-configuration", "/.well-known/oauth-authorization-server"} {
		get := newRequest(t, http.MethodGet, path, nil)
		get.Header.Set("Origin", "https://anybody.example")
		first := s.do(get)
		tag := first.Header.Get("ETag")
		if first.Status != http.StatusOK || tag == "" || first.Header.Get("Cache-Control") != "public, max-age=300" ||
			first.Header.Get("Access-Control-Allow-Origin") != "*" || first.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s is answered %d with %v", path, first.Status, first.Header)
		}
		get.Header.Set("If-None-Match", tag)
		if a := s.do(get); a.Status != http.StatusNotModified || a.Body != "" {
			t.Errorf("%s: the same is answered %d", path, a.Status)
		}
		head := newRequest(t, http.MethodHead, path, nil)
		if a := s.do(head); a.Status != http.StatusOK || a.Header.Get("ETag") != tag || a.Body != "" {
			t.Errorf("HEAD %s is answered %d %v", path, a.Status, a.Header)
		}
		if path != "/.well-known/jwks.json" {
			continue
		}
		s.Change(func(c *realmconfig.Config) { c.Tokens.JWKSMaxAge = 0 })
		get.Header.Set("If-None-Match", tag)
		if a := s.do(get); a.Status != http.StatusNotModified || a.Header.Get("Cache-Control") != "public, max-age=0" {
			t.Errorf("%s: after a change of its age it is answered %d %v", path, a.Status, a.Header)
		}
		s.Change(func(c *realmconfig.Config) { c.Tokens.JWKSMaxAge = realmconfig.Defaults("", "").Tokens.JWKSMaxAge })
	}
}
