// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// show asks for a token with an assertion.
func (s *server) show(assertion string) answer {
	s.t.Helper()
	return s.do(newFormRequest(s.t, tokenPath, url.Values{
		"grant_type": {"client_credentials"}, "client_assertion_type": {jwtBearer}, "client_assertion": {assertion},
	}.Encode()))
}

func TestAnAssertionWorksOnce(t *testing.T) {
	t.Parallel()
	client := newOAuthClient("web", byKey)
	r := newRealmWithClients(t, client)
	s := r.serve()
	other := r.serve()
	assertion := client.assertion(t, nil)
	const callers = 50
	answers := race.Answers(callers, func(i int) answer {
		if i%2 == 0 {
			return other.show(assertion)
		}
		return s.show(assertion)
	})
	won := 0
	for _, a := range answers {
		if a.Status == http.StatusOK {
			won++
			suite.secrets.used(decode[clientTokens](t, a, http.StatusOK).Access)
			continue
		}
		s.refuses(a, http.StatusUnauthorized, "invalid_client")
	}
	if won != 1 {
		t.Errorf("%d of %d callers with one assertion were given a token", won, callers)
	}
	// Its jti is used up for the client, whatever else another assertion says.
	again := client.assertion(t, map[string]any{"jti": "the same"})
	if a := s.show(again); a.Status != http.StatusOK {
		t.Errorf("another assertion is answered %d %s", a.Status, a.Body)
	}
	s.refuses(s.show(client.assertion(t, map[string]any{"jti": "the same", "color": "blue"})), http.StatusUnauthorized, "invalid_client")
}

func TestForgedAssertionsAreRefused(t *testing.T) {
	t.Parallel()
	client, other := newOAuthClient("web", byKey), newOAuthClient("other", byKey)
	r := newRealmWithClients(t, client, other)
	r.Clock.Stop()
	s, now := r.serve(), r.Clock.Now()
	claims := func() jwt.MapClaims {
		return jwt.MapClaims{"iss": client.ID, "sub": client.ID, "aud": issuer, "jti": rand.Text(), "exp": now.Add(time.Minute).Unix()}
	}
	sign := func(method jwt.SigningMethod, key any) string {
		t.Helper()
		signed, err := jwt.NewWithClaims(method, claims()).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	public, err := x509.MarshalPKIXPublicKey(client.key.Public())
	if err != nil {
		t.Fatal(err)
	}
	withKid := func(kid string) string {
		token := jwt.NewWithClaims(jwt.SigningMethodES256, claims())
		token.Header["kid"] = kid
		signed, err := token.SignedString(client.key)
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	changed := func(name string, value any) string { return client.assertion(t, map[string]any{name: value}) }
	rsaKey := signerOf(t, realmfolder.NewKey(realmconfig.RS256))
	for name, assertion := range map[string]string{
		"signed by another client":          sign(jwt.SigningMethodES256, other.key),
		"unsigned":                          sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType),
		"HS256 with the key as PEM":         sign(jwt.SigningMethodHS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public})),
		"HS256 with the key as JWKS":        sign(jwt.SigningMethodHS256, []byte(client.JWKS)),
		"HS256 with no key":                 sign(jwt.SigningMethodHS256, []byte{}),
		"RS256 by a foreign key":            sign(jwt.SigningMethodRS256, rsaKey),
		"of an unknown kid":                 withKid("../../dev/null"),
		"noise":                             marker,
		"three parts of noise":              marker + ".b.c",
		"of another issuer":                 changed("iss", other.ID),
		"without an issuer":                 changed("iss", nil),
		"of another subject":                changed("sub", other.ID),
		"of nobody":                         changed("sub", nil),
		"for another server":                changed("aud", "https://evil.example"),
		"for us and another server":         changed("aud", []string{issuer, "https://evil.example"}),
		"for nobody":                        changed("aud", nil),
		"for an empty list":                 changed("aud", []string{}),
		"for a number":                      changed("aud", 7),
		"for the API":                       changed("aud", audience),
		"without an expiry":                 changed("exp", nil),
		"with a text as expiry":             changed("exp", "tomorrow"),
		"with an expiry beyond all numbers": changed("exp", 1e300),
		"expired":                           changed("exp", now.Add(-time.Minute).Unix()),
		"that lives for a day":              changed("exp", now.Add(24*time.Hour).Unix()),
		"not valid yet":                     changed("nbf", now.Add(time.Hour).Unix()),
		"issued in the future":              changed("iat", now.Add(time.Hour).Unix()),
		"without a jti":                     changed("jti", nil),
		"with an empty jti":                 changed("jti", ""),
		"with a number as jti":              changed("jti", 7),
	} {
		t.Run(name, func(t *testing.T) {
			suite.secrets.used(assertion)
			s.refuses(s.show(assertion), http.StatusUnauthorized, "invalid_client")
		})
	}
	for name, good := range map[string]string{
		"for the token endpoint":      changed("aud", issuer+tokenPath),
		"for a list of us":            changed("aud", []string{issuer, issuer + tokenPath}),
		"by a clock that is behind":   changed("exp", now.Add(-20*time.Second).Unix()),
		"by a clock that is ahead":    changed("nbf", now.Add(20*time.Second).Unix()),
		"with fractions of a second":  changed("exp", float64(now.Add(time.Minute).UnixMilli())/1000),
		"with claims that nobody has": changed("color", "blue"),
	} {
		a := s.show(good)
		if a.Status != http.StatusOK {
			t.Errorf("%s: answered %d %s", name, a.Status, a.Body)
			continue
		}
		suite.secrets.used(decode[clientTokens](t, a, http.StatusOK).Access)
	}
}

func signerOf(t testing.TB, k realmconfig.Key) crypto.Signer {
	t.Helper()
	signer, err := k.Signer()
	if err != nil {
		t.Fatal(err)
	}
	return signer
}
