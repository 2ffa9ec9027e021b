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
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

const applicationPage = `<!doctype html>
<html lang="en">
<title>An application</title>
<link rel="icon" href="data:,">
<h1>An application</h1>
<p id="who"></p>
<button id="enter">Enter</button> <button id="profile">Profile</button> <button id="leave">Leave</button>
<script type="module" src="/app.js"></script>
`

const applicationScript = `
import { createClient } from "%s/assets/realmkeeper.js";

if (location.search === "?locks=none") {
  Object.defineProperty(navigator, "locks", { value: undefined });
}
const redirectURI = location.pathname === "/elsewhere" ? location.origin + "/" : undefined;
globalThis.auth = createClient({ issuer: "%[1]s", redirectURI });
globalThis.heard = [];
auth.on("signedin", () => heard.push("signedin"));
auth.on("signedout", ({ reason }) => heard.push(reason));
globalThis.profile = async () => (await (await auth.fetch(auth.issuer + "/api/user/profile")).json()).email;
new BroadcastChannel("now").onmessage = () => { globalThis.seen = profile(); };
const asked = (name) => new URLSearchParams(location.search).get(name) ?? undefined;
document.querySelector("#enter").onclick = () => auth.signIn({ provider: asked("by"), prompt: asked("prompt") });
document.querySelector("#leave").onclick = () => auth.logout({ returnTo: location.origin + "/" });
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
	for _, page := range []string{"GET /{$}", "GET /below", "GET /elsewhere"} {
		answer(page, "text/html; charset=utf-8", applicationPage)
	}
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
// are refused by design: with a token that has expired, which is a bad request to OAuth 2.0.
func (b *tab) onlyExpired(paths ...string) {
	b.t.Helper()
	for _, fault := range b.watch.forget() {
		if !slices.ContainsFunc(paths, func(path string) bool {
			return fault == b.realm.Config.Issuer+path+" answered 401" || path == "/oauth2/token" && fault == b.realm.Config.Issuer+path+" answered 400"
		}) {
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
	if page := b.url(); page.RawQuery != "" || !b.codeFlow() {
		t.Errorf("comes back to %s, by the code flow: %t", page, b.codeFlow())
	}
	r.advance(time.Duration(r.Config.Tokens.AccessTokenLifetime))
	if email := evaluate[string](b, "profile()"); email != userEmail || !b.codeFlow() {
		t.Errorf("after a refresh, the profile is of %s, by the code flow: %t", email, b.codeFlow())
	}
	b.onlyExpired("/api/user/profile")

	b.open(application + "/?prompt=login")
	b.isIn(application, userEmail)
	b.press("Enter")
	b.sees("/signin", http.StatusOK, "Sign in") // though they are signed in
	b.fill("email", userEmail)
	b.fill("password", password)
	b.press("Sign in")
	b.isAt(application+"/?prompt=login", userEmail)

	r.advance(2 * time.Hour) // the session ends
	b.press("Profile")
	b.sees("/signin", http.StatusOK, "Sign in")
	b.onlyExpired("/api/user/profile", "/oauth2/token")
}

// codeFlow reports whether the application holds what the code flow gives.
func (b *tab) codeFlow() bool {
	b.t.Helper()
	return evaluate[bool](b, `Object.values(localStorage).some((v) => v[0] === "{" && "id_token" in JSON.parse(v))`)
}

// enterFrom signs somebody in who was at a page of the application.
func (b *tab) enterFrom(page string) {
	b.t.Helper()
	b.open(page)
	b.isAt(page, "nobody")
	b.press("Enter")
	b.sees("/signin", http.StatusOK, "Sign in")
	b.fill("email", userEmail)
	b.fill("password", password)
	b.press("Sign in")
	b.isAt(page, userEmail)
}

// isAt fails the test unless the application comes to know at a page who is signed in.
func (b *tab) isAt(page, email string) {
	b.t.Helper()
	// Only then does it stay: before, a script would be lost on the way to another page.
	b.do(chromedp.WaitVisible(`//p[@id="who"][text()="` + email + `"]`))
	eventually.Succeeds(b.t, func(context.Context) error {
		if at := b.url().String(); at != page {
			return fmt.Errorf("is at %s", at)
		}
		return nil
	})
}

