// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestPagesChangeAProfile(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	b.submit("/account/profile", map[string]string{"name": "Grace", "locale": "de"})
	b.sees("/account", http.StatusOK, "Your profile is saved.")
	if got := query[string](r, "SELECT name || ' ' || locale FROM users"); got != "Grace de" {
		t.Errorf("the profile is %s", got)
	}
	r.Exec("UPDATE users SET locale = 'pt-BR'")
	b.open("/account")
	b.submit("/account/profile", map[string]string{"name": "Grace"})
	if got := query[string](r, "SELECT locale FROM users"); got != "pt-BR" {
		t.Errorf("a language that the page does not speak became %s", got)
	}
}

func TestPagesChangeAnAddress(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	r.Config.Browser.VerifyEmailURL = issuer + "/verify-email/{token}"
	r.Update()
	suite.secrets.used(annNext)
	b := r.serve().newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	r.Clock.Advance(longAgo)
	b.submit("/account/email", map[string]string{"email": "ann"})
	b.sees("/account/email", http.StatusBadRequest, "This is not an e-mail address.")
	if attribute(b.find("input", "id", "new-email"), "value") != "ann" {
		t.Error("the address was forgotten")
	}
	b.submit("/account/email", map[string]string{"email": annNext})
	b.sees("/account/email", http.StatusForbidden, "Is it you?")
	for says, password := range map[string]string{"Please enter your password or a code.": "", "The password is wrong.": wrongPassword} {
		b.submit("/account/email", map[string]string{"password": password})
		b.sees("/account/email", http.StatusForbidden, "Is it you?", says)
	}
	if len(r.letters(annNext)) != 0 {
		t.Error("the new address was mailed without proof")
	}
	b.submit("/account/email", map[string]string{"password": adminPassword})
	b.sees("/account", http.StatusOK, "A link is on its way to the new address.")
	link := r.lastLetter(annNext, auth.VerifyEmailMessage).Links[0]
	suite.secrets.used(link[strings.LastIndex(link, "/")+1:])
	b.open(link)
	b.submit("", nil)
	b.open("/account")
	b.sees("/account", http.StatusOK, annNext)
}

func TestPagesHandOutBackupCodes(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	app := s.enrol(s.login().Access)
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	b.submit("/signin/code", map[string]string{"code": s.shown(app.Secret)})
	b.submit("/account/two-factor/backup-codes", nil)
	b.sees("/account/two-factor/backup-codes", http.StatusOK, "Your new backup codes")
	codes := strings.Fields(attribute(b.find("input", "name", "codes"), "value"))
	suite.secrets.used(codes...)
	b.submit("/account/two-factor/backup-codes/file", nil)
	if b.header.Get("Content-Disposition") != `attachment; filename="backup-codes.txt"` || b.header.Get("Cache-Control") != "no-store" ||
		b.header.Get("Content-Type") != "text/plain; charset=utf-8" || b.header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("the file comes with %v", b.header)
	}
	for _, code := range codes {
		if !strings.Contains(b.body, code+"\r\n") {
			t.Errorf("%d codes are not all in the file", len(codes))
		}
	}
	file := func(codes string) *http.Request {
		r := newRequest(t, http.MethodPost, "/account/two-factor/backup-codes/file", url.Values{"codes": {codes}}.Encode())
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		return r
	}
	for _, odd := range []string{"", "<script>", "VISIT evil.example"} {
		b.send(file(odd))
		b.sees("/account/two-factor/backup-codes/file", http.StatusBadRequest)
	}
	stranger := s.newPageBrowser()
	stranger.send(file("aaaa-bbbb"))
	stranger.sees("/signin", http.StatusOK)
}

func TestPagesSetUpATelephone(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	phones := r.sendsTexts()
	b := r.serve().newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	b.submit("/account/two-factor/sms", map[string]string{"phone": "030 901820"})
	b.sees("/account/two-factor/sms", http.StatusBadRequest, "This is not a phone number with its country code.")
	if attribute(b.find("input", "id", "phone"), "value") != "030 901820" {
		t.Error("the number was forgotten")
	}
	b.submit("/account/two-factor/sms", map[string]string{"phone": "+49 30 901820"})
	b.sees("/account/two-factor/sms", http.StatusOK, "Confirm your phone")
	first := phones.last(1)
	codes := strings.Fields(attribute(b.find("input", "name", "codes"), "value"))
	suite.secrets.used(codes...)
	b.submit("/account/two-factor/sms", nil)
	b.sees("/account/two-factor/sms", http.StatusTooManyRequests, "Too many requests", "Try again in")
	b.submit("/account/two-factor/sms/verify", map[string]string{"code": other(first)})
	b.sees("/account/two-factor/sms/verify", http.StatusBadRequest, "The code is wrong", "Attempts left: 4.")
	b.submit("/account/two-factor/sms/verify", map[string]string{"code": first})
	b.sees("/account/two-factor/sms/verify", http.StatusOK, "Your new backup codes", codes[0])

	r.Clock.Advance(longAgo)
	b.open("/account")
	b.submit("/account/two-factor/disable", nil)
	b.submit("/account/two-factor/disable", map[string]string{"text": "yes"})
	b.sees("/account/two-factor/disable", http.StatusForbidden, "A code is on its way to your phone.")
	b.submit("/account/two-factor/disable", map[string]string{"text": "yes"})
	b.sees("/account/two-factor/disable", http.StatusForbidden, "Too many requests", "Try again in")
	b.submit("/account/two-factor/disable", map[string]string{"code": other(phones.last(2))})
	b.sees("/account/two-factor/disable", http.StatusForbidden, "The code is wrong", "Attempts left: 4.")
	b.submit("/account/two-factor/disable", map[string]string{"code": phones.last(2)})
	b.sees("/account", http.StatusOK, "Protect your account with a code")
}

