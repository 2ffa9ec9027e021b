// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// A thief with the cookie of before gets as far as the proof page.
func TestPagesAskOnceForProof(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.sendsTexts()
	s, b := newAdmin(t, r)
	suite.secrets.used("eve@example.com")
	admin := s.login().Access
	ann := s.createUser(admin, annEmail, "user")
	s.enrol(s.tokensOf(s.tryLogin(annEmail, strangerPassword)).Access)
	r.Exec("UPDATE users SET disabled_at = now() WHERE email = $1", annEmail)
	app := s.enrol(admin)
	r.Clock.Advance(longAgo)
	user := "/admin/users/" + ann.ID
	dump := func() string {
		return query[string](r, `SELECT concat((SELECT json_agg(u ORDER BY id) FROM (SELECT id, email, role, disabled_at FROM users) u),
			(SELECT json_agg(f ORDER BY user_id) FROM second_factors f), (SELECT json_agg(b ORDER BY user_id) FROM backup_codes b))`)
	}
	before := dump()
	for _, c := range []struct {
		page, form string
		fields     map[string]string
	}{
		{"/account", "/account/two-factor/sms", map[string]string{"phone": aliceNumber}},
		{"/account", "/account/two-factor/disable", nil},
		{"/account", "/account/two-factor/backup-codes", nil},
		{"/account", "/account/delete", nil},
		{user, user, map[string]string{"role": "admin"}},
		{user, user + "/enable", nil},
		{user, user + "/two-factor/reset", nil},
		{user, user + "/delete", map[string]string{"confirm": annEmail}},
		{"/admin/users/new", "/admin/users", map[string]string{"email": "eve@example.com", "role": "admin", "password": strangerPassword}},
	} {
		b.open(c.page)
		b.submit(c.form, c.fields)
		b.sees(c.form, http.StatusForbidden, "Is it you?", "Current password", "or a code of your second factor")
		if strings.Contains(b.body, strangerPassword) || strings.Contains(b.body, "eve%40example.com") {
			t.Errorf("%s: the proof page shows what was typed", c.form)
		}
		b.submit(c.form, map[string]string{"password": wrongPassword})
		b.sees(c.form, http.StatusForbidden, "The password is wrong.")
		s.tryLogin(adminEmail, adminPassword) // so that the wrong ones do not add up
		r.Clock.Advance(16 * time.Minute)
	}
	if after := dump(); after != before {
		t.Errorf("something has changed:\n%s\n%s", before, after)
	}

	b.submit("/admin/users", map[string]string{"code": s.shown(app.Secret)})
	b.sees("/admin/users/"+query[string](r, "SELECT id::text FROM users WHERE email = 'eve@example.com'"), http.StatusOK, "The user is created.")
	s.tokensOf(s.tryLogin("eve@example.com", strangerPassword)) // with what was typed before the proof
	if got := query[string](r, "SELECT role FROM users WHERE email = 'eve@example.com'"); got != "admin" {
		t.Errorf("the role is %s", got)
	}
	r.Clock.Advance(4 * time.Minute)
	b.open(user)
	b.submit(user+"/enable", nil)
	b.sees(user, http.StatusOK, "The user may sign in again.") // not asked again
	r.Clock.Advance(2 * time.Minute)
	b.submit(user+"/delete", map[string]string{"confirm": annEmail})
	b.sees(user+"/delete", http.StatusForbidden, "Is it you?")
	for _, language := range []string{"de", "es", "fr"} {
		b.language = language
		b.submit(user+"/delete", nil)
		if b.status != http.StatusForbidden || strings.Contains(b.text(), "Is it you?") {
			t.Errorf("in %s, the page says %s", language, b.text())
		}
	}
}

