// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// upstream is a scripted provider: it signs everybody in as the same person,
// and misbehaves on demand. It speaks OpenID Connect, plain OAuth 2.0 and
// GitHub's dialect.
type upstream struct {
	t      testing.TB
	server *httptest.Server

	mu    sync.Mutex
	key   realmconfig.Key
	keys  []realmconfig.Key // that it publishes
	codes map[string]url.Values
	asked map[string]int
	last  url.Values // that a browser brought
	// claims are of the person who signs in.
	claims map[string]any
	// addresses are what GitHub's list says.
	addresses []map[string]any
	// forge changes an ID token before it is signed.
	forge func(token *jwt.Token, claims jwt.MapClaims)
	// instead answers for a path.
	instead map[string]http.HandlerFunc
	// answer changes the redirect that goes back to the client.
	answer func(query url.Values)
	// signUserInfo makes UserInfo responses JWTs, as it changes them.
	signUserInfo func(token *jwt.Token, claims jwt.MapClaims)
	// metadata changes the discovery document.
	metadata func(document map[string]any)
}

const upstreamSecret = "secret of the client at the provider"

func newUpstream(t testing.TB) *upstream {
	t.Helper()
	key := realmfolder.NewKey(realmconfig.ES256)
	u := &upstream{
		t: t, key: key, keys: []realmconfig.Key{key}, codes: map[string]url.Values{}, asked: map[string]int{},
		claims: map[string]any{
			"sub": "subject-1", "id": 4711, "login": "bob", "email": "Bob@Example.com", "email_verified": true, "name": "Bob",
		},
		addresses: []map[string]any{
			{"email": "old@example.com", "verified": true, "primary": false},
			{"email": "bob@example.com", "verified": true, "primary": true},
		},
		instead: map[string]http.HandlerFunc{},
	}
	suite.secrets.used("bob@example.com", "Bob@Example.com")
	u.server = httptest.NewServer(http.HandlerFunc(u.serve))
	t.Cleanup(u.server.Close)
	return u
}

// provider is what a realm knows of it.
func (u *upstream) provider(name string, kind realmconfig.ProviderType) realmconfig.Provider {
	p := realmconfig.Provider{
		Name: name, DisplayName: name, Type: kind, ClientID: "client",
		SignUp: true, LinkByEmail: true, AllowPrivateNetworks: true,
	}
	switch kind {
	case realmconfig.GitHub, realmconfig.OAuth2:
		p.Endpoints = &realmconfig.Endpoints{
			Authorization: u.server.URL + "/authorize", Token: u.server.URL + "/token", UserInfo: u.server.URL + "/user",
		}
	default:
		p.Issuer = u.server.URL
	}
	return p
}

// script changes what it does next.
func (u *upstream) script(change func()) {
	u.mu.Lock()
	defer u.mu.Unlock()
	change()
}

func (u *upstream) count(path string) int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.asked[path]
}

func (u *upstream) lastAsked() url.Values {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.last
}

