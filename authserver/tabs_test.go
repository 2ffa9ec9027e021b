// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// answerTo goes to a provider from an address, and returns where the provider sends
// the browser back to.
func (b *browser) answerTo(address string) string {
	b.t.Helper()
	for range 10 {
		if strings.HasPrefix(address, callbackURL) {
			return address
		}
		response, err := b.client.Get(address) // a page's, too
		if err != nil {
			b.t.Fatal(err)
		}
		address = b.location(address, answer{Status: response.StatusCode, Header: response.Header, Body: readAll(b.t, response.Body)})
		_ = response.Body.Close()
	}
	b.t.Fatalf("never came back, but to %s", address)
	return ""
}

// tabOf is the same browser, as one who looks at pages.
func (b *browser) tabOf() *pageBrowser {
	client := *b.client
	client.CheckRedirect = nil
	return &pageBrowser{t: b.t, client: &client, language: "en"}
}

func cookieCount(b *browser, name string) (n, size int) {
	b.t.Helper()
	at, err := url.Parse(issuer)
	if err != nil {
		b.t.Fatal(err)
	}
	for _, c := range b.client.Jar.Cookies(at) {
		if strings.HasPrefix(c.Name, name) {
			n, size = n+1, size+len(c.String())
		}
	}
	return n, size
}

// Whatever the order in which two tabs come back, each ends what it began.
func TestTwoTabsSignInThroughAProvider(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	_, s := serveWith(t, u.provider("elsewhere", realmconfig.OIDC))
	for name, order := range map[string][]int{"the first first": {0, 1}, "the second first": {1, 0}} {
		t.Run(name, func(t *testing.T) {
			b := s.newBrowser()
			tabs := []string{b.answerTo(issuer + "/signin/with/elsewhere"), b.answerTo(issuer + "/signin/with/elsewhere")}
			for _, tab := range order {
				page := b.tabOf()
				page.open(tabs[tab])
				page.sees("/account", http.StatusOK, "bob@example.com")
			}
			if n, _ := cookieCount(b, "__Host-rk-verifier"); n != 0 {
				t.Errorf("%d verifiers are left", n)
			}
		})
	}
}

// A browser that restores its tabs sends what none has been answered yet.
func TestTabsThatBeginAtOnceSignInEach(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	_, s := serveWith(t, u.provider("elsewhere", realmconfig.OIDC))
	b := s.newBrowser()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	callbacks := []string{}
	for range 4 {
		fresh := s.newBrowser() // knows nothing of the other tabs yet
		callbacks = append(callbacks, fresh.answerTo(issuer+"/api/auth/oauth/elsewhere"))
		at, err := url.Parse(issuer)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range fresh.client.Jar.Cookies(at) {
			c.Path, c.Secure = "/", true
			jar.SetCookies(at, []*http.Cookie{c})
		}
	}
	b.client.Jar = jar
	for _, callback := range callbacks {
		s.tokensOf(b.get(callback))
	}
}

// What is begun again and again leaves a browser with a few small cookies, and its
// newest tabs go on.
func TestSignInsThatAreNeverEndedMakeRoom(t *testing.T) {
	t.Parallel()
	const most = 8
	u := newUpstream(t)
	_, s := serveWith(t, u.provider("elsewhere", realmconfig.OIDC))
	b := s.newBrowser()
	begun := []string{}
	for range most + 3 {
		begun = append(begun, b.answerTo(issuer+"/signin/with/elsewhere"))
	}
	for _, name := range []string{"__Host-rk-verifier", "__Host-rk-oauth"} {
		if n, size := cookieCount(b, name); n != most || size > 1024 {
			t.Errorf("there are %d cookies %s of %d bytes together, want %d small ones", n, name, size, most)
		}
	}
	b.get(begun[0]).Expect(t, http.StatusBadRequest, "state_invalid")
	for _, callback := range begun[3:] {
		page := b.tabOf()
		page.open(callback)
		page.sees("/account", http.StatusOK, "bob@example.com")
	}
}

// Another browser's way back is of no use, whatever flow its address names.
func TestATabIsNoOtherBrowsers(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	_, s := serveWith(t, u.provider("elsewhere", realmconfig.OIDC))
	attacker, victim := s.newBrowser(), s.newBrowser()
	own := victim.answerTo(issuer + "/signin/with/elsewhere")
	callback := attacker.answerTo(issuer + "/signin/with/elsewhere")
	back, err := url.Parse(attacker.location(callback, attacker.get(callback)))
	if err != nil {
		t.Fatal(err)
	}
	suite.secrets.used(back.Query().Get("code"))
	page := victim.tabOf()
	page.open(back.String())
	page.sees("/signin/return", http.StatusBadRequest, "began in another browser")
	page.open(own) // goes on
	page.sees("/account", http.StatusOK, "bob@example.com")
	flow := ""
	for _, c := range victim.client.Jar.Cookies(back) {
		if found, ok := strings.CutPrefix(c.Name, "__Host-rk-verifier-"); ok {
			flow = found
		}
	}
	victim.answerTo(issuer + "/signin/with/elsewhere")
	query := back.Query()
	query.Set("flow", flow)
	back.RawQuery = query.Encode()
	page.open(back.String())
	page.sees("/signin/return", http.StatusBadRequest, "began in another browser")
}

