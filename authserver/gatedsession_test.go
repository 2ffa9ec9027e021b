// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

func gatedClients() []realmconfig.Client {
	return []realmconfig.Client{newGatedClient("apps.reports", reportsURL), newGatedClient("apps.orders", ordersURL)}
}

// A browser that opens a page of an application without any code for it signs in, comes back
// to that page, and the application is told whose request it is.
func TestAGatewaySendsBrowsersToSignIn(t *testing.T) {
	t.Parallel()
	s := newRealmOfClients(t, gatedClients()...).serve()
	admin := s.login().Access
	user := s.profileOf(admin)
	s.addMember(admin, s.createGroup(admin, "a b").ID, user.ID).Expect(t, http.StatusNoContent, "")
	s.addMember(admin, s.createGroup(admin, "ops").ID, user.ID).Expect(t, http.StatusNoContent, "")
	b := s.newGatedBrowser(through(""))
	const page = reportsURL + "/a%20b/?x=1&y=%2F"
	b.enters(page, adminEmail, adminPassword)
	for header, want := range map[string]string{
		"X-Auth-User-Id": user.ID, "X-Auth-Email": adminEmail, "X-Auth-Email-Verified": "true", "X-Auth-Role": "admin",
		"X-Auth-Client-Id": "apps.reports", "X-Auth-Groups": "a%20b,ops", "X-Auth-Session-Id": claimsOf(t, s.pagesOf(b).Access)["sid"].(string),
	} {
		if got := b.header.Values(header); len(got) != 1 || got[0] != want {
			t.Errorf("%s is %q, not %q", header, got, want)
		}
	}
	at, _ := url.Parse(reportsURL)
	for _, c := range b.client.Jar.Cookies(at) {
		if c.Name != "__Host-rk-app" {
			t.Errorf("a cookie called %s is left", c.Name)
		}
	}
	for name, response := range map[string]*http.Response{
		"a script": b.asks(http.MethodGet, reportsURL+"/data"), "a form": b.asks(http.MethodPost, reportsURL+"/data", "Accept", "text/html"),
	} {
		if response.StatusCode != http.StatusOK {
			t.Errorf("%s is answered %d", name, response.StatusCode)
		}
	}
	b.enters(ordersURL+"/", "", "") // at once: they are signed in at the realm
}

// Nothing but a browser that opens a page is ever sent elsewhere.
func TestAGatewaySendsNobodyElseToSignIn(t *testing.T) {
	t.Parallel()
	s := newRealmOfClients(t, gatedClients()...).serve()
	b, by401 := s.newGatedBrowser(through("")), s.newGatedBrowser(through("?redirect=401"))
	page := []string{"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"}
	const found, no = http.StatusFound, http.StatusUnauthorized
	const elsewhere = reportsURL + "/_realm/signin?to=%2Fdata%3Fx"
	for _, b := range []*pageBrowser{b, by401} {
		b.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	}
	for name, c := range map[string]struct {
		browser  *pageBrowser
		method   string
		header   []string
		status   int
		location string
	}{
		"a page":                            {b, "GET", page, found, elsewhere},
		"a page, as browsers say it":        {b, "GET", append(page, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"), found, elsewhere},
		"a page, where only 401 is heard":   {by401, "GET", page, no, elsewhere},
		"a script":                          {b, "GET", []string{"Accept", "*/*"}, no, ""},
		"a script that says nothing":        {b, "GET", nil, no, ""},
		"a script, where only 401 is heard": {by401, "GET", nil, no, ""},
		"a script that wants a document":    {b, "GET", append(page, "Sec-Fetch-Mode", "cors"), no, ""},
		"an old one that does":              {b, "GET", append(page, "X-Requested-With", "XMLHttpRequest"), no, ""},
		"a frame":                           {b, "GET", append(page, "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"), no, ""},
		"a form":                            {b, "POST", page, no, ""},
		"a deletion":                        {b, "DELETE", page, no, ""},
		"a program with a bad token":        {b, "GET", append(page, "Authorization", "Bearer noise"), no, ""},
		"one with a password of its own":    {b, "GET", append(page, "Authorization", "Basic YTpi"), found, elsewhere},
	} {
		response := c.browser.asks(c.method, reportsURL+"/data?x", c.header...)
		if response.StatusCode != c.status || response.Header.Get("Location") != c.location || response.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s is answered %d with %v", name, response.StatusCode, response.Header)
		}
		if c.location == "" && response.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s is answered in %s", name, response.Header.Get("Content-Type"))
		}
		if response.Header.Get("Strict-Transport-Security") != "" {
			t.Errorf("%s binds the application's host to TLS", name)
		}
	}
}

