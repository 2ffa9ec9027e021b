// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// Applications that people sign in at: one as most are, and one that verifies ES256.
const (
	shop, modernShop = "bench.shop", "bench.modern-shop"
	shopSecret       = "a secret of the shops' that nobody guesses"
	shopCallback     = "https://shop.bench.example/callback"
)

// signInAt is both requests of a sign-in at an application by a browser that is signed in at
// the realm: the one that leads to a code, and the exchange. What the application is given
// goes to grants, unless that is nil.
func (w *world) signInAt(application string, browsers, grants *sessions) operation {
	verifier := oauth2.GenerateVerifier()
	challenge := oauth2.S256ChallengeFromVerifier(verifier)
	asked := url.Values{
		"response_type": {"code"}, "client_id": {application}, "redirect_uri": {shopCallback}, "scope": {"openid email profile"}, "state": {"state"},
		"nonce": {"nonce"}, "code_challenge": {challenge}, "code_challenge_method": {"S256"},
	}.Encode()
	return func(ctx context.Context) (int, error) {
		browser, ok := browsers.take()
		if !ok {
			return http.StatusServiceUnavailable, nil // more under way than there are browsers
		}
		code, status, err := w.authorize(ctx, asked, &browser)
		browsers.put(browser)
		if err != nil || status != http.StatusSeeOther {
			return status, err
		}
		got := tokens{}
		status, err = w.ask(ctx, "/oauth2/token", application, shopSecret, url.Values{
			"grant_type": {string(realmconfig.AuthorizationCodeGrant)}, "code": {code}, "redirect_uri": {shopCallback}, "code_verifier": {verifier},
		}, &got)
		if grants != nil && got.Refresh != "" {
			grants.put(got)
		}
		return status, err
	}
}

// authorize asks for a code with the cookie of a browser, which is given another one.
func (w *world) authorize(ctx context.Context, asked string, browser *tokens) (code string, status int, err error) {
	const session = "__Host-rk-session"
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+realmfolder.IssuerHost+"/oauth2/authorize?"+asked, nil)
	if err != nil {
		return "", 0, err
	}
	request.Header.Set("X-Forwarded-For", w.somewhere())
	request.AddCookie(&http.Cookie{Name: session, Value: browser.Refresh}) //nolint:gosec // one that a browser sends has no attributes
	response, err := w.send(request, nil)
	if err != nil {
		return "", 0, err
	}
	for _, c := range response.Cookies() {
		if c.Name == session {
			browser.Refresh = c.Value
		}
	}
	to, err := response.Location()
	if err != nil || !strings.HasPrefix(to.String(), shopCallback) || to.Query().Get("code") == "" {
		return "", response.StatusCode, fmt.Errorf("sent to %v with %d", to, response.StatusCode)
	}
	return to.Query().Get("code"), response.StatusCode, nil
}

// refreshAt is a refresh by an application.
func (w *world) refreshAt(application string, grants *sessions) operation {
	return func(ctx context.Context) (int, error) {
		old, ok := grants.take()
		if !ok {
			return http.StatusServiceUnavailable, nil // more under way than there are grants
		}
		got := old
		status, err := w.ask(ctx, "/oauth2/token", application, shopSecret, url.Values{
			"grant_type": {string(realmconfig.RefreshTokenGrant)}, "refresh_token": {old.Refresh},
		}, &got)
		grants.put(got)
		return status, err
	}
}

// grantsAt signs all these browsers in at an application.
func (w *world) grantsAt(application string, browsers *sessions, n int) *sessions {
	w.t.Helper()
	grants := &sessions{}
	signIn := w.signInAt(application, browsers, grants)
	for range n {
		if status, err := signIn(context.Background()); err != nil || status != http.StatusOK {
			w.t.Fatalf("sign in at %s: %d, %v", application, status, err)
		}
	}
	return grants
}

// document asks for a document of everybody's.
func (w *world) document(path string) operation {
	return func(ctx context.Context) (int, error) {
		response, err := w.do(ctx, http.MethodGet, path, "", nil, nil)
		return statusOf(response), err
	}
}

// flows measures sign-ins at applications, and their refreshes between two measurements of
// the realm's own, so that both have seen the same machine.
func (r *report) flows(w *world, span time.Duration) {
	const users = 100
	browsers := w.newSessions(users)
	r.codeFlow = w.arrivals("code flow, both requests, 50 a second", 50, span, w.signInAt(shop, browsers, nil))
	most := w.clients("code flow, both requests, 32 clients", 32, span, w.signInAt(shop, browsers, nil))
	r.add(r.codeFlow, most)

	own := w.newSessions(users)
	grants, modern := w.grantsAt(shop, browsers, users), w.grantsAt(modernShop, browsers, users)
	before := w.clients("refresh, 32 clients, before those of applications", 32, span, w.refresh(own))
	r.modernRefresh = w.clients("refresh by an application, ID tokens by ES256, 32 clients", 32, span, w.refreshAt(modernShop, modern))
	r.clientRefresh = w.clients("refresh by an application, ID tokens by RS256, 32 clients", 32, span, w.refreshAt(shop, grants))
	after := w.clients("refresh, 32 clients, after those of applications", 32, span, w.refresh(own))
	r.ownRefreshes = (before.perSecond() + after.perSecond()) / 2
	r.add(before, r.modernRefresh, r.clientRefresh, after)
	for _, path := range []string{"/.well-known/openid-configuration", "/.well-known/jwks.json"} {
		r.add(w.clients("GET "+path+", 32 clients", 32, span/2, w.document(path)))
	}
}

// signature is how long one of RS256 takes, alone on a core.
func signature(t testing.TB) time.Duration {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	const signatures = 200
	digest, started := sha256.Sum256(nil), time.Now()
	for range signatures {
		if _, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest[:]); err != nil {
			t.Fatal(err)
		}
	}
	return time.Since(started) / signatures
}