func TestPagesLinkIdentities(t *testing.T) {
	t.Parallel()
	u, taken := newUpstream(t), newUpstream(t)
	taken.script(func() { taken.claims["sub"] = "subject-2" })
	r := newMailingRealm(t)
	r.withProviders(upstreamSecret, u.provider("first", realmconfig.OIDC), taken.provider("second", realmconfig.OIDC))
	s := r.serve()
	s.newBrowser().signIn("second", nil) // Bob has it
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	r.Clock.Advance(longAgo)
	b.submit("/account/identities", map[string]string{"provider": "first"})
	b.submit("/account/identities", map[string]string{"password": wrongPassword})
	b.sees("/account/identities", http.StatusForbidden, "The password is wrong.")
	b.submit("/account/identities", map[string]string{"password": adminPassword})
	b.sees("/account/identities", http.StatusOK, "On to first")
	link := func(provider string) {
		t.Helper()
		b.open("/account")
		b.submit("/account/identities", map[string]string{"provider": provider})
		b.sees("/account/identities", http.StatusOK, "On to "+provider)
		address := attribute(b.link("Continue with "+provider), "href")
		suite.secrets.used(queryOf(t, address, "link"))
		if refresh := b.header.Get("Refresh"); refresh != "0; url="+address {
			t.Errorf("goes on to %q", refresh)
		}
		b.open(address)
	}
	link("first")
	b.sees("/account", http.StatusOK, "Your ways to sign in are changed.", "bob@example.com")
	r.lastLetter(adminEmail, auth.IdentityLinkedMessage)
	link("second")
	b.sees("/account/identities/return", http.StatusBadRequest, "Another account is linked with this already.")
	b.open("/account/identities/return?code=rko_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
	b.sees("/account/identities/return", http.StatusBadRequest, "began in another browser")
	u.script(func() { u.answer = func(q url.Values) { q.Set("error", "access_denied") } })

	id := query[string](r, "SELECT i.id::text FROM identities i JOIN users u ON u.id = i.user_id WHERE u.email = $1", adminEmail)
	b.open("/account")
	b.submit("/account/identities/"+id+"/unlink", nil)
	b.sees("/account", http.StatusOK, "None yet.")
	link("first")
	b.sees("/account/identities/return", http.StatusBadRequest, "The other service did not sign you in.")
}

func TestPagesOfAnAccountWithoutAPassword(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	r := newMailingRealm(t)
	r.withProviders(upstreamSecret, u.provider("first", realmconfig.OIDC), u.provider("second", realmconfig.OIDC))
	b := r.serve().newPageBrowser()
	b.open("/signin")
	b.open(attribute(b.link("Continue with first"), "href"))
	b.sees("/account", http.StatusOK, "bob@example.com", "You have no password.")
	id := query[string](r, "SELECT id::text FROM identities")
	b.submit("/account/identities/"+id+"/unlink", nil)
	b.sees("/account/identities/"+id+"/unlink", http.StatusBadRequest, "This is your only way to sign in.")
	r.Clock.Advance(longAgo)
	b.open("/account")
	b.submit("/account/password", map[string]string{"password": newPassword})
	b.sees("/account/password", http.StatusForbidden, "Is it you?")
	b.open("/signin")
	b.open(attribute(b.link("Continue with first"), "href"))
	b.sees("/account", http.StatusOK)
	b.submit("/account/password", map[string]string{"password": newPassword})
	b.sees("/account", http.StatusOK, "Your password is changed")
	r.lastLetter("bob@example.com", auth.PasswordChangedMessage)
}

// Anybody may write into an address what a sign-in at a provider has come to.
func TestPagesBelieveNoFaultThatAnAddressTellsOf(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	for _, code := range []string{"internal", "busy", "proof_required", "not_found", "nonsense"} {
		for _, path := range []string{"/account/identities/return?error=", "/signin/return?error="} {
			r := newRequest(t, http.MethodGet, path+code, nil)
			r.Header.Set("Accept", "text/html")
			r.Header.Set("Cookie", "__Host-rk-access=x")
			response, err := s.HTTP.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			_ = response.Body.Close()
			if response.StatusCode >= http.StatusForbidden {
				t.Errorf("%s%s answers %d", path, code, response.StatusCode)
			}
		}
	}
}
