// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"math/big"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

func TestProofsThatAreNone(t *testing.T) {
	t.Parallel()
	c := newWebClient(withItself)
	r := newRealmOfClients(t, c)
	r.Clock.Stop() // or a nonce could grow old meanwhile, and a clock be further off
	s := r.serve()
	a, h := s.newApplication(c), s.newKeyholder(jwt.SigningMethodES256)
	boundTo(t, a.proven(h, tokenPath, itself()), h.thumbprint)
	at := func(change ...func(*dpopProof)) []string {
		return []string{h.proof(http.MethodPost, issuer+tokenPath, "", change...)}
	}
	heads := func(name string, value any) func(*dpopProof) {
		return func(p *dpopProof) { p.header[name] = value }
	}
	curve, curveJWK := newCurveKey(t, elliptic.P384())
	small, err := rsa.GenerateKey(rand.Reader, 1024) //nolint:gosec // which must be refused
	if err != nil {
		t.Fatal(err)
	}
	encode := base64.RawURLEncoding.EncodeToString
	now := r.Clock.Now()
	good := at()[0]
	parts := strings.Split(good, ".")
	for name, proofs := range map[string][]string{
		"noise":                  {"noise"},
		"nothing":                {""},
		"three parts of nothing": {".."},
		"two headers":            append(at(), at()...),
		"two in one header":      {good + ", " + at()[0]},
		"no signature":           {parts[0] + "." + parts[1] + "."},
		"another signature":      {parts[0] + "." + parts[1] + "." + strings.Split(at()[0], ".")[2]},
		"other claims":           {parts[0] + "." + strings.Split(at()[0], ".")[1] + "." + parts[2]},
		"a huge one":             at(claiming("jti", strings.Repeat("j", 6<<10))),
		"no algorithm": at(func(p *dpopProof) {
			p.method, p.key = jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType
			p.header["alg"] = "none"
		}),
		"a secret": at(func(p *dpopProof) {
			p.method, p.key = jwt.SigningMethodHS256, []byte("secret")
			p.header["alg"] = "HS256"
			p.header["jwk"] = map[string]any{"kty": "oct", "k": encode([]byte("secret"))}
		}),
		"the public key as a secret": at(func(p *dpopProof) {
			p.method, p.key = jwt.SigningMethodHS256, []byte(h.thumbprint)
			p.header["alg"] = "HS256"
		}),
		"an algorithm of another key": at(heads("alg", "EdDSA")),
		"no key":                      at(func(p *dpopProof) { delete(p.header, "jwk") }),
		"a key by its name":           at(func(p *dpopProof) { delete(p.header, "jwk"); p.header["kid"] = h.thumbprint }),
		"another's key":               at(heads("jwk", s.newKeyholder(jwt.SigningMethodES256).jwk)),
		"a private key":               at(heads("jwk", withMember(h.jwk, "d", encode(make([]byte, 32))))),
		"a part of a private key":     at(heads("jwk", withMember(h.jwk, "p", encode(make([]byte, 32))))),
		"another curve": at(func(p *dpopProof) {
			p.method, p.key = jwt.SigningMethodES384, curve
			p.header["alg"], p.header["jwk"] = "ES384", curveJWK
		}),
		"a small key": at(func(p *dpopProof) {
			p.method, p.key = jwt.SigningMethodRS256, small
			p.header["alg"], p.header["jwk"] = "RS256", map[string]any{"kty": "RSA", "n": encode(small.N.Bytes()), "e": encode(big.NewInt(int64(small.E)).Bytes())}
		}),
		"another type":            at(heads("typ", "JWT")),
		"no type":                 at(func(p *dpopProof) { delete(p.header, "typ") }),
		"what nobody understands": at(heads("crit", []string{"x"})),
		"no jti":                  at(claiming("jti", nil)),
		"a jti that is no text":   at(claiming("jti", 1)),
		"no htm":                  at(claiming("htm", nil)),
		"another method":          at(claiming("htm", "GET")),
		"a method in small":       at(claiming("htm", "post")),
		"no htu":                  at(claiming("htu", nil)),
		"another address":         at(claiming("htu", userInfoAt)),
		"another scheme":          at(claiming("htu", "http://"+issuerHost+tokenPath)),
		"a user":                  at(claiming("htu", "https://x@"+issuerHost+tokenPath)),
		"no iat":                  at(claiming("iat", nil)),
		"an iat of text":          at(claiming("iat", "now")),
		"long ago":                at(claiming("iat", now.Add(-6*time.Minute).Unix())),
		"far ahead":               at(claiming("iat", now.Add(6*time.Minute).Unix())),
		"in no time":              at(claiming("iat", -1)),
	} {
		t.Log(name)
		refused(t, a.prove(tokenPath, itself(), proofs...), http.StatusBadRequest, "invalid_dpop_proof")
	}
	for name, change := range map[string]func(*dpopProof){
		"a query and a fragment": claiming("htu", issuer+tokenPath+"?a=b#c"), "a port that goes without saying": claiming("htu", "https://"+issuerHost+":443"+tokenPath),
		"a host in capitals": claiming("htu", "HTTPS://"+strings.ToUpper(issuerHost)+tokenPath), "a clock that is minutes off": claiming("iat", now.Add(-4*time.Minute).Unix()),
		"more than is needed": claiming("x", "y"),
	} {
		t.Log(name)
		boundTo(t, h.heard(a.prove(tokenPath, itself(), at(change)...)), h.thumbprint)
	}
	shown := at()
	boundTo(t, a.prove(tokenPath, itself(), shown...), h.thumbprint)
	refused(t, a.prove(tokenPath, itself(), shown...), http.StatusBadRequest, "invalid_dpop_proof")
	r.Clock.Advance(5 * time.Minute)
	stale := a.prove(tokenPath, itself(), at()...)
	refused(t, stale, http.StatusBadRequest, "use_dpop_nonce")
	if stale.Header.Get("DPoP-Nonce") == "" {
		t.Error("no nonce is told")
	}
	boundTo(t, a.proven(h, tokenPath, itself()), h.thumbprint)
}

// withMember is a copy of a JSON object with one member more.
func withMember(object map[string]any, name string, value any) map[string]any {
	more := map[string]any{name: value}
	for n, v := range object {
		more[n] = v
	}
	return more
}
