// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const decisionPath = "/oauth2/decision"

// asking is a client that people are asked about.
func asking(c *realmconfig.Client) { c.Consent = realmconfig.AskConsent }

// isAsked fails the test unless the browser is at a page that asks for an answer.
func (b *pageBrowser) isAsked(says ...string) {
	b.t.Helper()
	if b.away != nil || b.status != http.StatusOK || len(b.all("form", "action", decisionPath)) != 1 {
		b.t.Fatalf("nobody is asked at %s with %d, sent to %v:\n%s", b.at, b.status, b.away, b.text())
	}
	b.sees(b.at.Path, http.StatusOK, says...)
}

func (b *pageBrowser) answers(answer string) {
	b.t.Helper()
	b.submit(decisionPath, map[string]string{"answer": answer})
}

// refusedWith fails the test unless the application is told of an error alone.
func (f *flow) refusedWith(b *pageBrowser, code string) {
	f.a.s.t.Helper()
	if got := f.answered(b); got.Get("error") != code || got.Get("code") != "" || got.Get("error_description") == "" {
		f.a.s.t.Errorf("the answer is %v, not %s", got, code)
	}
}

// question is one that the admin is asked in a browser, on the way to an application.
type question struct {
	r *realm
	s *server
	b *pageBrowser
	f *flow
}

// newQuestion has the admin, who is signed in, asked about a client that wants scopes.
func newQuestion(t *testing.T, c realmconfig.Client, scopes string, also ...oauth2.AuthCodeOption) question {
	t.Helper()
	r := newRealmOfClients(t, c)
	s := r.serve()
	q := question{r, s, s.newPageBrowser(), s.newApplication(c, strings.Fields(scopes)...).newFlow()}
	q.b.signIn(adminEmail, adminPassword)
	q.b.open(q.f.address(also...))
	q.b.isAsked()
	return q
}

// leavesNothing fails the test if a question, or an answer that agrees to nothing, has left
// anything.
func (r *realm) leavesNothing() {
	r.t.Helper()
	if n := query[int](r, "SELECT (SELECT count(*) FROM consents) + (SELECT count(*) FROM authorization_codes)"); n != 0 {
		r.t.Errorf("%d rows are left", n)
	}
}

func TestPeopleAreAskedForTheirConsentOnce(t *testing.T) {
	t.Parallel()
	c := newWebClient(asking, func(c *realmconfig.Client) { c.Scopes = append(c.Scopes, "orders:read") })
	r := newRealmOfClients(t, c)
	s := r.serve()
	b := s.newPageBrowser()
	begin := func(scopes string, also ...string) *flow {
		f := s.newApplication(c, strings.Fields(scopes)...).newFlow()
		options := f.address()
		if len(also) == 2 {
			options = f.address(param(also[0], also[1]))
		}
		b.away = nil
		b.open(options)
		return f
	}

	f := begin("openid email orders:read")
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	b.isAsked("Allow Shop?", "You are signed in as "+adminEmail, "recognize you by your account here", "know your e-mail address",
		"do what it calls “orders:read”", "Next you go to app.example.com")
	if strings.Contains(b.text(), "groups") || strings.Contains(b.text(), "your name") {
		t.Errorf("more is said than was asked for:\n%s", b.text())
	}
	if csp := b.header.Get("Content-Security-Policy"); !strings.Contains(csp, "form-action 'self' "+strings.TrimSuffix(appURL, "/")+";") {
		t.Errorf("the form may not end at the application: %q", csp)
	}
	r.leavesNothing()
	b.answers("allow")
	if h := f.exchange(f.code(b)); h.claims["email"] != adminEmail {
		t.Errorf("the ID token is %v", h.claims)
	}

	for name, scopes := range map[string]string{"the same": "orders:read email openid", "less": "openid", "nothing": "", "more than there is": "openid unknown"} {
		f := begin(scopes)
		t.Log(name)
		f.code(b)
		begin(scopes, "prompt", "none").code(b)
	}
	for name, more := range map[string][]string{
		"another scope":   {"openid groups"},
		"another claim":   {"openid", "claims", `{"userinfo":{"name":null}}`},
		"a claim already": {"openid", "claims", `{"id_token":{"groups":{"essential":true}}}`},
		"going on":        {"openid offline_access"},
		"to be asked":     {"openid", "prompt", "consent"},
	} {
		t.Log(name)
		begin(more[0], more[1:]...)
		b.isAsked()
		if more = append(more, "prompt", "none"); len(more) == 3 {
			begin(more[0], more[1:]...).refusedWith(b, "consent_required")
		}
	}

	f = begin("openid profile")
	b.isAsked("know your name and your language")
	b.answers("allow")
	f.exchange(f.code(b))
	begin("openid profile email").code(b) // of which each was agreed to at some time
	if n := query[int](r, "SELECT count(*) FROM consents"); n != 1 {
		t.Errorf("there are %d consents", n)
	}
	if n := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'consent.given' AND detail = $1 AND actor_id = target_id", c.ID); n != 2 {
		t.Errorf("%d consents are told of", n)
	}

	f = begin("openid", "prompt", "consent")
	b.isAsked()
	b.answers("allow")
	f.exchange(f.code(b))
	f = begin("openid", "prompt", "login consent")
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	b.isAsked()
	b.answers("allow")
	f.exchange(f.code(b))
}

