// SPDX-License-Identifier: Apache-2.0

package discovery_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/discovery"
)

const good = `{"issuer": "https://id.example.com", "authorization_endpoint": "https://id.example.com/auth",
	"token_endpoint": "https://id.example.com/token", "jwks_uri": "https://id.example.com/keys"}`

func TestDocuments(t *testing.T) {
	t.Parallel()
	ours := realmconfig.Provider{Type: realmconfig.OIDC, Issuer: "https://id.example.com"}
	many := strings.ReplaceAll(good, "id.example.com", "login.microsoftonline.com")
	many = strings.Replace(many, "microsoftonline.com\"", "microsoftonline.com/{tenantid}/v2.0\"", 1)
	for name, c := range map[string]struct {
		provider realmconfig.Provider
		document string
		want     error
	}{
		"a good one":                      {ours, good, nil},
		"not JSON":                        {ours, "<html>", discovery.ErrNotJSON},
		"two of them":                     {ours, good + good, discovery.ErrNotJSON},
		"of another issuer":               {ours, strings.Replace(good, "id.", "evil.", 1), discovery.ErrIssuer},
		"of the issuer but for a slash":   {ours, strings.Replace(good, `.com",`, `.com/",`, 1), discovery.ErrIssuer},
		"without keys":                    {ours, strings.Replace(good, "jwks_uri", "x", 1), discovery.ErrEndpoints},
		"with an endpoint that is open":   {ours, strings.Replace(good, "https://id.example.com/token", "http://id.example.com/token", 1), discovery.ErrEndpoints},
		"with somebody's name in it":      {ours, strings.Replace(good, "https://id.example.com/token", "https://a@id.example.com/token", 1), discovery.ErrEndpoints},
		"of every tenant, from Microsoft": {realmconfig.Provider{Type: realmconfig.Microsoft}, many, nil},
		"of every tenant, from others":    {ours, many, discovery.ErrIssuer},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := discovery.Parse(c.provider, []byte(c.document)); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func TestWhereProvidersWithoutDiscoveryAnswer(t *testing.T) {
	t.Parallel()
	own := &realmconfig.Endpoints{Token: "https://git.example.com/token"}
	for name, c := range map[string]struct {
		provider realmconfig.Provider
		token    string
	}{
		"GitHub":                {realmconfig.Provider{Type: realmconfig.GitHub}, "https://github.com/login/oauth/access_token"},
		"an Enterprise server":  {realmconfig.Provider{Type: realmconfig.GitHub, Endpoints: own}, own.Token},
		"an OAuth 2.0 server":   {realmconfig.Provider{Type: realmconfig.OAuth2, Endpoints: own}, own.Token},
		"one that says nothing": {realmconfig.Provider{Type: realmconfig.OAuth2}, ""},
	} {
		if got := discovery.Stated(c.provider).Token; got != c.token || discovery.Issuer(c.provider) != "" {
			t.Errorf("%s: token endpoint %q, issuer %q", name, got, discovery.Issuer(c.provider))
		}
	}
}

func FuzzKeySet(f *testing.F) {
	f.Add([]byte(`{"keys": [{"kty": "EC", "crv": "P-256", "kid": "a", "x": "x", "y": "y"}, {"kty": "oct", "k": "c2VjcmV0"}, null, 1]}`))
	f.Add([]byte(`{"keys": {"kty": "RSA"}}`))
	f.Fuzz(func(t *testing.T, document []byte) {
		keys, _ := discovery.Keys(document)
		for _, key := range keys {
			if !key.IsPublic() || !key.Valid() {
				t.Errorf("%s yields a key that is not a good public one", document)
			}
		}
	})
}

func FuzzDocument(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte(`{"issuer": {}}`))
	ours := realmconfig.Provider{Type: realmconfig.OIDC, Issuer: "https://id.example.com"}
	f.Fuzz(func(t *testing.T, document []byte) {
		d, err := discovery.Parse(ours, document)
		if err == nil && (d.Issuer != ours.Issuer || !strings.HasPrefix(d.Token, "https://") || !strings.HasPrefix(d.JWKS, "https://")) {
			t.Errorf("%s is taken for %+v", document, d)
		}
	})
}
