// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"net/http"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// An application wants two factors of somebody who has one: they set up another, and come back.
func TestAnApplicationLeadsToASecondFactorAndBack(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t)
		r.sendsTexts()
		origin := r.serveApplication()
		c := r.client(origin, func(c *realmconfig.Client) { c.Consent = realmconfig.SkipConsent })
		r.serve()
		b := r.newTab(s)
		b.watch.allow(origin)
		b.signIn(userEmail, password)
		wants := asks(c, "openid") + "&acr_values=2"
		b.open(wants)
		b.sees("/signin/step-up", http.StatusOK, "A second factor is needed", userEmail)
		b.look("step-up")
		b.press("Go back without it")
		b.isBack(c, "error", "unmet_authentication_requirements")

		r.advance(longAgo)
		b.open(wants)
		b.press("Set up an authenticator app")
		b.sees("/account/two-factor", http.StatusForbidden, "Is it you?")
		b.enters(password)
		b.sees("/account/two-factor", http.StatusOK, "Scan this with your authenticator app")
		key := b.scan().Query().Get("secret")
		b.fill("code", r.appCode(key))
		b.press("Turn on")
		b.sees("/signin/step-up", http.StatusOK, "Your second factor is set up.")
		b.look("step-up-code")
		r.advance(30 * time.Second)
		b.fill("code", r.appCode(key))
		b.press("Continue")
		b.isBack(c, "code", "")

		b.open(wants)
		b.isBack(c, "code", "") // at once
	})
}

// The admin pages want two factors, and a passkey makes them.
func TestAdminPagesLeadToAPasskeyAndBack(t *testing.T) {
	t.Parallel()
	r := newPasskeyRealm(t)
	r.Config.Administration = &realmconfig.Administration{ACR: "2", MaxAge: realmconfig.Duration(time.Hour)}
	r.serve()
	b := r.signedIn(desk, adminEmail)
	b.plugIn(true)
	b.offersNone()
	b.open("/admin/users?q=grace")
	b.sees("/signin/step-up", http.StatusOK, "A second factor is needed")
	b.look("step-up-passkey")
	b.press("Add a passkey")
	b.fill("name", "My laptop")
	b.press("Set up")
	b.sees("/signin/step-up", http.StatusOK, "Use your passkey.")
	b.press("Use a passkey or security key")
	b.sees("/admin/users", http.StatusOK, adminEmail)
	if got := b.url().RawQuery; got != "q=grace" {
		t.Errorf("the query is %q", got)
	}

	// Too long ago: by the passkey alone, and back.
	r.advance(2 * time.Hour)
	b.open("/admin/groups")
	b.sees("/signin", http.StatusOK)
	b.press("Sign in with a passkey")
	b.sees("/admin/groups", http.StatusOK)
}

// Whoever has nothing but a passkey removes it, and proves with it that it is them.
func TestAPasskeyProvesWhoItIs(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newPasskeyRealm(t)
		b := r.serve().signedIn(s, userEmail)
		b.plugIn(true)
		b.setUpPasskey("My laptop")
		b.sees("/account", http.StatusOK, "My laptop")
		r.advance(longAgo)
		b.pressIn(section("Two-factor sign-in"), "Set up")
		b.sees("/account/two-factor", http.StatusForbidden, "Is it you?")
		b.says("Sign in with a passkey")
		b.look("proof-passkey")
		b.press("Sign in with a passkey")
		b.sees("/account/two-factor", http.StatusOK, "Scan this with your authenticator app")
	})
}
