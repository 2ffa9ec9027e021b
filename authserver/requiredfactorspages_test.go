// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// newRequiringRealmOf is a realm of clients that sends mail, in which Ann must have a second
// factor.
func newRequiringRealmOf(t *testing.T, enforcement realmconfig.Enforcement, clients ...realmconfig.Client) (*realm, *server) {
	t.Helper()
	suite.secrets.used(shopSecret)
	r := newMailingRealm(t)
	r.Clients = clients
	r.requires(enforcement)
	s := r.serve()
	s.registerAnn()
	s.verifyAnn()
	return r, s
}

// showsMail goes from the page that stops somebody to the one where they choose.
func (b *pageBrowser) showsMail(r *realm) {
	b.t.Helper()
	b.sees(b.at.Path, http.StatusOK, "Set up a second step", "we send a code")
	b.submit("/signin/set-up/mail", nil)
	b.sees("/signin/set-up/mail", http.StatusOK, "Code from the mail")
	digits := r.lastSetUpCode()
	b.submit("/signin/set-up/code", map[string]string{"code": otherThan(digits)})
	b.sees("/signin/set-up/code", http.StatusBadRequest, "Attempts left: 4.")
	b.submit("/signin/set-up/code", map[string]string{"code": digits})
	b.sees("/signin/set-up/code", http.StatusOK, "Use an authenticator app")
}

// setsUpAppAtSignIn sets an app up, and keeps the backup codes, up to the button that goes on.
func (b *pageBrowser) setsUpAppAtSignIn(r *realm) {
	b.t.Helper()
	b.submit("/signin/set-up/app", nil)
	b.sees("/signin/set-up/app", http.StatusOK, "Scan this")
	key := b.find("code", "id", "key").FirstChild.Data
	codes := strings.Fields(attribute(b.find("input", "name", "codes"), "value"))
	suite.secrets.used(append(codes, key)...)
	b.submit("/signin/set-up/app/verify", map[string]string{"code": "000000"})
	b.sees("/signin/set-up/app/verify", http.StatusBadRequest, "The code is wrong.")
	b.submit("/signin/set-up/app/verify", map[string]string{"code": oathtool(b.t, key, r.Clock.Now())})
	b.sees("/signin/set-up/app/verify", http.StatusOK, "Your new backup codes", codes[0], codes[9])
}

func TestPagesSetASecondFactorUpAtSignInAndGoOnToTheApplication(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	r, s := newRequiringRealmOf(t, realmconfig.Enforce, c)
	b, f := s.newPageBrowser(), s.newApplication(c, "openid", "email").newFlow()
	b.open(f.address())
	b.submit("/signin", map[string]string{"email": annEmail, "password": annPassword})
	b.showsMail(r)
	b.setsUpAppAtSignIn(r)
	b.open(attribute(b.link("I have kept them"), "href"))
	h := f.exchange(f.code(b))
	if amr, _ := json.Marshal(h.claims["amr"]); string(amr) != `["pwd","otp","mfa"]` || h.claims["acr"] != "2" || h.claims["email"] != annEmail {
		t.Errorf("the ID token is %v", h.claims)
	}
}

func TestPagesSetASecondFactorUpAtSignIn(t *testing.T) {
	t.Parallel()
	t.Run("an app, and on to the account", func(t *testing.T) {
		t.Parallel()
		r, s := newRequiringRealm(t, realmconfig.Enforce)
		b := s.newPageBrowser()
		b.signIn(annEmail, annPassword)
		b.showsMail(r)
		b.setsUpAppAtSignIn(r)
		b.submit("/account/two-factor/backup-codes/file", nil)
		if !strings.Contains(b.body, annEmail) {
			t.Errorf("the file is %s", b.body)
		}
	})
	t.Run("a telephone", func(t *testing.T) {
		t.Parallel()
		r, s := newRequiringRealm(t, realmconfig.Enforce)
		phones := r.sendsTexts()
		s.takesUp()
		b := s.newPageBrowser()
		b.signIn(annEmail, annPassword)
		b.showsMail(r)
		b.submit("/signin/set-up/phone", map[string]string{"phone": "030 901820"})
		b.sees("/signin/set-up/phone", http.StatusBadRequest, "Use text messages")
		b.submit("/signin/set-up/phone", map[string]string{"phone": aliceNumber})
		b.sees("/signin/set-up/phone", http.StatusOK, "Confirm your phone")
		suite.secrets.used(strings.Fields(attribute(b.find("input", "name", "codes"), "value"))...)
		sent := phones.last(1)
		b.submit("/signin/set-up/phone/verify", map[string]string{"code": other(sent)})
		b.sees("/signin/set-up/phone/verify", http.StatusBadRequest, "The code is wrong")
		b.submit("/signin/set-up/phone/verify", map[string]string{"code": sent})
		b.sees("/signin/set-up/phone/verify", http.StatusOK, "Your new backup codes")
		b.open(attribute(b.link("I have kept them"), "href"))
		b.sees("/account", http.StatusOK, annEmail)
	})
	t.Run("a passkey that there is, and no other", func(t *testing.T) {
		t.Parallel()
		r, s := newPasskeyRealm(t)
		s.verifyAnn()
		d := newDevice(t)
		s.setUpPasskey(s.loginAnn(annPassword).Access, d)
		r.requires(realmconfig.Enforce)
		s.takesUp()
		b := s.newPageBrowser()
		b.signIn(annEmail, annPassword)
		b.sees("/signin", http.StatusOK, "Use the passkey that you have")
		form, values := b.form("/signin/code/passkey"), url.Values{}
		for n := range form.Descendants() {
			if n.Data == "input" {
				values.Set(attribute(n, "name"), attribute(n, "value"))
			}
		}
		flow, asked := b.asksPasskey("/signin/code/passkey/begin", values)
		values.Set("flow", flow)
		values.Set("credential", newDevice(t).get(asked))
		b.sendForm("/signin/code/passkey", values)
		b.sees("/signin/code/passkey", http.StatusBadRequest, "Set up a second step", "The passkey was not accepted")
		flow, asked = b.asksPasskey("/signin/code/passkey/begin", values)
		values.Set("flow", flow)
		values.Set("credential", d.get(asked))
		b.sendForm("/signin/code/passkey", values)
		b.sees("/account", http.StatusOK, annEmail)

		b.submit("/signout", nil)
		b.signIn(annEmail, annPassword)
		b.sees("/signin", http.StatusOK, "Use the passkey that you have")
		if shown := b.text(); strings.Contains(shown, "Send the code") || strings.Contains(shown, "authenticator app") {
			t.Errorf("beside it, there is more to do:\n%s", shown)
		}
	})
}

