// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// keyholder is whoever holds a key in a client, and shows that they do (RFC 9449).
type keyholder struct {
	s      *server
	signer crypto.Signer
	method jwt.SigningMethod
	// jwk is the public key, and thumbprint what it is called by.
	jwk        map[string]any
	thumbprint string
	// nonce is the last that the realm has told; empty before it has.
	nonce string
}

func (s *server) newKeyholder(method jwt.SigningMethod) *keyholder {
	s.t.Helper()
	family := map[string]realmconfig.Algorithm{"PS256": realmconfig.RS256}[method.Alg()]
	if family == "" {
		family = realmconfig.Algorithm(method.Alg())
	}
	signer, err := realmfolder.NewKey(family).Signer()
	if err != nil {
		s.t.Fatal(err)
	}
	public, err := realmconfig.NewJWK(signer.Public())
	if err != nil {
		s.t.Fatal(err)
	}
	h := &keyholder{s: s, signer: signer, method: method, jwk: map[string]any{}, thumbprint: public.KID}
	for name, value := range map[string]string{"kty": public.Kty, "crv": public.Crv, "x": public.X, "y": public.Y, "n": public.N, "e": public.E} {
		if value != "" {
			h.jwk[name] = value
		}
	}
	return h
}

// dpopProof is a proof before it is signed.
type dpopProof struct {
	header, claims map[string]any
	method         jwt.SigningMethod
	key            any
}

// proof is a good one of a request at the realm, changed. Access is the token that it is
// shown with; empty for none.
func (h *keyholder) proof(method, at, access string, change ...func(*dpopProof)) string {
	h.s.t.Helper()
	p := &dpopProof{
		header: map[string]any{"typ": "dpop+jwt", "alg": h.method.Alg(), "jwk": h.jwk},
		claims: map[string]any{"jti": rand.Text(), "htm": method, "htu": at, "iat": h.s.realm.Clock.Now().Unix()},
		method: h.method, key: h.signer,
	}
	if h.nonce != "" {
		p.claims["nonce"] = h.nonce
	}
	if access != "" {
		p.claims["ath"] = tokenHash(access)
	}
	for _, c := range change {
		c(p)
	}
	token := jwt.NewWithClaims(p.method, jwt.MapClaims(p.claims))
	token.Header = p.header
	signed, err := token.SignedString(p.key)
	if err != nil {
		h.s.t.Fatal(err)
	}
	return signed
}

func tokenHash(access string) string {
	sum := sha256.Sum256([]byte(access))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// claiming changes claims of a proof; nil takes one away.
func claiming(name string, value any) func(*dpopProof) {
	return func(p *dpopProof) {
		if value == nil {
			delete(p.claims, name)
			return
		}
		p.claims[name] = value
	}
}

// heard remembers the nonce of an answer.
func (h *keyholder) heard(a answer) answer {
	if nonce := a.Header.Get("DPoP-Nonce"); nonce != "" {
		h.nonce = nonce
	}
	return a
}

// prove asks an endpoint as the application does, with proofs.
func (a *relyingParty) prove(path string, values url.Values, proofs ...string) answer {
	a.s.t.Helper()
	r := a.request(path, values)
	for _, p := range proofs {
		r.Header.Add("DPoP", p)
	}
	return a.s.do(r)
}

// proven asks an endpoint as the application does that holds a key, and asks again where the
// realm wants its nonce.
func (a *relyingParty) proven(h *keyholder, path string, values url.Values) answer {
	a.s.t.Helper()
	got := h.heard(a.prove(path, values, h.proof(http.MethodPost, issuer+path, "")))
	if strings.Contains(got.Body, "use_dpop_nonce") {
		got = h.heard(a.prove(path, values, h.proof(http.MethodPost, issuer+path, "")))
	}
	return got
}

// shows asks for something with an access token, by a scheme and with proofs.
func (s *server) shows(path, scheme, access string, header http.Header, proofs ...string) answer {
	s.t.Helper()
	r := newRequest(s.t, http.MethodGet, path, nil)
	for name, values := range header {
		r.Header[name] = values
	}
	r.Header.Set("Authorization", scheme+" "+access)
	for _, p := range proofs {
		r.Header.Add("DPoP", p)
	}
	return s.do(r)
}

// newCurveKey is a key of a curve, and its JWK.
func newCurveKey(t testing.TB, curve elliptic.Curve) (*ecdsa.PrivateKey, map[string]any) {
	t.Helper()
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	point, err := key.PublicKey.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	half := (len(point) - 1) / 2
	encode := base64.RawURLEncoding.EncodeToString
	return key, map[string]any{"kty": "EC", "crv": curve.Params().Name, "x": encode(point[1 : 1+half]), "y": encode(point[1+half:])}
}