// However a session ends, there is none at the application from then on.
func TestAGatedSessionEndsWithTheBrowsers(t *testing.T) {
	t.Parallel()
	for name, end := range endings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newRealmOfClients(t, gatedClients()...).serve()
			a, b := s.newAnn("user"), s.newGatedBrowser(through(""))
			b.enters(reportsURL+"/", a.user.Email, strangerPassword)
			a.session = s.pagesOf(b)
			if ended := end(s, a); ended.Status >= 300 {
				t.Fatalf("ending answered %d %s", ended.Status, ended.Body)
			}
			if response := b.asks(http.MethodGet, reportsURL+"/data"); response.StatusCode != http.StatusUnauthorized {
				t.Errorf("a script is answered %d", response.StatusCode)
			}
			b.open(reportsURL + "/")
			b.sees("/signin", http.StatusOK)
		})
	}
}

// A session that one server has given is known to the others, and so is its end.
func TestEveryServerKnowsAGatedSession(t *testing.T) {
	t.Parallel()
	r := newRealmOfClients(t, gatedClients()...)
	s, other := r.serve(), r.serve()
	b, elsewhere := s.newGatedBrowser(through("")), other.newGatedBrowser(through(""))
	b.enters(reportsURL+"/", adminEmail, adminPassword)
	elsewhere.client.Jar = b.client.Jar
	elsewhere.open(reportsURL + "/")
	elsewhere.isLetThrough(reportsURL + "/")
	s.post("/api/auth/logout", map[string]string{"refresh_token": s.pagesOf(b).Refresh}).Expect(t, http.StatusNoContent, "")
	if response := elsewhere.asks(http.MethodGet, reportsURL+"/data"); response.StatusCode != http.StatusUnauthorized {
		t.Errorf("another server answers %d", response.StatusCode)
	}
	if use := s.Report().ClientUse; len(use) == 0 {
		t.Error("the client is not known to be used")
	}
}

// A sign-out at the application is one at the realm. A page of another site cannot bring it
// about alone.
func TestSigningOutAtAGatedApplication(t *testing.T) {
	t.Parallel()
	clients := gatedClients()
	clients[1].PostLogoutRedirectURIs = []string{appURL + "bye", ordersURL + "/bye"}
	s := newRealmOfClients(t, clients...).serve()
	b := s.newGatedBrowser(through(""))
	signOut := func(origin, from string) {
		t.Helper()
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, origin+"/_realm/signout", nil)
		if err != nil {
			t.Fatal(err)
		}
		if from != "" {
			r.Header.Set("Sec-Fetch-Site", from)
		}
		b.send(r)
	}
	for _, from := range []string{"cross-site", "same-site", ""} {
		b.enters(reportsURL+"/", adminEmail, adminPassword)
		signOut(reportsURL, from)
		b.sees("/oauth2/end-session", http.StatusOK)
		b.enters(reportsURL+"/", "", "")
	}
	b.enters(ordersURL+"/", "", "")
	signOut(reportsURL, "same-origin")
	if b.at.String() != issuer+"/signed-out" {
		t.Errorf("is at %s with %d", b.at, b.status)
	}
	for _, origin := range []string{reportsURL, ordersURL} {
		b.open(origin + "/")
		b.sees("/signin", http.StatusOK)
	}
	b.enters(ordersURL+"/", adminEmail, adminPassword)
	signOut(ordersURL, "none")
	b.sees("/signin", http.StatusOK) // the page to say good-bye on needs somebody too
	to, _ := url.Parse(ordersURL)
	for _, c := range b.client.Jar.Cookies(to) {
		if c.Name == "__Host-rk-app" {
			t.Error("the session's cookie is left")
		}
	}
}

