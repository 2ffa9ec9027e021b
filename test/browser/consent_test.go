// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// client is an application with a page at an origin, whose name is as long as names get to
// be.
func (r *realm) client(origin string, change ...func(*realmconfig.Client)) realmconfig.Client {
	r.t.Helper()
	c := realmconfig.DefaultClient()
	c.ID, c.DisplayName, c.Since = "apps.shop", "Donaudampfschifffahrtsgesellschaft orders", time.Now().Add(-time.Hour).UTC().Truncate(time.Second)
	c.Secrets = []realmconfig.ClientSecret{{ID: "one", SHA256: realmconfig.DigestSecret("nobody exchanges a code here")}}
	c.RedirectURIs, c.Consent = []string{origin + "/"}, realmconfig.AskConsent
	c.Scopes = []string{"openid", "profile", "email", "groups", "offline_access", "https://orders.example.com/a/scope/of/its/own/that/is/rather/long"}
	for _, f := range change {
		f(&c)
	}
	r.Clients = []realmconfig.Client{c}
	return c
}

// asks is where an application sends a browser.
func asks(c realmconfig.Client, scope string) string {
	return "/oauth2/authorize?" + url.Values{
		"client_id": {c.ID}, "redirect_uri": {c.RedirectURIs[0]}, "response_type": {"code"}, "scope": {scope}, "state": {"s"},
		"code_challenge": {"E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"}, "code_challenge_method": {"S256"},
	}.Encode()
}

// isBack fails the test unless the browser is at the application, with an answer.
func (b *tab) isBack(c realmconfig.Client, name, value string) {
	b.t.Helper()
	u := b.url()
	got := u.Query()
	if u.Scheme+"://"+u.Host+u.Path != c.RedirectURIs[0] || got.Get("state") != "s" || got.Get("iss") != b.realm.Config.Issuer || got.Get(name) == "" ||
		value != "" && got.Get(name) != value {
		b.t.Fatalf("is at %s, which is no answer with %s=%s", u, name, value)
	}
}

func TestAnApplicationAsksForConsent(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t)
		origin := r.serveApplication()
		c := r.client(origin)
		r.serve()
		b := r.newTab(s)
		b.watch.allow(origin)
		b.open(asks(c, "openid profile email groups offline_access "+c.Scopes[5]))
		b.fill("email", userEmail)
		b.fill("password", password)
		b.press("Sign in")
		b.sees("/oauth2/resume", http.StatusOK, "Allow "+c.DisplayName+"?", userEmail, "know your e-mail address", "rather/long")
		b.look("consent")
		b.press("Cancel")
		b.isBack(c, "error", "access_denied")

		b.open(asks(c, "openid"))
		b.press("Deutsch")
		b.sees("/oauth2/authorize", http.StatusOK, c.DisplayName+" zulassen?", "Sie an Ihrem Konto hier wiedererkennen")
		b.press("English")
		b.press("Use another account")
		b.sees("/signin", http.StatusOK)
		b.fill("email", adminEmail)
		b.fill("password", password)
		b.press("Sign in")
		b.sees("/oauth2/resume", http.StatusOK, adminEmail)
		b.press("Allow")
		b.isBack(c, "code", "")
		b.open(asks(c, "openid"))
		b.isBack(c, "code", "") // at once

		b.open("/account")
		b.sees("/account", http.StatusOK, "Applications", c.DisplayName)
		b.look("account-applications")
		b.pressIn(section("Applications"), "Take back")
		b.sees("/account", http.StatusOK, "What you had let the application do is taken back.")
		b.open(asks(c, "openid"))
		b.sees("/oauth2/authorize", http.StatusOK, "Allow "+c.DisplayName+"?")
	})
}

// On the narrowest screen, in every language, the whole question is there.
func TestTheQuestionFits(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	c := r.client("http://127.0.0.1")
	b := r.serve().signedIn(telephone, userEmail)
	b.screen(narrow)
	b.open(asks(c, "openid profile email groups offline_access "+c.Scopes[5]))
	for _, language := range []string{"Deutsch", "Español", "Français", "English"} {
		b.press(language)
		b.sees("/oauth2/authorize", http.StatusOK, c.DisplayName)
		b.fits(language, narrow)
		cut := evaluate[string](b, `[...document.querySelectorAll(".button, .link-button, li, p, h1, h2")].filter((e) => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0).map((e) => e.textContent.trim()).join("; ")`)
		if cut != "" {
			t.Errorf("%s cuts off %q", language, cut)
		}
	}
}

// Nothing has the focus at first: whoever still types on the page before agrees to nothing.
func TestTheQuestionIsAnsweredByKeyboardAlone(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	origin := r.serveApplication()
	c := r.client(origin)
	b := r.serve().signedIn(desk, userEmail)
	b.watch.allow(origin)
	b.open(asks(c, "openid"))
	b.types(" " + kb.Enter)
	b.sees("/oauth2/authorize", http.StatusOK, "Allow "+c.DisplayName+"?")
	b.types(kb.Tab)
	b.focusesOn("Skip to the content")
	b.types(kb.Enter + kb.Tab)
	b.focusesOn("Use another account")
	b.types(kb.Tab)
	b.focusesOn("Allow")
	b.types(kb.Tab)
	b.focusesOn("Cancel")
	b.enters("")
	b.isBack(c, "error", "access_denied")
	b.open(asks(c, "openid"))
	b.types(kb.Tab + kb.Enter + kb.Tab + kb.Tab)
	b.focusesOn("Allow")
	b.enters("")
	b.isBack(c, "code", "")
}

func TestTheQuestionNeedsNoScript(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	origin := r.serveApplication()
	c := r.client(origin)
	b := r.serve().newTab(desk)
	b.watch.allow(origin)
	b.withoutScripts()
	b.open(asks(c, "openid email"))
	b.fill("email", userEmail)
	b.fill("password", password)
	b.press("Sign in")
	b.sees("/oauth2/resume", http.StatusOK, "Allow "+c.DisplayName+"?", "know your e-mail address")
	b.press("Cancel")
	b.isBack(c, "error", "access_denied")
	b.open(asks(c, "openid email"))
	b.press("Allow")
	b.isBack(c, "code", "")
}

// An app on the person's own machine is asked about each time.
func TestAnAppOnTheMachineNeedsAClick(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	c := r.client("http://127.0.0.1:1", func(c *realmconfig.Client) {
		c.Type, c.TokenEndpointAuthMethod, c.Secrets, c.Consent = realmconfig.PublicClient, realmconfig.NoAuthMethod, nil, realmconfig.SkipConsent
	})
	b := r.serve().signedIn(desk, userEmail)
	for range 2 {
		b.open(asks(c, "openid email"))
		b.sees("/oauth2/authorize", http.StatusOK, "Continue to "+c.DisplayName+"?", userEmail, "Next you go to 127.0.0.1:1.")
		b.look("native-app")
	}
}
