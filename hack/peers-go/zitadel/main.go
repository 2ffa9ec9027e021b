// SPDX-License-Identifier: Apache-2.0

// Command zitadel is an application made with the relying party of zitadel/oidc.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/zitadel/oidc/v3/pkg/client/rp"
	httphelper "github.com/zitadel/oidc/v3/pkg/http"
	"github.com/zitadel/oidc/v3/pkg/oidc"
	"golang.org/x/oauth2"
)

const visitorCookie = "visitor"

type tokens = oidc.Tokens[*oidc.IDTokenClaims]

// application remembers what visitors were given.
type application struct {
	provider rp.RelyingParty
	origin   string

	mu       sync.Mutex
	signedIn map[string]*tokens
}

func main() {
	if err := run(context.Background(), os.Getenv("ORIGIN")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context, origin string) error {
	key := []byte(rand.Text()[:16])
	provider, err := rp.NewRelyingPartyOIDC(ctx, os.Getenv("ISSUER"), os.Getenv("CLIENT_ID"), os.Getenv("CLIENT_SECRET"), origin+"/callback",
		[]string{"openid", "profile", "email", "groups"},
		rp.WithPKCE(httphelper.NewCookieHandler(key, key, httphelper.WithUnsecure())), rp.WithSigningAlgsFromDiscovery(),
		rp.WithAuthStyle(oauth2.AuthStyleInParams)) // by which alone it refreshes
	if err != nil {
		return err
	}
	a := &application{provider: provider, origin: origin, signedIn: map[string]*tokens{}}
	mux := http.NewServeMux()
	mux.Handle("GET /signin", rp.AuthURLHandler(rand.Text, provider))
	mux.Handle("GET /callback", rp.CodeExchangeHandler(a.enter, provider))
	mux.HandleFunc("GET /{$}", a.who)
	mux.HandleFunc("GET /refresh", a.refresh)
	mux.HandleFunc("GET /signout", a.signOut)
	server := http.Server{Addr: strings.Replace(origin, "http://localhost", "127.0.0.1", 1), Handler: mux, ReadHeaderTimeout: time.Minute}
	return server.ListenAndServe()
}

func (a *application) enter(w http.ResponseWriter, r *http.Request, t *tokens, _ string, _ rp.RelyingParty) {
	visitor := rand.Text()
	//nolint:gosec // a test's browser comes over HTTP, on one machine
	http.SetCookie(w, &http.Cookie{Name: visitorCookie, Value: visitor, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode})
	a.keep(visitor, t)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a *application) keep(visitor string, t *tokens) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.signedIn[visitor] = t
}

// tokensOf returns nil for whoever is not signed in.
func (a *application) tokensOf(r *http.Request) (visitor string, t *tokens) {
	cookie, err := r.Cookie(visitorCookie)
	if err != nil {
		return "", nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return cookie.Value, a.signedIn[cookie.Value]
}

func (a *application) who(w http.ResponseWriter, r *http.Request) {
	_, t := a.tokensOf(r)
	if t == nil {
		http.Error(w, "nobody", http.StatusUnauthorized)
		return
	}
	info, err := rp.Userinfo[*oidc.UserInfo](r.Context(), t.AccessToken, t.TokenType, t.IDTokenClaims.Subject, a.provider)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	claims := map[string]any{}
	if err := decode(t.IDTokenClaims, &claims); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	claims["userinfo"] = info
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(claims)
}

// decode brings what the library has read back to claims.
func decode(from, into any) error {
	document, err := json.Marshal(from)
	if err != nil {
		return err
	}
	return json.Unmarshal(document, into)
}

func (a *application) refresh(w http.ResponseWriter, r *http.Request) {
	visitor, t := a.tokensOf(r)
	if t == nil {
		http.Error(w, "nobody", http.StatusUnauthorized)
		return
	}
	again, err := rp.RefreshTokens[*oidc.IDTokenClaims](r.Context(), a.provider, t.RefreshToken, "", "")
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	a.keep(visitor, again)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

func (a *application) signOut(w http.ResponseWriter, r *http.Request) {
	visitor, t := a.tokensOf(r)
	if t == nil {
		http.Error(w, "nobody", http.StatusUnauthorized)
		return
	}
	a.keep(visitor, nil)
	asked := url.Values{"id_token_hint": {t.IDToken}, "post_logout_redirect_uri": {a.origin + "/"}}
	http.Redirect(w, r, a.provider.GetEndSessionEndpoint()+"?"+asked.Encode(), http.StatusSeeOther)
}
