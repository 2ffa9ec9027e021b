// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"maps"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// forger makes tokens that are like a genuine one but for one thing.
type forger struct {
	t       *testing.T
	key     realmconfig.Key
	genuine map[string]any
	// others is a key of the realm that signs other tokens than access tokens.
	others realmconfig.Key
}

type forgery struct {
	token, code string
	// unforgeable is set where only a holder of our key could make it.
	unforgeable bool
}

// forger makes tokens like a genuine one of the realm.
func (s *server) forger(genuine string) forger {
	s.t.Helper()
	others, found := s.realm.Keyset.Family(realmconfig.RS256)
	if !found {
		s.t.Fatal("the realm has no key for ID tokens")
	}
	return forger{s.t, s.realm.AccessKeys()[0], claimsOf(s.t, genuine), others.Keys[0]}
}

// forged are tokens that no route may take, with the code that each deserves.
func (f forger) forged() map[string]forgery {
	key := f.signer(f.key)
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		f.t.Fatal(err)
	}
	jwk, err := realmconfig.NewJWK(key.Public())
	if err != nil {
		f.t.Fatal(err)
	}
	jwkDocument, err := json.Marshal(jwk)
	if err != nil {
		f.t.Fatal(err)
	}
	foreign := f.signer(realmfolder.NewKey(realmconfig.ES256))
	genuine := f.sign(jwt.SigningMethodES256, key, nil, nil)
	parts := strings.Split(genuine, ".")
	claim := func(name string, value any) string {
		return f.sign(jwt.SigningMethodES256, key, nil, map[string]any{name: value})
	}
	head := func(name string, value any) string {
		return f.sign(jwt.SigningMethodES256, key, map[string]any{name: value}, nil)
	}
	const expired, invalid = "token_expired", "token_invalid"
	return map[string]forgery{
		"expired":                      {token: claim("exp", time.Now().Add(-time.Minute).Unix()), code: expired},
		"not valid yet":                {token: claim("nbf", time.Now().Add(time.Hour).Unix()), code: invalid},
		"without an expiry":            {token: claim("exp", nil), code: invalid},
		"with a text as expiry":        {token: claim("exp", marker), code: invalid},
		"of another issuer":            {token: claim("iss", "https://evil.example"), code: invalid},
		"for another audience":         {token: claim("aud", "https://other.example"), code: invalid},
		"without an audience":          {token: claim("aud", nil), code: invalid},
		"of another type":              {token: head("typ", "JWT"), code: invalid},
		"of an ID token's type":        {token: head("typ", "id_token"), code: invalid},
		"of a wrong kid":               {token: head("kid", marker), code: invalid},
		"of a kid that is a path":      {token: head("kid", "../../../dev/null"), code: invalid},
		"of a kid that is SQL":         {token: head("kid", "' UNION SELECT '"+marker), code: invalid},
		"of a kid that is a number":    {token: head("kid", 1), code: invalid},
		"of no kid":                    {token: head("kid", nil), code: invalid},
		"with its own key":             {token: f.sign(jwt.SigningMethodES256, foreign, map[string]any{"jwk": jwk}, nil), code: invalid},
		"by a foreign key":             {token: f.sign(jwt.SigningMethodES256, foreign, nil, nil), code: invalid},
		"unsigned":                     {token: f.sign(jwt.SigningMethodNone, jwt.UnsafeAllowNoneSignatureType, nil, nil), code: invalid},
		"unsigned in other letters":    {token: f.unsigned("nOnE"), code: invalid},
		"of an unknown algorithm":      {token: f.unsigned(marker), code: invalid},
		"HS256 with the key as PEM":    {token: f.sign(jwt.SigningMethodHS256, pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}), nil, nil), code: invalid},
		"HS256 with the key as DER":    {token: f.sign(jwt.SigningMethodHS256, public, nil, nil), code: invalid},
		"HS256 with the key as JWK":    {token: f.sign(jwt.SigningMethodHS256, jwkDocument, nil, nil), code: invalid},
		"HS256 with no key":            {token: f.sign(jwt.SigningMethodHS256, []byte{}, nil, nil), code: invalid},
		"RS256 by a foreign key":       {token: f.sign(jwt.SigningMethodRS256, f.signer(realmfolder.NewKey(realmconfig.RS256)), nil, nil), code: invalid},
		"by a key of other tokens":     {token: f.sign(jwt.SigningMethodRS256, f.signer(f.others), map[string]any{"kid": f.others.KID}, nil), code: invalid},
		"that is an ID token":          {token: f.sign(jwt.SigningMethodRS256, f.signer(f.others), map[string]any{"kid": f.others.KID, "typ": "JWT"}, nil), code: invalid},
		"by its key, as RS256":         {token: f.sign(jwt.SigningMethodRS256, f.signer(f.others), nil, nil), code: invalid},
		"with other claims":            {token: parts[0] + "." + f.segment(f.claims(map[string]any{"role": "admin", "sub": marker})) + "." + parts[2], code: invalid},
		"with half a signature":        {token: genuine[:len(genuine)-40], code: invalid},
		"without a signature":          {token: parts[0] + "." + parts[1] + ".", code: invalid},
		"of two parts":                 {token: parts[0] + "." + parts[1], code: invalid},
		"of four parts":                {token: genuine + "." + parts[2], code: invalid},
		"padded":                       {token: genuine + "=", code: invalid},
		"that is noise":                {token: marker, code: invalid},
		"that is very long":            {token: strings.Repeat("A", 8000) + "." + strings.Repeat("A", 8000) + ".A", code: invalid},
		"that is a refresh token":      {token: "rkr_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", code: invalid},
		"of a session that is no UUID": {token: claim("sid", "'; --"+marker), code: invalid, unforgeable: true},
		"of a user that is no UUID":    {token: claim("sub", "'; --"+marker), code: invalid, unforgeable: true},
		"of a session nobody opened":   {token: claim("sid", "0198c9c4-6f0a-7c3e-9b1d-2f5a8e7d4c10"), code: invalid, unforgeable: true},
		"with an object as session":    {token: claim("sid", map[string]any{"role": strings.Repeat("admin", 500)}), code: invalid},
	}
}