func TestTwoTabsLinkIdentities(t *testing.T) {
	t.Parallel()
	u, other := newUpstream(t), newUpstream(t)
	other.script(func() { other.claims["sub"] = "subject-2" })
	r := newMailingRealm(t)
	r.withProviders(upstreamSecret, u.provider("first", realmconfig.OIDC), other.provider("second", realmconfig.OIDC))
	s := r.serve()
	b := s.newBrowser()
	begin := func(provider string) string {
		t.Helper()
		tab := b.tabOf()
		tab.open("/account")
		tab.submit("/account/identities", map[string]string{"provider": provider})
		address := attribute(tab.link("Continue with "+provider), "href")
		suite.secrets.used(queryOf(t, address, "link"))
		return b.answerTo(address)
	}
	b.tabOf().signIn(adminEmail, adminPassword)
	first, second := begin("first"), begin("second")
	for _, callback := range []string{first, second} {
		tab := b.tabOf()
		tab.open(callback)
		tab.sees("/account", http.StatusOK, "Your ways to sign in are changed.")
	}
	if n := query[int](r, "SELECT count(*) FROM identities"); n != 2 {
		t.Errorf("there are %d identities, want both", n)
	}
}

// Two forms that want proof are each gone on with, after a sign-in that both have sent
// their user to.
func TestTwoTabsProveThemselvesByASignIn(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	r := newMailingRealm(t)
	r.withProviders(upstreamSecret, u.provider("first", realmconfig.OIDC))
	s := r.serve()
	b := s.newBrowser()
	b.tabOf().open(b.answerTo(issuer + "/signin/with/first"))
	r.Clock.Advance(longAgo)
	interrupt := func(email string) string {
		t.Helper()
		suite.secrets.used(email)
		tab := b.tabOf()
		tab.open("/account")
		tab.submit("/account/email", map[string]string{"email": email})
		tab.sees("/account/email", http.StatusForbidden, "Is it you?")
		return b.answerTo(issuer + attribute(tab.link("Sign in again with first"), "href"))
	}
	addresses := []string{"bob.one@example.com", "bob.two@example.com"}
	callbacks := []string{interrupt(addresses[0]), interrupt(addresses[1])}
	for i, callback := range callbacks {
		tab := b.tabOf()
		tab.open(callback)
		tab.sees("/signin/return", http.StatusOK, "Thank you, it is you.")
		tab.submit("/account/email", nil)
		tab.sees("/account", http.StatusOK, "A link is on its way to the new address.")
		if got := len(r.letters(addresses[i])); got != 1 {
			t.Errorf("%d mails went to the address of tab %d", got, i)
		}
	}
	if n, _ := cookieCount(b, "__Host-rk-interrupted"); n != 0 {
		t.Errorf("%d forms are left", n)
	}
}

// Whoever mistypes a password in one tab goes on in the other.
func TestATabAsksAgainForItselfAlone(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	r := newMailingRealm(t)
	r.Config.Login.Lockout.Failures = 50
	r.withProviders(upstreamSecret, u.provider("first", realmconfig.OIDC))
	s := r.serve()
	b := s.newBrowser()
	b.tabOf().open(b.answerTo(issuer + "/signin/with/first"))
	r.givePassword("bob@example.com")
	r.Clock.Advance(longAgo)
	interrupt := func(email string) *pageBrowser {
		t.Helper()
		suite.secrets.used(email)
		tab := b.tabOf()
		tab.open("/account")
		tab.submit("/account/email", map[string]string{"email": email})
		return tab
	}
	first, second := interrupt("bob.one@example.com"), interrupt("bob.two@example.com")
	for range 6 {
		second.submit("/account/email", map[string]string{"password": wrongPassword})
		second.sees("/account/email", http.StatusForbidden, "The password is wrong.")
	}
	if n, _ := cookieCount(b, "__Host-rk-interrupted"); n != 2 {
		t.Errorf("%d forms are kept, want one for each tab", n)
	}
	for _, tab := range []*pageBrowser{first, second} {
		tab.open(b.answerTo(issuer + attribute(tab.link("Sign in again with first"), "href")))
		tab.sees("/signin/return", http.StatusOK, "Thank you, it is you.")
	}
}
