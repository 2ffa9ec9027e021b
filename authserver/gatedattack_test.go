// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

// An answer is good in the browser that has asked, on the host where it has, for what it has
// asked, and once.
func TestAnAnswerToAGatewayIsGoodWhereItWasAskedFor(t *testing.T) {
	t.Parallel()
	reports := newGatedClient("apps.reports", reportsURL, func(c *realmconfig.Client) {
		c.RedirectURIs = append(c.RedirectURIs, appURL+"_realm/callback", "https://second.example.com"+callbackPath)
	})
	r := newRealmOfClients(t, reports, newGatedClient("apps.orders", ordersURL))
	s := r.serve()
	gate := through("")
	gate["second.example.com"] = "apps.reports"
	victim, thief := s.newGatedBrowser(gate), s.newGatedBrowser(gate)
	refusedTo := func(b *pageBrowser, address string) {
		t.Helper()
		b.open(address)
		if b.status != http.StatusBadRequest || !strings.Contains(b.text(), "Please start again") {
			t.Errorf("is at %s with %d:\n%s", b.at, b.status, b.text())
		}
		at, _ := url.Parse(address)
		for _, c := range b.client.Jar.Cookies(at) {
			if c.Name == "__Host-rk-app" {
				t.Errorf("%s has a session at %s", b.at, at.Host)
			}
		}
	}
	changed := func(u *url.URL, name, value string) string {
		query, other := u.Query(), *u
		query.Set(name, value)
		other.RawQuery = query.Encode()
		return other.String()
	}

	mine := thief.comesBack(s, reportsURL+"/", adminEmail, adminPassword)
	refusedTo(victim, mine.String()) // who would be signed in as the thief
	theirs := victim.comesBack(s, reportsURL+"/", adminEmail, adminPassword)
	refusedTo(victim, changed(mine, "code", theirs.Query().Get("code"))) // a state of another browser
	refusedTo(victim, changed(theirs, "code", mine.Query().Get("code"))) // a code of another browser
	refusedTo(thief, mine.String())                                      // which it has burned
	for name, value := range map[string]string{"iss": "https://evil.example", "state": "x", "code": "rka_x"} {
		theirs = victim.comesBack(s, reportsURL+"/", "", "")
		refusedTo(victim, changed(theirs, name, value))
	}
	theirs = victim.comesBack(s, reportsURL+"/", "", "")
	refusedTo(victim, theirs.String()+"&state=x")
	theirs = victim.comesBack(s, reportsURL+"/", "", "")
	r.Clock.Advance(time.Hour)
	refusedTo(victim, theirs.String())

	// On another host, even of the same client and with the cookie of the flow.
	theirs = victim.comesBack(s, reportsURL+"/", adminEmail, adminPassword)
	kept := victim.client.Jar.Cookies(theirs)
	for _, host := range []string{"second.example.com", "orders.example.com"} {
		other := *theirs
		other.Host = host
		victim.client.Jar.SetCookies(&other, kept)
		refusedTo(victim, other.String())
	}
	victim.open(theirs.String())
	victim.isLetThrough(reportsURL + "/")
	refusedTo(s.newGatedBrowser(gate), theirs.String())
	victim.open(reportsURL + "/")
	victim.isLetThrough(reportsURL + "/")
}

// Of many who show one answer at once, one is let in; and then it has been in several hands.
func TestOneOfManyIsLetInByAnAnswer(t *testing.T) {
	t.Parallel()
	r := newRealmOfClients(t, gatedClients()...)
	s := r.serve()
	b := s.newGatedBrowser(through(""))
	answer := b.comesBack(s, reportsURL+"/", adminEmail, adminPassword)
	kept := b.client.Jar.Cookies(answer)
	winners := race.Winners(50, func(int) *http.Response {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, answer.String(), nil)
		if err != nil {
			t.Error(err)
			return &http.Response{}
		}
		for _, c := range kept {
			request.AddCookie(c)
		}
		response, err := b.client.Transport.RoundTrip(request)
		if err != nil {
			t.Error(err)
			return &http.Response{}
		}
		_ = response.Body.Close()
		return response
	}, func(response *http.Response) bool { return response.StatusCode == http.StatusSeeOther })
	if n := query[int](r, "SELECT count(*) FROM grants"); len(winners) != 1 || n != 1 {
		t.Errorf("%d are let in, and %d grants have begun", len(winners), n)
	}
}