// What was interrupted is for its user and its page, and goes nowhere else.
func TestAnInterruptedFormStaysWhereItWas(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	r.sendsTexts()
	s, b := newAdmin(t, r)
	s.createUser(s.login().Access, annEmail, "user")
	r.Clock.Advance(longAgo)
	b.open("/account")
	b.submit("/account/two-factor/sms", map[string]string{"phone": aliceNumber})
	interrupted := attribute(b.find("input", "name", "interrupted"), "value")
	send := func(b *pageBrowser, path, interrupted, password string) {
		q := newRequest(t, http.MethodPost, path, url.Values{"interrupted": {interrupted}, "password": {password}}.Encode())
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		b.send(q)
	}
	other := s.newPageBrowser()
	other.signIn(annEmail, strangerPassword)
	send(other, "/account/two-factor/sms", interrupted, strangerPassword)
	other.sees("/account/two-factor/sms", http.StatusBadRequest, "Something in the form is not right.")
	send(b, "/account/two-factor/disable", interrupted, adminPassword)
	b.sees("/account/two-factor/disable", http.StatusBadRequest, "Something in the form is not right.")
	for _, nonsense := range []string{"", "x", "%%%", strings.Repeat("A", 9000)} {
		send(b, "/account/two-factor/sms", nonsense, adminPassword)
		b.sees("/account/two-factor/sms", http.StatusBadRequest, "Something in the form is not right.")
	}
	if waiting := query[int](r, "SELECT count(*) FROM second_factors"); waiting != 0 {
		t.Errorf("%d factors were begun", waiting)
	}
	stranger := s.newPageBrowser()
	send(stranger, "/account/two-factor/sms", interrupted, adminPassword)
	stranger.sees("/signin", http.StatusOK)
	send(b, "/account/two-factor/sms", interrupted, adminPassword)
	b.sees("/account/two-factor/sms", http.StatusOK, "Confirm your phone")
	suite.secrets.used(strings.Fields(attribute(b.find("input", "name", "codes"), "value"))...)
	for _, path := range []string{"//evil.example/unlink", "/%2fevil.example/..", "/a%22%3e%3cb%3e/unlink"} {
		r.Clock.Advance(longAgo)
		send(b, "/account/identities"+path+"/unlink", "", "")
		for _, form := range b.all("form", "method", "post") {
			if action := attribute(form, "action"); !strings.HasPrefix(action, "/") || strings.HasPrefix(action, "//") {
				t.Errorf("a form goes to %s", action)
			}
		}
	}
}

// Whoever has only a provider signs in there again, and goes on.
func TestPagesTakeASignInAsProof(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	r := newMailingRealm(t)
	suite.secrets.used(annNext)
	r.withProviders(upstreamSecret, u.provider("first", realmconfig.OIDC))
	s := r.serve()
	b := s.newPageBrowser()
	b.open("/signin")
	b.open(attribute(b.link("Continue with first"), "href"))
	b.sees("/account", http.StatusOK, "bob@example.com")
	change := func() {
		t.Helper()
		r.Clock.Advance(longAgo)
		b.open("/account")
		b.submit("/account/email", map[string]string{"email": annNext})
		b.sees("/account/email", http.StatusForbidden, "Is it you?")
		if strings.Contains(b.text(), "Current password") || strings.Contains(b.text(), "Code") {
			t.Errorf("the page asks for what Bob does not have: %s", b.text())
		}
	}
	change()
	b.open(attribute(b.link("Sign in again with first"), "href"))
	b.sees("/signin/return", http.StatusOK, "Thank you, it is you.")
	if asked := u.lastAsked(); asked.Get("max_age") != "0" {
		t.Errorf("the provider was asked %v", asked)
	}
	b.submit("/account/email", nil)
	b.sees("/account", http.StatusOK, "A link is on its way to the new address.")
	if left := query[int](r, "SELECT count(*) FROM sessions WHERE ended_at IS NULL"); left != 1 {
		t.Errorf("%d sessions are alive, want that of the last sign-in", left)
	}

	// Somebody else at the provider proves nothing for Bob.
	change()
	u.script(func() { u.claims["sub"], u.claims["email"] = "subject-2", annEmail })
	b.open(attribute(b.link("Sign in again with first"), "href"))
	b.sees("/account", http.StatusOK, annEmail)
	if strings.Contains(b.text(), annNext) {
		t.Errorf("Ann sees what Bob was doing: %s", b.text())
	}
	if got := len(r.letters(annNext)); got != 1 {
		t.Errorf("%d mails went to the new address, want that of the first time", got)
	}
	if left := query[int](r, "SELECT count(*) FROM sessions s JOIN users u ON u.id = s.user_id WHERE ended_at IS NULL AND email <> $1", annEmail); left != 0 {
		t.Error("Bob's session is still there, with no holder")
	}
}
