// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// letsTokensBeMade lets people make tokens for an application.
func (r *realm) letsTokensBeMade() realmconfig.Client {
	r.t.Helper()
	r.Config.PersonalAccessTokens = &realmconfig.PersonalAccessTokens{MaxLifetime: realmconfig.Duration(90 * 24 * time.Hour)}
	return r.client("https://app.example.com", func(c *realmconfig.Client) { c.PersonalAccessTokens = realmconfig.PersonalAccessTokensAllowed })
}

var shownToken = regexp.MustCompile(`rkpat_[A-Za-z0-9_-]{48}`)

func TestPersonalAccessTokens(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t)
		c := r.letsTokensBeMade()
		b := r.serve().signedIn(s, userEmail)
		b.open("/account")
		b.look("account-tokens-none")
		b.press("New token")
		b.sees("/account/tokens/new", http.StatusOK, "New token for "+c.DisplayName, "rather/long", "30 days")
		b.look("new-token")
		b.fill("name", " ")
		b.press("Make the token")
		b.sees("/account/tokens", http.StatusBadRequest, "Give it a name on one line.")
		b.focusesOn("name")
		b.look("new-token-wrong")
		r.advance(longAgo)
		b.fill("name", "Nightly backup of Donaudampfschifffahrtsgesellschaft")
		b.do(chromedp.Click(chromedp.ID("scope-3"), chromedp.NodeVisible))
		b.press("Make the token")
		b.sees("/account/tokens", http.StatusForbidden, "Is it you?")
		b.enters(password)
		b.sees("/account/tokens", http.StatusOK, "Your new token", c.DisplayName)
		b.look("made-token")
		token := shownToken.FindString(b.text())
		if token == "" {
			t.Fatalf("no token is shown:\n%s", b.text())
		}
		if copied := b.copies("Copy", "Copied"); copied != token {
			t.Errorf("copied is %q", copied)
		}
		b.press("I have kept it")
		b.sees("/account", http.StatusOK, "Nightly backup", "never used", "rather/long")
		b.look("account-tokens")
		admin := r.signedIn(s, adminEmail)
		admin.open("/admin/users")
		admin.press(userEmail)
		admin.look("user-tokens")
		admin.pressIn(section("Personal access tokens"), "End")
		admin.look("user-tokens-ended")
		b.open("/account")
		b.look("account-tokens-none-again")
	})
}

// On the narrowest screen, in every language, it fits.
func TestPersonalAccessTokensFit(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	c := r.letsTokensBeMade()
	b := r.serve().signedIn(telephone, userEmail)
	b.screen(narrow)
	b.open("/account/tokens/new?client=" + c.ID)
	for _, language := range []string{"Deutsch", "Español", "Français", "English"} {
		b.press(language)
		b.sees("/account/tokens/new", http.StatusOK, c.DisplayName)
		b.fits(language, narrow)
	}
	b.fill("name", "Nightly backup")
	b.press("Make the token")
	b.sees("/account/tokens", http.StatusOK, "Your new token")
	b.fits("the token", narrow)
}

// By keyboard alone, and without scripts, a token is made as well.
func TestPersonalAccessTokensByKeyboardAlone(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	c := r.letsTokensBeMade()
	b := r.serve().newTab(desk)
	b.withoutScripts()
	b.open("/signin")
	b.fill("email", userEmail)
	b.fill("password", password)
	b.press("Sign in")
	b.open("/account/tokens/new?client=" + c.ID)
	b.fill("name", "Nightly backup")
	b.types(kb.Tab + " ")
	b.press("Make the token")
	b.sees("/account/tokens", http.StatusOK, "Your new token")
	if shownToken.FindString(b.text()) == "" {
		t.Errorf("no token is shown:\n%s", b.text())
	}
}
