// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Who verifies by one algorithm and knows no other is given ID tokens of that one, by a
// realm that signs by all of them.
func TestVerifiersOfOneAlgorithm(t *testing.T) {
	t.Parallel()
	for _, algorithm := range []realmconfig.Algorithm{realmconfig.RS256, realmconfig.ES256, realmconfig.EdDSA} {
		t.Run(string(algorithm), func(t *testing.T) {
			t.Parallel()
			c := newClient(t, func(c *client) { c.IDTokenSigningAlg = algorithm })
			r := newRealm(t, c)
			r.serveGoOIDC(c, string(algorithm))
			r.signsInAndOut(c)
		})
	}
}

// goOIDC is an application made with coreos/go-oidc and golang.org/x/oauth2, for one visitor.
type goOIDC struct {
	config   oauth2.Config
	verifier *oidc.IDTokenVerifier
	provider *oidc.Provider
	ctx      context.Context // with whom to trust
	origin   string
	leave    string // the realm's end-session endpoint

	mu                  sync.Mutex
	state, nonce, proof string
	token               *oauth2.Token
	idToken             *oidc.IDToken
}

func (r *realm) serveGoOIDC(c client, algorithm string) {
	r.t.Helper()
	ctx := oidc.ClientContext(r.t.Context(), r.server.NewClient(true))
	provider, err := oidc.NewProvider(ctx, r.Config.Issuer)
	if err != nil {
		r.t.Fatal(err)
	}
	also := struct {
		EndSession string `json:"end_session_endpoint"`
	}{}
	if err := provider.Claims(&also); err != nil {
		r.t.Fatal(err)
	}
	a := &goOIDC{
		config: oauth2.Config{
			ClientID: c.ID, ClientSecret: c.secret, Endpoint: provider.Endpoint(), RedirectURL: c.RedirectURIs[0], Scopes: c.Scopes,
		},
		verifier: provider.VerifierContext(ctx, &oidc.Config{ClientID: c.ID, SupportedSigningAlgs: []string{algorithm}}),
		provider: provider, ctx: ctx, origin: c.origin, leave: also.EndSession,
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /signin", a.signIn)
	mux.HandleFunc("GET /callback", a.handle(a.callback))
	mux.HandleFunc("GET /refresh", a.handle(a.refresh))
	mux.HandleFunc("GET /signout", a.signOut)
	mux.HandleFunc("GET /id-token", a.show)
	mux.HandleFunc("GET /{$}", a.who)
	listener, err := net.Listen("tcp", c.address())
	if err != nil {
		r.t.Fatal(err)
	}
	server := &http.Server{Handler: mux, ReadHeaderTimeout: time.Minute}
	go func() { _ = server.Serve(listener) }()
	r.t.Cleanup(func() { _ = server.Close() })
}

func (a *goOIDC) signIn(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.state, a.nonce, a.proof = rand.Text(), rand.Text(), oauth2.GenerateVerifier()
	http.Redirect(w, r, a.config.AuthCodeURL(a.state, oidc.Nonce(a.nonce), oauth2.S256ChallengeOption(a.proof)), http.StatusFound)
}

// handle answers with what has gone wrong, or goes home.
func (a *goOIDC) handle(do func(r *http.Request) (*oauth2.Token, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		token, err := do(r)
		if err == nil {
			err = a.keep(token)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
			return
		}
		http.Redirect(w, r, "/", http.StatusSeeOther)
	}
}

func (a *goOIDC) callback(r *http.Request) (*oauth2.Token, error) {
	if query := r.URL.Query(); query.Get("state") != a.state {
		return nil, fmt.Errorf("the answer is %v", query)
	}
	return a.config.Exchange(a.ctx, r.FormValue("code"), oauth2.VerifierOption(a.proof))
}

func (a *goOIDC) refresh(*http.Request) (*oauth2.Token, error) {
	return a.config.TokenSource(a.ctx, &oauth2.Token{RefreshToken: a.token.RefreshToken}).Token()
}

// keep takes tokens, once the ID token is verified.
func (a *goOIDC) keep(token *oauth2.Token) error {
	raw, _ := token.Extra("id_token").(string)
	verified, err := a.verifier.Verify(a.ctx, raw)
	if err != nil {
		return err
	}
	if err := verified.VerifyAccessToken(token.AccessToken); err != nil {
		return err
	}
	if verified.Nonce != a.nonce {
		return fmt.Errorf("the nonce is %q", verified.Nonce)
	}
	a.token, a.idToken = token, verified
	return nil
}

func (a *goOIDC) who(w http.ResponseWriter, _ *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.token == nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	info, err := a.provider.UserInfo(a.ctx, oauth2.StaticTokenSource(a.token))
	said, told := map[string]any{}, map[string]any{}
	if err == nil {
		err = a.idToken.Claims(&said)
	}
	if err == nil {
		err = info.Claims(&told)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	said["userinfo"] = told
	_ = json.NewEncoder(w).Encode(said)
}

func (a *goOIDC) signOut(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	asked := url.Values{"id_token_hint": {a.token.Extra("id_token").(string)}, "post_logout_redirect_uri": {a.origin + "/"}}
	a.token = nil
	http.Redirect(w, r, a.leave+"?"+asked.Encode(), http.StatusSeeOther)
}

// show answers with the ID token itself.
func (a *goOIDC) show(w http.ResponseWriter, _ *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	_, _ = fmt.Fprint(w, a.token.Extra("id_token"))
}