func TestWhoeverCancelsIsSentBackWithARefusal(t *testing.T) {
	t.Parallel()
	q := newQuestion(t, newWebClient(asking), "openid")
	b, f := q.b, q.f
	for range 2 { // it is not remembered either
		b.answers("cancel")
		f.refusedWith(b, "access_denied")
		b.open(f.address())
		b.isAsked()
	}
	b.open(f.address(param("response_mode", "form_post")))
	b.isAsked()
	b.answers("cancel")
	if b.away != nil || attribute(b.find("input", "name", "error"), "value") != "access_denied" || attribute(b.find("input", "name", "iss"), "value") != issuer {
		t.Errorf("the browser is at %s, sent to %v:\n%s", b.at, b.away, b.body)
	}
	q.r.leavesNothing()
}

// Whoever would rather use another account is asked again for that one.
func TestAnotherAccountIsAskedForItself(t *testing.T) {
	t.Parallel()
	q := newQuestion(t, newWebClient(asking), "openid email")
	r, b, f := q.r, q.b, q.f
	a := q.s.newAnn("user")
	b.isAsked(adminEmail)
	b.click("Use another account")
	b.sees("/signin", http.StatusOK)
	b.submit("/signin", map[string]string{"email": a.user.Email, "password": strangerPassword})
	b.isAsked("You are signed in as " + a.user.Email)
	b.answers("allow")
	if h := f.exchange(f.code(b)); h.claims["email"] != a.user.Email {
		t.Errorf("the ID token is of %v", h.claims["email"])
	}
	if n := query[int](r, "SELECT count(*) FROM consents WHERE user_id = $1", a.user.ID); n != 1 {
		t.Errorf("there are %d consents of theirs", n)
	}
}

// A client that is deleted and made again inherits no consent.
func TestANewClientOfTheNameIsAskedAbout(t *testing.T) {
	t.Parallel()
	c := newWebClient(asking)
	q := newQuestion(t, c, "openid email")
	s, b, f := q.s, q.b, q.f
	b.answers("allow")
	f.exchange(f.code(b))
	s.changeClient(func(c *realmconfig.Client) { c.Since = c.Since.Add(time.Second) })
	b.open("/account")
	if strings.Contains(b.text(), "Applications") {
		t.Errorf("what the client before had been allowed is shown:\n%s", b.text())
	}
	f = s.newApplication(c, "openid").newFlow()
	b.open(f.address())
	b.isAsked()
	b.answers("allow")
	f.exchange(f.code(b))
	b.open(f.address(param("scope", "openid email")))
	b.isAsked()
}

// changeClient changes the first client of the realm, and waits until that is in force.
func (s *server) changeClient(change func(*realmconfig.Client)) {
	s.t.Helper()
	shard := realmconfig.ClientShard(s.realm.Clients[0].ID)
	revision := s.Report().ClientRevisions[shard]
	change(&s.realm.Clients[0])
	s.realm.Update()
	s.eventually("the client is changed", func() bool { return s.Report().ClientRevisions[shard] != revision })
}

// form is what the page's form would send.
func (b *pageBrowser) decision(answer string) url.Values {
	b.t.Helper()
	return url.Values{
		"journey": {attribute(b.find("input", "name", "journey"), "value")}, "decision": {attribute(b.find("input", "name", "decision"), "value")},
		"answer": {answer},
	}
}

// post sends a form that need not be one of the page's, as a page of the realm's does.
func (b *pageBrowser) post(path string, values url.Values, header ...string) {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, issuer+path, strings.NewReader(values.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	b.away = nil
	b.send(r)
}