func TestPagesTellPeopleByWhenTheyNeedASecondFactor(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	r, s := newRequiringRealmOf(t, realmconfig.Warn, c)
	r.requires(realmconfig.Warn, within(72*time.Hour))
	s.takesUp()
	b, f := s.newPageBrowser(), s.newApplication(c, "openid", "email").newFlow()
	b.open(f.address())
	b.submit("/signin", map[string]string{"email": annEmail, "password": annPassword})
	due := query[time.Time](r, "SELECT due_at FROM requirements").UTC().Format(time.DateOnly)
	b.sees("/signin", http.StatusOK, "A second step will be required", due)
	b.open(attribute(b.link("Not now"), "href"))
	h := f.exchange(f.code(b))
	if h.claims["email"] != annEmail || h.claims["acr"] != "1" {
		t.Errorf("the ID token is %v", h.claims)
	}
	again := s.newPageBrowser()
	again.signIn(annEmail, annPassword)
	again.sees("/signin", http.StatusOK, "A second step will be required")
	again.open(attribute(again.link("Set it up now"), "href"))
	again.sees("/account", http.StatusOK, annEmail)
	r.Clock.Advance(100 * time.Hour)
	late := s.newPageBrowser()
	late.signIn(annEmail, annPassword)
	late.sees("/signin", http.StatusOK, "your time to set one up is over")
	late.open(attribute(late.link("Not now"), "href"))
	late.sees("/account", http.StatusOK, annEmail)
}

// The older hand-over goes on by a code that lives for a minute.
func TestPagesHandOverAfterASecondFactorWasSetUp(t *testing.T) {
	t.Parallel()
	r, s := newRequiringRealm(t, realmconfig.Enforce)
	r.Config.Browser.ReturnURLs = []string{appURL}
	r.Update()
	s.takesUp()
	b := s.newPageBrowser()
	b.open("/signin?return_to=" + url.QueryEscape(appURL))
	b.submit("/signin", map[string]string{"email": annEmail, "password": annPassword})
	b.showsMail(r)
	b.setsUpAppAtSignIn(r)
	r.Clock.Advance(5 * time.Minute)
	b.open(attribute(b.link("I have kept them"), "href"))
	if b.away == nil || !strings.HasPrefix(b.away.String(), appURL) || b.away.Query().Get("code") == "" {
		t.Fatalf("is at %s, sent to %v", b.at, b.away)
	}
	suite.secrets.used(b.away.Query().Get("code"))
}

func TestPagesOfADeviceGoOnAfterASecondFactorWasSetUp(t *testing.T) {
	t.Parallel()
	c := newWebClient(television, publicClient)
	r, s := newRequiringRealmOf(t, realmconfig.Enforce, c)
	a, b := s.newApplication(c, "openid", "email"), s.newPageBrowser()
	codes := a.device()
	b.open(devicePath)
	b.submit("/signin", map[string]string{"email": annEmail, "password": annPassword})
	b.showsMail(r)
	b.setsUpAppAtSignIn(r)
	b.open(attribute(b.link("I have kept them"), "href"))
	b.sees(devicePath, http.StatusOK)
	b.types(codes.User)
	b.submit(deviceAnswerPath, map[string]string{"answer": "allow"})
	if h := a.given(a.poll(codes)); h.claims["acr"] != "2" {
		t.Errorf("the ID token is %v", h.claims)
	}
}

func TestAdminPagesListWhomARequirementConcerns(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.requires(realmconfig.Observe)
	s := r.serve()
	r.fifty()
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	b.open("/admin/users")
	b.open(attribute(b.link("Required second factors"), "href"))
	b.sees("/admin/required-factors", http.StatusOK, "Observed", "None, not told")
	b.open(attribute(b.link("Next"), "href"))
	b.sees("/admin/required-factors", http.StatusOK, "None, not told")
	s.recount()
	s.eventually("they are counted", func() bool { return s.Report().Requirements[realmconfig.FactorsRequirement].Covered == 51 })
	b.open("/admin/required-factors?state=met")
	b.sees("/admin/required-factors", http.StatusOK, "Nobody fits.", "51")
	b.open("/admin/required-factors?state=nonsense&group=" + strings.Repeat("g", 20) + "&before=x")
	b.sees("/admin/required-factors", http.StatusOK, "Nobody fits.")
}
