// SPDX-License-Identifier: Apache-2.0

package dpop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// signed is a proof of a new key, which is called so.
func signed(t testing.TB) (text, key string) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	public, err := realmconfig.NewJWK(private.Public())
	if err != nil {
		t.Fatal(err)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodES256, jwt.MapClaims{"jti": "1", "htm": "POST", "htu": "https://auth.example.com/oauth2/token", "iat": 1796040000})
	token.Header["typ"], token.Header["jwk"] = "dpop+jwt", map[string]any{"kty": public.Kty, "crv": public.Crv, "x": public.X, "y": public.Y}
	text, err = token.SignedString(private)
	if err != nil {
		t.Fatal(err)
	}
	return text, public.KID
}

func TestAProofIsReadAsItWasSigned(t *testing.T) {
	t.Parallel()
	text, key := signed(t)
	p, err := parse([]string{text})
	if err != nil || p.key != key || p.ID != "1" || p.Method != "POST" || p.issuedAt.Unix() != 1796040000 || !IsThumbprint(p.key) {
		t.Errorf("read %+v, %v", p, err)
	}
	other, _ := signed(t)
	if q, err := parse([]string{other}); err != nil || p.name() == q.name() {
		t.Errorf("proofs of two keys have one name, or %v", err)
	}
}

// Whatever is sent is refused in our words, or is what its key has signed.
func FuzzParse(f *testing.F) {
	text, key := signed(f)
	f.Add(text)
	f.Add("")
	f.Add("..")
	f.Add(strings.Repeat("a", maxProof+1))
	for _, header := range []string{
		`{"alg":"none","typ":"dpop+jwt","jwk":{}}`, `{"alg":"HS256","typ":"dpop+jwt","jwk":{"kty":"oct","k":"AA"}}`,
		`{"alg":"ES256","typ":"dpop+jwt","jwk":{"kty":"EC","crv":"P-256","x":"AA","y":"AA","d":"AA"}}`,
		`{"alg":"RS256","typ":"dpop+jwt","jwk":{"kty":"RSA","n":"AQ","e":"AQAB"},"crit":["b64"],"b64":false}`,
		`{"alg":"EdDSA","typ":"dpop+jwt","jwk":{"kty":"OKP","crv":"Ed25519","x":""}}`, `{"alg":"ES256","typ":1,"jwk":null}`, `[]`, `{`,
	} {
		f.Add(base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(`{"jti":"1","iat":1e400}`)) + ".AA")
	}
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parse([]string{text})
		refusal := (*Refusal)(nil)
		switch {
		case err == nil && (p.key != key && len(p.key) != 43 || p.ID == "" || p.issuedAt.IsZero()):
			t.Errorf("read %+v", p)
		case err != nil && (!errors.As(err, &refusal) || refusal.Description == ""):
			t.Errorf("refused with %v", err)
		}
	})
}

func TestTargetsAreComparedInOneForm(t *testing.T) {
	t.Parallel()
	for a, b := range map[string]string{
		"https://a.example": "https://A.example:443/", "http://a.example:80/x": "HTTP://a.example/x?y#z", "https://a.example/%7ex/%c3%a4": "https://a.example/~x/%C3%A4",
		"https://a.example/ä": "https://a.example/%C3%A4", "https://[::1]:8443/x": "https://[::1]:8443/x",
	} {
		one, ok := targetOf(a)
		other, too := targetOf(b)
		if !ok || !too || one != other {
			t.Errorf("%s is %s, %s is %s", a, one, b, other)
		}
	}
	for a, b := range map[string]string{
		"https://a.example/a/b": "https://a.example/a%2Fb", "https://a.example/x": "http://a.example/x", "https://a.example/": "https://a.example:8443/",
		"https://a.example/X": "https://a.example/x", "https://a.example/x/": "https://a.example/x", "https://a.example/%25": "https://a.example/%2525",
	} {
		one, ok := targetOf(a)
		other, too := targetOf(b)
		if !ok || !too || one == other {
			t.Errorf("%s and %s are both %s", a, b, one)
		}
	}
	for _, none := range []string{"", "/x", "a.example/x", "https:///x", "https:x", "ftp://a.example/", "https://u@a.example/", "https://a.example/%", "https://a.example/%zz", "https://a example/"} {
		if form, ok := targetOf(none); ok {
			t.Errorf("%q is %s", none, form)
		}
	}
}

func FuzzTarget(f *testing.F) {
	for _, seed := range []string{"https://a.example/%7e/%2f?x#y", "http://[::1]:80/", "https://a/%", "x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		form, ok := targetOf(raw)
		if !ok {
			return
		}
		if again, still := targetOf(form); !still || again != form {
			t.Errorf("%q is %q, which is %q, %t", raw, form, again, still)
		}
	})
}

func TestThumbprints(t *testing.T) {
	t.Parallel()
	good := base64.RawURLEncoding.EncodeToString(make([]byte, 32))
	for text, want := range map[string]bool{good: true, good[1:]: false, good + "A": false, good[:42] + "=": false, good[:20] + "\n" + good[20:]: false, "": false} {
		if IsThumbprint(text) != want {
			t.Errorf("%q is one: %t", text, !want)
		}
	}
}