func (f forger) signer(k realmconfig.Key) crypto.Signer {
	f.t.Helper()
	signer, err := k.Signer()
	if err != nil {
		f.t.Fatal(err)
	}
	return signer
}

// claims are the genuine ones but for changes; nil takes one away.
func (f forger) claims(changes map[string]any) map[string]any {
	claims := maps.Clone(f.genuine)
	maps.Copy(claims, changes)
	maps.DeleteFunc(claims, func(_ string, v any) bool { return v == nil })
	return claims
}

func (f forger) sign(method jwt.SigningMethod, key any, header, claims map[string]any) string {
	f.t.Helper()
	token := jwt.NewWithClaims(method, jwt.MapClaims(f.claims(claims)))
	token.Header["kid"], token.Header["typ"] = f.key.KID, "at+jwt"
	maps.Copy(token.Header, header)
	maps.DeleteFunc(token.Header, func(_ string, v any) bool { return v == nil })
	signed, err := token.SignedString(key)
	if err != nil {
		f.t.Fatal(err)
	}
	return signed
}

func (f forger) unsigned(algorithm string) string {
	header := map[string]any{"alg": algorithm, "kid": f.key.KID, "typ": "at+jwt"}
	return f.segment(header) + "." + f.segment(f.genuine) + "."
}

func (f forger) segment(part map[string]any) string {
	f.t.Helper()
	document, err := json.Marshal(part)
	if err != nil {
		f.t.Fatal(err)
	}
	return base64.RawURLEncoding.EncodeToString(document)
}

func TestEveryRouteRefusesForgedTokens(t *testing.T) {
	t.Parallel()
	s := hostileRealm(t)
	suite.secrets.used(marker)
	access, other := s.login().Access, s.login().Access
	f := s.forger(access)
	forged := f.forged()
	for _, c := range forged {
		suite.secrets.used(c.token)
	}
	for _, op := range s.described() {
		if !op.bearer {
			continue
		}
		for name, c := range forged {
			if c.unforgeable && (op.path == "/api/auth/verify" || op.path == "/api/auth/logout") {
				continue // the one asks no store, to the other such a session is over
			}
			op.answers(t, s, name, "Bearer "+c.token, c.code)
		}
		for name, header := range map[string]string{
			"another scheme": "Basic " + base64.StdEncoding.EncodeToString([]byte("admin:"+marker)),
			"no token":       "Bearer ",
			"two tokens":     "Bearer " + access + ", Bearer " + access,
			"no scheme":      access,
		} {
			op.answers(t, s, name, header, "token_invalid")
		}
	}
	if a := s.profile(other); a.Status != http.StatusOK {
		t.Errorf("a genuine token is answered %d %s", a.Status, a.Body)
	}
}

// answers sends a request that is in order but for its Authorization.
func (o operation) answers(t *testing.T, s *server, name, authorization, code string) {
	t.Helper()
	body := any(nil)
	if o.body {
		body = o.sample(nil)
	}
	r := newRequest(t, o.method, o.address("", ""), body)
	r.Header.Set("Authorization", authorization)
	a := s.do(r)
	if a.Status != http.StatusUnauthorized || a.Problem.Code != code {
		t.Errorf("%s %s with a token %s: answered %d %s, want %s", o.method, o.path, name, a.Status, a.Body, code)
	}
	if !strings.Contains(a.Header.Get("WWW-Authenticate"), `error="invalid_token"`) {
		t.Errorf("%s %s with a token %s: challenge is %q", o.method, o.path, name, a.Header.Get("WWW-Authenticate"))
	}
	if strings.Contains(a.Body, marker) {
		t.Errorf("%s %s with a token %s: the answer quotes it: %s", o.method, o.path, name, a.Body)
	}
}
