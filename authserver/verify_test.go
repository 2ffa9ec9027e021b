// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// A foreign verifier is given nothing but the issuer.
func TestTokensVerifyFromDiscoveryAlone(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		issuer    string
		algorithm realmconfig.Algorithm
	}{
		"ES256":                 {issuer, realmconfig.ES256},
		"RS256":                 {issuer, realmconfig.RS256},
		"EdDSA":                 {issuer, realmconfig.EdDSA},
		"an issuer with a path": {issuer + "/realms/one", realmconfig.ES256},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealm(t)
			r.Config.Issuer = c.issuer
			r.Keyset = realmfolder.Keyset(realmfolder.NewKey(c.algorithm))
			r.Update()
			s := r.serve()
			session := s.login()

			ctx := oidc.ClientContext(t.Context(), s.HTTP)
			provider, err := oidc.NewProvider(ctx, c.issuer)
			if err != nil {
				t.Fatal(err)
			}
			token, err := provider.VerifierContext(ctx, &oidc.Config{ClientID: audience}).Verify(ctx, session.Access)
			if err != nil {
				t.Fatal(err)
			}
			if token.Subject == "" || token.Issuer != c.issuer {
				t.Errorf("token is %+v", token)
			}
			if a := s.profile(session.Access); a.Status != http.StatusOK {
				t.Errorf("profile answered %d %s", a.Status, a.Body)
			}
		})
	}
}

func TestAccessTokenClaims(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	access := r.serve().login().Access
	claims := claimsOf(t, access)
	for _, name := range []string{"sub", "email", "role", "iat", "exp", "iss", "aud", "jti", "sid"} {
		if claims[name] == nil {
			t.Errorf("claim %s is missing", name)
		}
	}
	header := map[string]string{}
	if err := json.Unmarshal(part(t, access, 0), &header); err != nil {
		t.Fatal(err)
	}
	if header["typ"] != "at+jwt" || header["kid"] != r.AccessKeys()[0].KID || header["alg"] != "ES256" {
		t.Errorf("header is %v", header)
	}
}

func TestForgedTokensAreInvalid(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	pending := realmfolder.NewKey(realmconfig.ES256)
	pending.SignFrom = nil
	r.Keyset = realmfolder.Keyset(r.AccessKeys()[0], pending)
	r.Update()
	s := r.serve()
	genuine := claimsOf(t, s.login().Access)
	key, foreign := r.AccessKeys()[0], realmfolder.NewKey(realmconfig.ES256)
	rsa := realmfolder.NewKey(realmconfig.RS256)

	cases := map[string]struct {
		method jwt.SigningMethod
		signer realmconfig.Key
		change func(header, claims map[string]any)
		code   string
	}{
		"a genuine one":          {change: func(_, _ map[string]any) {}},
		"by a pending key":       {signer: pending, change: func(h, _ map[string]any) { h["kid"] = pending.KID }},
		"expired":                {change: func(_, c map[string]any) { c["exp"] = time.Now().Add(-time.Minute).Unix() }, code: "token_expired"},
		"expired, wrong issuer":  {change: func(_, c map[string]any) { c["exp"] = 1; c["iss"] = "https://evil.example" }, code: "token_invalid"},
		"expired, wrong type":    {change: func(h, c map[string]any) { c["exp"] = 1; h["typ"] = "JWT" }, code: "token_invalid"},
		"without expiry":         {change: func(_, c map[string]any) { delete(c, "exp") }, code: "token_invalid"},
		"for another audience":   {change: func(_, c map[string]any) { c["aud"] = "https://other.example" }, code: "token_invalid"},
		"of another type":        {change: func(h, _ map[string]any) { h["typ"] = "JWT" }, code: "token_invalid"},
		"without a session":      {change: func(_, c map[string]any) { delete(c, "sid") }, code: "token_invalid"},
		"by a foreign key":       {signer: foreign, change: func(_, _ map[string]any) {}, code: "token_invalid"},
		"by a foreign key's kid": {signer: foreign, change: func(h, _ map[string]any) { h["kid"] = foreign.KID }, code: "token_invalid"},
		"by another algorithm":   {signer: rsa, method: jwt.SigningMethodRS256, change: func(_, _ map[string]any) {}, code: "token_invalid"},
		"of an unknown session":  {change: func(_, c map[string]any) { c["sid"] = "not-a-session" }, code: "token_invalid"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			if c.method == nil {
				c.method = jwt.SigningMethodES256
			}
			if c.signer.KID == "" {
				c.signer = key
			}
			claims := jwt.MapClaims{}
			for k, v := range genuine {
				claims[k] = v
			}
			token := jwt.NewWithClaims(c.method, claims)
			token.Header["kid"], token.Header["typ"] = key.KID, "at+jwt"
			c.change(token.Header, claims)
			signer, err := c.signer.Signer()
			if err != nil {
				t.Fatal(err)
			}
			signed, err := token.SignedString(signer)
			if err != nil {
				t.Fatal(err)
			}
			a := s.profile(signed)
			if c.code == "" {
				if a.Status != http.StatusOK {
					t.Errorf("answered %d %s", a.Status, a.Body)
				}
				return
			}
			a.Expect(t, http.StatusUnauthorized, c.code)
			if challenge := a.Header.Get("WWW-Authenticate"); !strings.Contains(challenge, `error="invalid_token"`) {
				t.Errorf("challenge is %q", challenge)
			}
		})
	}
	t.Run("unsigned", func(t *testing.T) {
		token := jwt.NewWithClaims(jwt.SigningMethodNone, jwt.MapClaims(genuine))
		token.Header["kid"], token.Header["typ"] = key.KID, "at+jwt"
		unsigned, err := token.SignedString(jwt.UnsafeAllowNoneSignatureType)
		if err != nil {
			t.Fatal(err)
		}
		s.profile(unsigned).Expect(t, http.StatusUnauthorized, "token_invalid")
	})
}

func TestKeysAreCacheable(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	get := newRequest(t, http.MethodGet, "/.well-known/jwks.json", nil)
	first := s.do(get)
	if got := first.Header.Get("Cache-Control"); first.Status != http.StatusOK || got != "public, max-age=300" {
		t.Errorf("keys answered %d, cacheable as %q", first.Status, got)
	}
	if strings.Contains(first.Body, `"d"`) {
		t.Error("a private key is published")
	}
	published := struct{ Keys []realmconfig.JWK }{}
	if err := json.Unmarshal([]byte(first.Body), &published); err != nil {
		t.Fatal(err)
	}
	algorithms := map[realmconfig.Algorithm]bool{}
	for _, k := range published.Keys {
		algorithms[k.Alg] = k.KID != "" && k.Use == "sig"
	}
	if len(published.Keys) != 2 || !algorithms[realmconfig.ES256] || !algorithms[realmconfig.RS256] {
		t.Errorf("published are %s", first.Body)
	}
	get.Header.Set("If-None-Match", first.Header.Get("ETag"))
	if again := s.do(get); again.Status != http.StatusNotModified {
		t.Errorf("unchanged keys answered %d", again.Status)
	}
}