// Which application a request is for the gateway says, and nothing that a visitor sends.
func TestAVisitorDoesNotChooseTheApplication(t *testing.T) {
	t.Parallel()
	s := newRealmOfClients(t, gatedClients()...).serve()
	b := s.newGatedBrowser(through(""))
	b.enters(reportsURL+"/", adminEmail, adminPassword)
	at, _ := url.Parse(reportsURL)
	session := b.client.Jar.Cookies(at)[0]
	suite.secrets.used(session.Value)
	const ok, no, bad = http.StatusOK, http.StatusUnauthorized, http.StatusBadRequest
	for name, c := range map[string]struct {
		path, host string
		header     []string
		status     int
	}{
		"as it should be":                     {"apps.reports", "reports.example.com", nil, ok},
		"of another application":              {"apps.orders", "orders.example.com", nil, no},
		"with a header of the visitor's":      {"apps.orders", "orders.example.com", []string{"X-Auth-Client-Id", "apps.reports"}, no},
		"with a query of the visitor's":       {"apps.orders?client=apps.reports", "orders.example.com", nil, bad},
		"with the visitor's path and query":   {"apps.orders/x?client=apps.reports", "orders.example.com", nil, no},
		"on the host of another":              {"apps.reports", "orders.example.com", nil, bad},
		"on a host of nobody's":               {"apps.reports", "evil.example", nil, bad},
		"with the visitor's path and host":    {"apps.reports/x?y", "", []string{"Host", "reports.example.com"}, ok},
		"with the host of another":            {"apps.reports/x?y", "", []string{"Host", "orders.example.com"}, bad},
		"on the realm's own host":             {"apps.reports", "", nil, bad},
		"on a host and one more":              {"apps.reports", "reports.example.com, evil.example", nil, bad},
		"on two hosts":                        {"apps.reports", "reports.example.com", []string{"X-Forwarded-Host", "orders.example.com"}, bad},
		"on a host with a user":               {"apps.reports", "x@reports.example.com", nil, bad},
		"on a host with a path":               {"apps.reports", "reports.example.com/_realm/callback?", nil, bad},
		"on a host at another port":           {"apps.reports", "reports.example.com:8443", nil, bad},
		"of a client that there is not":       {"apps.nobody", "reports.example.com", nil, bad},
		"of the realm's own":                  {"realmkeeper", "reports.example.com", nil, bad},
		"with the session twice":              {"apps.reports", "reports.example.com", []string{"Cookie", "__Host-rk-app=x"}, no},
		"with the path of the visitor's":      {"apps.reports/x?role=admin", "reports.example.com", nil, ok},
		"below what the realm has for itself": {"apps.reports/_realm/x", "reports.example.com", nil, http.StatusNotFound},
		"with a method that is the visitor's": {"apps.reports", "reports.example.com", []string{"X-Forwarded-Method", "POST"}, ok},
		"with two methods":                    {"apps.reports", "reports.example.com", []string{"X-Forwarded-Method", "POST", "X-Forwarded-Method", "GET"}, bad},
	} {
		request := newRequest(t, http.MethodGet, "/forward-auth/"+c.path, nil)
		if c.host != "" {
			request.Header.Set("X-Forwarded-Host", c.host)
		}
		request.Header.Set("Cookie", session.Name+"="+session.Value)
		for i := 0; i < len(c.header); i += 2 {
			request.Header.Add(c.header[i], c.header[i+1])
		}
		if host := request.Header.Get("Host"); host != "" { // of a gateway that asks as the visitor does
			request.Host = host
		}
		response, err := s.HTTP.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if told := response.Header.Get("X-Auth-User-Id") != ""; response.StatusCode != c.status || told != (c.status == ok) {
			t.Errorf("%s is answered %d with %v", name, response.StatusCode, response.Header)
		}
	}
}

// Whoever signs in comes back to the application, and nowhere else.
func TestNobodyIsLedAwayByASignIn(t *testing.T) {
	t.Parallel()
	s := newRealmOfClients(t, gatedClients()...).serve()
	b := s.newGatedBrowser(through(""))
	b.enters(reportsURL+"/", adminEmail, adminPassword)
	for to, want := range map[string]string{
		"https://evil.example/": "/", "//evil.example/": "/", `/\evil.example/`: "/", `\\evil.example`: "/", "/\t/evil.example": "/", "javascript:alert(1)": "/",
		"": "/", "@evil.example/": "/", ".evil.example/": "/", "/_realm/signout": "/", "/%5Cevil.example": "/%5Cevil.example", "/x?to=https://evil.example/": "/x?to=https://evil.example/",
		"/" + strings.Repeat("a", 1499): "/" + strings.Repeat("a", 1499), "/" + strings.Repeat("a", 1500): "/", "/?" + strings.Repeat("&", 1498): "/?" + strings.Repeat("&", 1498),
	} {
		b.open(reportsURL + "/_realm/signin?" + url.Values{"to": {to}}.Encode())
		b.isLetThrough(reportsURL + want)
	}
	huge := s.newGatedBrowser(through(""))
	huge.open(reportsURL + "/?" + strings.Repeat("x", 6000))
	huge.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	huge.isLetThrough(reportsURL + "/")
}

// The realm's own tokens open its API, and a client's the application that is the client's.
func TestTokensAtAGatedApplication(t *testing.T) {
	t.Parallel()
	web, other := newOAuthClient("web"), newOAuthClient("other", withAudiences("shop.web"))
	gated := func(c *oauthClient) { c.RedirectURIs = []string{reportsURL + callbackPath} }
	gated(&web)
	s := newRealmWithClients(t, web, other).serve()
	own, foreign, realms := s.tokenFor(web, nil).Access, s.tokenFor(other, nil).Access, s.login().Access
	for name, c := range map[string]struct {
		token, query string
		status       int
	}{
		"of the client": {own, "", 200}, "of another client, for this one": {foreign, "", 401}, "of the realm": {realms, "", 401}, "noise": {"noise", "", 401},
		"that tells no role": {own, "?role=admin", 403}, "that tells no group": {own, "?group=ops", 403}, "of no second factor": {own, "?acr=2", 403}, "of nobody's sign-in": {own, "?max_age=60", 403},
	} {
		request := newRequest(t, http.MethodGet, "/forward-auth/shop.web"+c.query, nil)
		request.Header.Set("X-Forwarded-Host", "reports.example.com")
		request.Header.Set("Authorization", "Bearer "+c.token)
		response, err := s.HTTP.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != c.status || c.status == 200 && response.Header.Get("X-Auth-Client-Id") != "shop.web" {
			t.Errorf("a token %s is answered %d with %v", name, response.StatusCode, response.Header)
		}
	}
}