// Whatever page they left, people come back to it, and signing out of the application is
// signing out at the realm.
func TestApplicationSignsPeopleOutAtTheRealm(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		page     string
		codeFlow bool
	}{
		"a page that the realm lists":               {"/", true},
		"one that comes back by another":            {"/elsewhere?tab=2", true},
		"one below, by the older hand-over":         {"/below", false},
		"one below, with a query":                   {"/below?b=1&a=2", false},
		"a page that the realm lists, with a query": {"/?b=1&a=2", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealm(t)
			application := r.serveApplication()
			r.serve()
			b := r.newTab(desk)
			b.watch.allow(application)
			b.enterFrom(application + c.page)
			if b.codeFlow() != c.codeFlow {
				t.Errorf("by the code flow: %t", b.codeFlow())
			}
			evaluate[bool](b, `auth.logout().then(() => true)`)
			if evaluate[bool](b, "auth.signedIn") || evaluate[string](b, "heard.at(-1)") != "logout" {
				t.Error("is still signed in")
			}
			if !c.codeFlow {
				return // which has begun a session of its own, and knows no other
			}
			b.press("Enter")
			b.sees("/signin", http.StatusOK, "Sign in")
		})
	}
}

func TestApplicationSendsPeopleToTheRealmToSignOut(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	application := r.serveApplication()
	r.serve()
	b := r.newTab(desk)
	b.watch.allow(application)
	b.enterFrom(application + "/")
	r.advance(2 * time.Duration(r.Config.Tokens.AccessTokenLifetime)) // which an ID token may be older than
	b.press("Leave")
	b.isAt(application+"/", "nobody")
	b.open("/account")
	b.sees("/signin", http.StatusOK, "Sign in")
}

// Where to come back to may be what an address says, which anybody may have written.
func TestApplicationComesBackToItsOwnPagesAlone(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	application := r.serveApplication()
	r.serve()
	b := r.newTab(desk)
	b.watch.allow(application)
	page := application + "/elsewhere"
	b.open(page)
	b.isAt(page, "nobody")
	for _, to := range []string{"javascript:alert(1)", "data:text/html,x", "https://evil.example/", "//evil.example/", `\\evil.example/`, r.Config.Issuer + "/"} {
		if got := evaluate[string](b, fmt.Sprintf(`auth.signIn({ returnTo: %q }).then(() => "goes", (error) => error.name)`, to)); got != "TypeError" {
			t.Errorf("to %s it %s", to, got)
		}
	}
	b.isAt(page, "nobody")
}

// A code that somebody else has put into the address is not exchanged, whichever flow it is of.
func TestApplicationExchangesNoCodeOfSomebodyElse(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	application := r.serveApplication()
	r.serve()
	b := r.newTab(desk)
	b.watch.allow(application)
	for _, query := range []string{"?code=rka_x&state=s&iss=" + r.Config.Issuer, "?code=rko_x", "?code=rka_x&state=s"} {
		b.open(application + "/" + query)
		b.do(chromedp.WaitVisible(`//p[@id="who"][text()="nobody"]`))
	}
	// Neither while a sign-in is under way, without its state.
	b.press("Enter")
	b.sees("/signin", http.StatusOK, "Sign in")
	b.open(application + "/?code=rka_x&state=another&iss=" + r.Config.Issuer)
	b.do(chromedp.WaitVisible(`//p[@id="who"][text()="nobody"]`))
	if n := evaluate[int64](b, `performance.getEntriesByType("resource").filter((e) => e.name.includes("/token")).length`); n != 0 {
		t.Errorf("asked %d times for tokens", n)
	}
}

func TestApplicationHasAButtonForAProvider(t *testing.T) {
	t.Parallel()
	issuer := testenv.StartIssuer(t)
	r := newRealm(t)
	application := r.serveApplication()
	r.AddProvider("any", realmconfig.Provider{
		Name: "apple", DisplayName: "Apple", Type: realmconfig.OIDC, ClientID: "any", Issuer: issuer,
		ResponseMode: realmconfig.FormPost, SignUp: true, AllowPrivateNetworks: true,
	})
	r.serve()
	b := r.newTab(desk)
	page := application + "/?by=apple"
	b.open(page)
	b.isAt(page, "nobody")
	b.press("Enter")
	b.isAt(page, testenv.IssuerVisitor+"@elsewhere.example")
	if !b.codeFlow() {
		t.Error("comes back by the older hand-over")
	}
	b.watch.forget() // the pages of two others
}
