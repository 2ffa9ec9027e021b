// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

const applicationPage = `<!doctype html>
<html lang="en">
<title>An application</title>
<link rel="icon" href="data:,">
<h1>An application</h1>
<p id="who"></p>
<button id="enter">Enter</button> <button id="profile">Profile</button>
<script type="module" src="/app.js"></script>
`

const applicationScript = `
import { createClient } from "%s/assets/realmkeeper.js";

if (location.search === "?locks=none") {
  Object.defineProperty(navigator, "locks", { value: undefined });
}
globalThis.auth = createClient({ issuer: "%[1]s" });
globalThis.heard = [];
auth.on("signedin", () => heard.push("signedin"));
auth.on("signedout", ({ reason }) => heard.push(reason));
globalThis.profile = async () => (await (await auth.fetch(auth.issuer + "/api/user/profile")).json()).email;
new BroadcastChannel("now").onmessage = () => { globalThis.seen = profile(); };
document.querySelector("#enter").onclick = () => auth.signIn();
document.querySelector("#profile").onclick = () => profile().catch(() => {});
await auth.handleReturn();
document.querySelector("#who").textContent = auth.user?.email ?? "nobody";
`

// serveApplication is a page of another origin that uses the realm's script. The
// realm must not be served yet.
func (r *realm) serveApplication() (origin string) {
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
	answer := func(pattern, mediaType, body string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", mediaType)
			_, _ = w.Write([]byte(body))
		})
	}
	answer("GET /{$}", "text/html; charset=utf-8", applicationPage)
	answer("GET /app.js", "text/javascript", fmt.Sprintf(applicationScript, r.Config.Issuer))
	s := httptest.NewUnstartedServer(mux)
	s.TLS = &tls.Config{Certificates: []tls.Certificate{pair}}
	s.StartTLS()
	r.t.Cleanup(s.Close)
	r.Config.Browser.AllowedOrigins = []string{s.URL}
	r.Config.Browser.ReturnURLs = []string{s.URL + "/"}
	return s.URL
}

// isIn fails the test unless the application knows who is signed in.
func (b *tab) isIn(application, email string) {
	b.t.Helper()
	b.do(chromedp.WaitVisible(`//p[@id="who"][text()!=""]`))
	if u := b.url(); u.Scheme+"://"+u.Host != application || u.Query().Has("code") || !strings.Contains(b.text(), email) {
		b.t.Fatalf("is at %s, not signed in at %s:\n%s", u, application, b.text())
	}
}

// onlyExpired fails the test unless the browser complains of requests alone that
// are refused by design: with a token that has expired.
func (b *tab) onlyExpired(paths ...string) {
	b.t.Helper()
	for _, fault := range b.watch.forget() {
		if !slices.ContainsFunc(paths, func(path string) bool { return fault == b.realm.Config.Issuer+path+" answered 401" }) {
			b.t.Errorf("the browser complains: %s", fault)
		}
	}
}

func TestApplicationsTabsRefreshAtOnceAndBothStaySignedIn(t *testing.T) {
	t.Parallel()
	const refreshes = `performance.getEntriesByType("resource").filter((e) => e.name.endsWith("/api/auth/refresh")).length`
	for name, query := range map[string]string{"with locks": "", "without locks": "?locks=none"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealm(t)
			application := r.serveApplication()
			r.serve()
			one := r.newTab(desk)
			one.watch.allow(application)
			one.open(application + "/" + query)
			one.isIn(application, "nobody")
			evaluate[bool](one, fmt.Sprintf(`auth.login(%q, %q).then((challenge) => challenge === null)`, userEmail, password))
			two := one.beside()
			two.open(application + "/" + query)
			two.isIn(application, userEmail)

			asked := int64(0)
			for range 3 {
				r.advance(time.Duration(r.Config.Tokens.AccessTokenLifetime))
				evaluate[bool](one, `new BroadcastChannel("now").postMessage(""), true`)
				for _, b := range []*tab{one, two} {
					if email := evaluate[string](b, "profile()"); email != userEmail {
						t.Errorf("a tab sees the profile of %s", email)
					}
					if email := evaluate[string](b, "seen"); email != userEmail {
						t.Errorf("a tab saw the profile of %s at once with the other", email)
					}
					b.onlyExpired("/api/user/profile")
				}
				before := asked
				asked = evaluate[int64](one, refreshes) + evaluate[int64](two, refreshes)
				// With locks it is mostly one. But a browser may hand the lock over before the
				// other tab sees what was stored, which is why the realm takes the same token
				// twice.
				if n := asked - before; n < 1 || n > 2 {
					t.Errorf("the tabs refreshed %d times", n)
				}
			}
			for _, b := range []*tab{one, two} {
				if heard := evaluate[string](b, "heard.join()"); strings.Contains(heard, "expired") {
					t.Errorf("a tab heard %s", heard)
				}
			}
		})
	}
}

func TestApplicationsTabsSignOutTogether(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	application := r.serveApplication()
	r.serve()
	one := r.newTab(desk)
	one.watch.allow(application)
	one.open(application + "/")
	two := one.beside()
	two.open(application + "/")
	two.isIn(application, "nobody")
	evaluate[bool](one, fmt.Sprintf(`auth.login(%q, %q).then((challenge) => challenge === null)`, userEmail, password))
	hears := func(b *tab, want string) {
		t.Helper()
		eventually.Succeeds(t, func(context.Context) error {
			if heard := evaluate[string](b, "heard.join()"); heard != want {
				return fmt.Errorf("heard %q, want %q", heard, want)
			}
			return nil
		})
	}
	hears(two, "signedin")
	token := evaluate[string](two, `Object.values(localStorage).map((v) => v[0] === "{" ? JSON.parse(v).access_token : "").join("")`)
	evaluate[bool](one, `auth.logout().then(() => true)`)
	hears(one, "signedin,logout")
	hears(two, "signedin,elsewhere")
	if evaluate[bool](two, "auth.signedIn") {
		t.Error("the other tab is signed in")
	}
	status := evaluate[int64](two, fmt.Sprintf(`fetch(auth.issuer + "/api/user/profile", {headers: {Authorization: "Bearer %s"}}).then((r) => r.status)`, token))
	if status != http.StatusUnauthorized {
		t.Errorf("the token is still worth %d", status)
	}
	two.onlyExpired("/api/user/profile")
}

func TestApplicationSendsPeopleToTheRealmAndGetsThemBack(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	application := r.serveApplication()
	r.Config.Tokens.RefreshTokenLifetime = realmconfig.Duration(2 * time.Hour)
	r.serve()
	b := r.newTab(desk)
	b.watch.allow(application)
	b.open(application + "/")
	b.isIn(application, "nobody")
	b.press("Enter")
	b.sees("/signin", http.StatusOK, "Sign in")
	b.fill("email", userEmail)
	b.fill("password", password)
	b.press("Sign in")
	b.isIn(application, userEmail)

	r.advance(2 * time.Hour) // the session ends
	b.press("Profile")
	b.sees("/signin", http.StatusOK, "Sign in")
	b.onlyExpired("/api/user/profile", "/api/auth/refresh")
}
