// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"net/http"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// requires has a second factor required of everybody.
func (r *realm) requires(enforcement realmconfig.Enforcement, gracePeriod time.Duration) {
	r.t.Helper()
	required := realmconfig.DefaultRequiredFactors()
	required.Who, required.Enforcement, required.GracePeriod = realmconfig.RequiredOfEverybody, enforcement, realmconfig.Duration(gracePeriod)
	r.Config.TwoFactor.Required = &required
}

// typesPassword signs in by password on the page that is open, wherever that leads.
func (b *tab) typesPassword() {
	b.t.Helper()
	b.fill("email", userEmail)
	b.fill("password", password)
	b.press("Sign in")
}

// showsMail shows the code that is mailed to the user.
func (b *tab) showsMail(mails *testenv.SMTP) {
	b.t.Helper()
	b.press("Send the code")
	b.sees("/signin/set-up/mail", http.StatusOK, "Code from the mail")
	b.focusesOn("code")
	digits := digitsOf(b.t, mails.Await(b.t, userEmail, 1))
	b.fill("code", digits)
	b.press("Continue")
	b.sees("/signin/set-up/code", http.StatusOK, "Use an authenticator app")
}

func TestASecondFactorIsSetUpAtSignInOnTheWayToAnApplication(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t)
		mails := r.sendsMail()
		r.requires(realmconfig.Enforce, 0)
		origin := r.serveApplication()
		c := r.client(origin, func(c *realmconfig.Client) { c.Consent = realmconfig.SkipConsent })
		r.serve()
		b := r.newTab(s)
		b.watch.allow(origin)
		b.open(asks(c, "openid email"))
		b.typesPassword()
		b.sees("/signin", http.StatusOK, "Set up a second step", "we send a code")
		b.look("set-up-mail")
		b.press("Send the code")
		b.sees("/signin/set-up/mail", http.StatusOK, "Code from the mail")
		b.look("set-up-mailed")
		digits := digitsOf(t, mails.Await(t, userEmail, 1))
		b.fill("code", wrongCode(digits))
		b.press("Continue")
		b.sees("/signin/set-up/code", http.StatusBadRequest, "Attempts left: 4.")
		b.fill("code", digits)
		b.press("Continue")
		b.sees("/signin/set-up/code", http.StatusOK, "Use an authenticator app")
		b.look("set-up")
		b.press("Use an authenticator app")
		b.sees("/signin/set-up/app", http.StatusOK, "Scan this with your authenticator app")
		b.look("set-up-app")
		b.click("Cannot scan? Enter the key by hand")
		key := evaluate[string](b, "document.getElementById('key').textContent")
		b.fill("code", r.appCode(key))
		b.press("Turn on")
		b.sees("/signin/set-up/app/verify", http.StatusOK, "Your new backup codes")
		b.press("I have kept them")
		b.isBack(c, "code", "")
	})
}

func TestAPasskeyIsSetUpAtSignIn(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newPasskeyRealm(t)
		mails := r.sendsMail()
		r.requires(realmconfig.Enforce, 0)
		b := r.serve().newTab(s)
		b.offersNone()
		b.plugIn(true)
		b.open("/signin")
		b.typesPassword()
		b.sees("/signin", http.StatusOK, "Set up a second step")
		b.showsMail(mails)
		b.press("Use a passkey")
		b.sees("/signin/set-up/passkey", http.StatusOK, "Your device asks for your finger")
		b.fill("name", "My laptop")
		b.press("Set up")
		b.sees("/account", http.StatusOK, "My laptop")

		b.press("Sign out")
		b.open("/signin")
		b.typesPassword()
		b.sees("/signin", http.StatusOK, "Use the passkey that you have")
		b.look("set-up-known")
		b.press("Use the passkey that you have")
		b.sees("/account", http.StatusOK, userEmail)
	})
}

func TestWithoutScriptsASecondFactorIsSetUpAtSignIn(t *testing.T) {
	t.Parallel()
	r := newPasskeyRealm(t)
	mails := r.sendsMail()
	r.requires(realmconfig.Enforce, 0)
	b := r.serve().newTab(desk)
	b.withoutScripts()
	b.open("/signin")
	b.typesPassword()
	b.sees("/signin", http.StatusOK, "Set up a second step")
	b.press("Send the code")
	b.fill("code", digitsOf(t, mails.Await(t, userEmail, 1)))
	b.press("Continue")
	b.press("Use a passkey")
	b.sees("/signin/set-up/passkey", http.StatusOK, "This takes a browser that runs scripts")
}

func TestPeopleAreToldByWhenTheyNeedASecondFactor(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t)
		r.requires(realmconfig.Warn, 72*time.Hour)
		b := r.serve().newTab(s)
		b.open("/signin")
		b.typesPassword()
		b.sees("/signin", http.StatusOK, "A second step will be required", r.Clock.Now().Add(72*time.Hour).UTC().Format(time.DateOnly))
		b.look("required-factors")
		b.press("Not now")
		b.sees("/account", http.StatusOK, userEmail)
	})
}

func TestAdminsSeeWhomARequirementConcerns(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t)
		r.requires(realmconfig.Observe, time.Hour)
		b := r.serve().signedIn(s, adminEmail)
		b.open("/admin/users")
		b.press("Required second factors")
		b.sees("/admin/required-factors", http.StatusOK, "Observed", userEmail, "None, not told")
		b.look("required-people")
	})
}
