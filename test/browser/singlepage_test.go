// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

const singlePage = `<!doctype html>
<html lang="en">
<title>A single-page app</title>
<link rel="icon" href="data:,">
<script type="importmap">{"imports": {"oidc-client-ts": "/oidc-client-ts.js", "jwt-decode": "/jwt-decode.js"}}</script>
<h1>A single-page app</h1>
<p id="who"></p><p id="orders"></p>
<button id="sign-out">Sign out</button>
<script type="module" src="/app.js"></script>
`

// serveSinglePage is an application whose script docs/apps/single-page-app.md has, and
// the API that it calls, which answers with the token that it was shown.
func (r *realm) serveSinglePage(client *realmconfig.Client) (origin string) {
	r.t.Helper()
	chain, key, err := suite.authority.issue()
	if err != nil {
		r.t.Fatal(err)
	}
	pair, err := tls.X509KeyPair([]byte(chain), []byte(key))
	if err != nil {
		r.t.Fatal(err)
	}
	mux := http.NewServeMux()
	s := httptest.NewUnstartedServer(mux)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	s.StartTLS()
	r.t.Cleanup(s.Close)
	answer := func(pattern, mediaType, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", mediaType)
			_, _ = w.Write([]byte(body))
		})
	}
	answer("GET /{$}", "text/html; charset=utf-8", singlePage)
	answer("GET /callback", "text/html; charset=utf-8", singlePage)
	answer("GET /oidc-client-ts.js", "text/javascript", nodeFile(r.t, "node_modules/oidc-client-ts/dist/esm/oidc-client-ts.js"))
	answer("GET /jwt-decode.js", "text/javascript", nodeFile(r.t, "node_modules/jwt-decode/build/esm/index.js"))
	answer("GET /app.js", "text/javascript", documentedScript(r.t, map[string]string{
		"https://login.example.com": r.Config.Issuer, "https://app.example.com": s.URL,
		"https://orders.example.com/": s.URL + "/orders", "shop.app": client.ID,
	})+"globalThis.users = users;\n")
	mux.HandleFunc("GET /orders", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/plain")
		_, _ = w.Write([]byte(r.Header.Get("Authorization"))) //nolint:gosec // plain text is no page
	})
	client.RedirectURIs, client.PostLogoutRedirectURIs = []string{s.URL + "/callback"}, []string{s.URL + "/"}
	return s.URL
}

func nodeFile(t *testing.T, name string) string {
	t.Helper()
	content, err := testenv.NodeFile(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	return content
}

// documentedScript is the program of the page, with the names that stand in it for the
// reader's replaced. Each must be there.
func documentedScript(t *testing.T, replace map[string]string) string {
	t.Helper()
	text, err := os.ReadFile("../../docs/apps/" + "single-page-app.md")
	if err != nil {
		t.Fatal(err)
	}
	_, script, found := strings.Cut(string(text), "```ts\n")
	script, _, _ = strings.Cut(script, "```")
	if !found {
		t.Fatal("the page has no program")
	}
	for from, to := range replace {
		if !strings.Contains(script, from) {
			t.Fatalf("%q is not in the program", from)
		}
		script = strings.ReplaceAll(script, from, to)
	}
	return script
}

// npm's oidc-client-ts, in the browser: a public client with PKCE.
func TestASinglePageApp(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	client := realmconfig.DefaultClient()
	client.ID, client.DisplayName, client.Since = "shop.app", "Shop", time.Now().Add(-time.Hour).UTC()
	client.Type, client.TokenEndpointAuthMethod = realmconfig.PublicClient, realmconfig.NoAuthMethod
	client.Scopes, client.Audiences = []string{"openid", "profile", "email", "groups", "orders:read"}, []string{"shop.orders"}
	app := r.serveSinglePage(&client)
	r.Clients, r.Config.Clients.Audiences = []realmconfig.Client{client}, client.Audiences
	r.Update()
	admin := r.Serve().NewApp()
	if err := errors.Join(admin.LogIn(t.Context(), adminEmail, password), admin.Join(t.Context(), userEmail, "platform", "shop")); err != nil {
		t.Fatal(err)
	}

	b := r.newTab(desk)
	b.watch.allow(app)
	b.do(chromedp.Navigate(app+"/"), chromedp.WaitVisible(chromedp.ID("email")))
	b.fill("email", userEmail)
	b.fill("password", password)
	b.click("Sign in")
	b.click("Continue") // it is on the same machine, where any program could be it
	who := userEmail + ", in platform and shop"
	b.do(chromedp.WaitVisible(fmt.Sprintf(`//p[@id="who"][text()=%q]`, who)), chromedp.WaitVisible(`//p[@id="orders"][starts-with(text(), "Bearer ey")]`))

	const tokens = `users.getUser().then((user) => [user.refresh_token, user.id_token, user.expires_in > 0].join())`
	before := evaluate[string](b, tokens)
	if groups := evaluate[string](b, `users.signinSilent().then((user) => JSON.stringify(user.profile.groups))`); groups != `["platform","shop"]` {
		t.Errorf("after a refresh, the groups are %s", groups)
	}
	if after := evaluate[string](b, tokens); after == before || !strings.HasSuffix(after, ",true") {
		t.Errorf("after a refresh, the tokens are %s", after)
	}

	b.click("Sign out")
	b.do(chromedp.WaitVisible(chromedp.ID("email"))) // the page needs somebody again
	eventually.Succeeds(t, func(context.Context) error {
		if u := b.url(); u.Path != "/signin" {
			return fmt.Errorf("is at %s", u)
		}
		return nil
	})
	// A page that sends people away before they have touched it is nowhere to go back to.
	for _, fault := range b.watch.forget() {
		if !strings.Contains(fault, "NavigationEntryMarkedSkippable") {
			t.Errorf("the browser complains: %s", fault)
		}
	}
}