func TestWhatAGatewayDemands(t *testing.T) {
	t.Parallel()
	clients := gatedClients()
	clients[1].Access = &realmconfig.ClientAccess{Groups: []string{"buyers"}}
	r := newRealmOfClients(t, clients...)
	s := r.serve()
	admin := s.login().Access
	ann := s.createUser(admin, "ann@example.com", "user")
	ops, buyers := s.createGroup(admin, "ops"), s.createGroup(admin, "buyers")
	s.addMember(admin, ops.ID, ann.ID).Expect(t, http.StatusNoContent, "")
	s.addMember(admin, buyers.ID, ann.ID).Expect(t, http.StatusNoContent, "")
	b := s.newGatedBrowser(through(""))
	b.enters(reportsURL+"/", ann.Email, strangerPassword)
	with := func(demands string) {
		t.Helper()
		gate := b.client.Transport.(fewLines)
		gate.address = through(demands)
		b.client.Transport = gate
	}
	for demands, status := range map[string]int{
		"?role=user": 200, "?role=admin": 403, "?role=admin&role=user": 200, "?group=ops": 200, "?group=x": 403, "?group=x&group=ops": 200,
		"?role=admin&group=ops": 403, "?acr=1": 200, "?max_age=3600": 200, "?redirect=302": 200,
		"?": 200, "?roles=admin": 400, "?role=": 400, "?acr=3": 400, "?acr=1&acr=2": 400, "?max_age=1": 400, "?max_age=x": 400, "?redirect=200": 400, "?client=apps.orders": 400,
	} {
		with(demands)
		b.open(reportsURL + "/")
		if b.status != status || b.at.String() != reportsURL+"/" {
			t.Errorf("%s is answered %d at %s", demands, b.status, b.at)
		}
		if csp := b.header.Get("Content-Security-Policy"); status != 200 && !strings.Contains(csp, "style-src "+issuer+";") {
			t.Errorf("the page may have the styles of %q", csp)
		}
		if response := b.asks(http.MethodPost, reportsURL+"/"); response.StatusCode != status {
			t.Errorf("%s is answered %d to a form", demands, response.StatusCode)
		}
	}

	// Who is in the group no more is let through no more, and so is another role.
	with("?group=ops")
	s.as(admin, http.MethodDelete, groupsPath+"/"+ops.ID+"/members/"+ann.ID, nil).Expect(t, http.StatusNoContent, "")
	r.Clock.Advance(30 * time.Second)
	b.open(reportsURL + "/")
	b.sees("/", http.StatusForbidden)
	with("?role=editor")
	s.as(admin, http.MethodPatch, "/api/admin/users/"+ann.ID, map[string]any{"role": "editor"}).Expect(t, http.StatusOK, "")
	b.enters(reportsURL+"/", "", "")
	b.enters(ordersURL+"/", "", "")
	s.as(admin, http.MethodDelete, groupsPath+"/"+buyers.ID+"/members/"+ann.ID, nil).Expect(t, http.StatusNoContent, "")
	r.Clock.Advance(30 * time.Second)
	b.open(ordersURL + "/")
	b.sees("/", http.StatusForbidden)

	// A sign-in that is too long ago is done again.
	with("?max_age=60")
	r.Clock.Advance(2 * time.Minute)
	if response := b.asks(http.MethodPost, reportsURL+"/"); response.StatusCode != http.StatusForbidden {
		t.Errorf("a form is answered %d", response.StatusCode)
	}
	b.open(reportsURL + "/x")
	b.sees("/signin", http.StatusOK)
	b.submit("/signin", map[string]string{"email": ann.Email, "password": strangerPassword})
	b.isLetThrough(reportsURL + "/x")
}

// Whoever has no second factor learns that one is needed; whoever has shows it.
func TestAGatewayDemandsASecondFactor(t *testing.T) {
	t.Parallel()
	s := newRealmOfClients(t, gatedClients()...).serve()
	b := s.newGatedBrowser(through("?acr=2"))
	password := map[string]string{"email": adminEmail, "password": adminPassword}
	b.open(reportsURL + "/")
	b.submit("/signin", password)
	b.sees(stepUpPath, http.StatusOK, "A second factor is needed")
	b.submit(stepUpPath, nil)
	b.sees(callbackPath, http.StatusForbidden, "two-factor sign-in")
	app := s.enrol(s.login().Access)
	b.open(reportsURL + "/")
	b.sees(stepUpPath, http.StatusOK, "Enter your code")
	b.submit("/signin/code", map[string]string{"code": s.shown(app.Secret)})
	b.isLetThrough(reportsURL + "/")
}

// While PostgreSQL is away, whom this server knows goes on, and Redis need not answer either.
func TestAGatedSessionGoesOnWithoutTheStores(t *testing.T) {
	t.Parallel()
	suite.secrets.used(shopSecret)
	redis := testenv.StartRedis(t)
	postgres := realmtest.NewPostgres(t, logger())
	r := newRealmOn(t, postgres.Database(t), redis.URL())
	r.Clients = gatedClients()
	r.Update()
	s := r.serve()
	b := s.newGatedBrowser(through(""))
	b.enters(reportsURL+"/", adminEmail, adminPassword)
	if err := postgres.Halt(); err != nil {
		t.Fatal(err)
	}
	b.enters(reportsURL+"/", "", "")
	r.Clock.Advance(10 * time.Minute) // nobody is asked in vain
	b.enters(reportsURL+"/", "", "")
	redis.Stop(t)
	b.enters(reportsURL+"/", "", "")
	if err := postgres.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
}