func (u *upstream) serve(w http.ResponseWriter, r *http.Request) {
	u.mu.Lock()
	u.asked[r.URL.Path]++
	instead := u.instead[r.URL.Path]
	u.mu.Unlock()
	if instead != nil {
		instead(w, r)
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	switch r.URL.Path {
	case "/.well-known/openid-configuration":
		document := map[string]any{
			"issuer": u.server.URL, "authorization_endpoint": u.server.URL + "/authorize",
			"token_endpoint": u.server.URL + "/token", "userinfo_endpoint": u.server.URL + "/userinfo",
			"jwks_uri": u.server.URL + "/keys", "id_token_signing_alg_values_supported": []string{"ES256", "RS256", "none", "HS256"},
		}
		if u.metadata != nil {
			u.metadata(document)
		}
		reply(w, http.StatusOK, document)
	case "/authorize":
		u.authorize(w, r)
	case "/token":
		u.token(w, r)
	case "/keys":
		set := []realmconfig.JWK{}
		for _, key := range u.keys {
			set = append(set, publicOf(u.t, key))
		}
		reply(w, http.StatusOK, map[string]any{"keys": set})
	case "/userinfo", "/user", "/user/emails":
		if r.Header.Get("Authorization") != "Bearer token-of-upstream" {
			reply(w, http.StatusUnauthorized, nil)
			return
		}
		if r.URL.Path == "/user/emails" {
			reply(w, http.StatusOK, u.addresses)
			return
		}
		if u.signUserInfo != nil && r.URL.Path == "/userinfo" {
			w.Header().Set("Content-Type", "application/jwt")
			_, _ = w.Write([]byte(u.signed(jwt.MapClaims{"iss": u.server.URL, "aud": "client"}, u.signUserInfo)))
			return
		}
		reply(w, http.StatusOK, u.claims)
	default:
		http.NotFound(w, r)
	}
}

func reply(w http.ResponseWriter, status int, document any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(document)
}

func publicOf(t testing.TB, key realmconfig.Key) realmconfig.JWK {
	signer, err := key.Signer()
	if err != nil {
		t.Fatal(err)
	}
	public, err := realmconfig.NewJWK(signer.Public())
	if err != nil {
		t.Fatal(err)
	}
	return public
}

func (u *upstream) authorize(w http.ResponseWriter, r *http.Request) {
	asked, code := r.URL.Query(), rand.Text()
	if asked.Get("code_challenge_method") != "S256" || asked.Get("client_id") != "client" || asked.Get("response_type") != "code" {
		reply(w, http.StatusBadRequest, nil)
		return
	}
	u.codes[code], u.last = asked, asked
	back := url.Values{"code": {code}, "state": {asked.Get("state")}, "scope": {"more than was asked for"}}
	suite.secrets.used(code, asked.Get("state"), asked.Get("nonce"))
	if u.answer != nil {
		u.answer(back)
	}
	if asked.Get("response_mode") == "form_post" {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = fmt.Fprintf(w, `<!doctype html><title>Provider</title><form method="post" action="%s">`, asked.Get("redirect_uri")) //nolint:gosec // a test's own address
		for name := range back {
			_, _ = fmt.Fprintf(w, `<input type="hidden" name="%s" value="%s">`, name, html.EscapeString(back.Get(name)))
		}
		_, _ = w.Write([]byte(`</form><script>document.forms[0].submit()</script>`))
		return
	}
	http.Redirect(w, r, asked.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

func (u *upstream) token(w http.ResponseWriter, r *http.Request) {
	id, secret, header := r.BasicAuth()
	if header {
		secret, _ = url.QueryUnescape(secret)
	} else {
		id, secret = r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	}
	if id != "client" || secret != upstreamSecret {
		reply(w, http.StatusUnauthorized, map[string]string{"error": "invalid_client"})
		return
	}
	asked, known := u.codes[r.PostFormValue("code")]
	delete(u.codes, r.PostFormValue("code"))
	verifier := r.PostFormValue("code_verifier")
	suite.secrets.used(verifier)
	sum := sha256.Sum256([]byte(verifier))
	if !known || base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge") ||
		r.PostFormValue("redirect_uri") != asked.Get("redirect_uri") {
		reply(w, http.StatusBadRequest, map[string]string{"error": "invalid_grant", "error_description": r.PostFormValue("code")})
		return
	}
	answer := map[string]any{"access_token": "token-of-upstream", "token_type": "Bearer"}
	if strings.Contains(asked.Get("scope"), "openid") {
		answer["id_token"] = u.idToken(asked.Get("nonce"))
	}
	reply(w, http.StatusOK, answer)
}

func (u *upstream) idToken(nonce string) string {
	return u.signed(jwt.MapClaims{
		"iss": u.server.URL, "aud": "client", "nonce": nonce,
		"iat": time.Now().Unix(), "exp": time.Now().Add(2 * time.Hour).Unix(),
	}, u.forge)
}

// signed is a JWT about the person who signs in, as forge changes it.
func (u *upstream) signed(claims jwt.MapClaims, forge func(*jwt.Token, jwt.MapClaims)) string {
	maps.Copy(claims, u.claims)
	token := jwt.NewWithClaims(jwt.SigningMethodES256, claims)
	token.Header["kid"] = u.key.KID
	if forge != nil {
		forge(token, claims)
	}
	signing := any(nil)
	switch token.Method {
	case jwt.SigningMethodNone:
		signing = jwt.UnsafeAllowNoneSignatureType
	case jwt.SigningMethodHS256:
		signing = []byte(upstreamSecret)
	default:
		signer, err := u.key.Signer()
		if err != nil {
			u.t.Error(err)
		}
		signing = signer
	}
	signed, err := token.SignedString(signing)
	if err != nil {
		u.t.Error(err)
	}
	suite.secrets.used(signed)
	return signed
}
