// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp/kb"

	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

const wrongPassword = "not the password at all"

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		b := newRealm(t).serve().newTab(s)
		b.open("/")
		b.sees("/signin", http.StatusOK, "Forgot password?")
		b.look("signin")
		b.fill("email", userEmail)
		b.fill("password", wrongPassword)
		b.press("Sign in")
		b.sees("/signin", http.StatusBadRequest, "The e-mail address or the password is wrong.")
		b.focusesOn("password")
		b.look("signin-wrong")
		b.fill("password", password)
		b.press("Sign in")
		b.sees("/account", http.StatusOK, userEmail)
		b.press("Sign out")
		b.sees("/signed-out", http.StatusOK, "You are signed out")
		b.look("signed-out")
		b.press("Sign in again")
		b.sees("/signin", http.StatusOK)
	})
}

func TestLockoutCountsDown(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		b := newRealm(t).serve().newTab(s)
		b.open("/signin")
		for range 6 {
			b.fill("email", "nobody@example.com")
			b.fill("password", wrongPassword)
			b.press("Sign in")
		}
		b.sees("/signin", http.StatusTooManyRequests, "sign-in is paused", "Try again in 1")
		b.look("signin-locked")
		left := func() string { return evaluate[string](b, "document.querySelector('[data-seconds]').textContent") }
		before := left()
		eventually.Succeeds(t, func(context.Context) error {
			if after := left(); after == before {
				return errors.New("the time left is still " + after)
			}
			return nil
		})
	})
}

func TestSignInByKeyboardAlone(t *testing.T) {
	t.Parallel()
	b := newRealm(t).serve().newTab(desk)
	b.open("/signin")
	b.focusesOn("email")
	b.types(userEmail + kb.Tab)
	b.focusesOn("password")
	b.types(password + kb.Tab)
	b.focusesOn("Show")
	b.types(" ")
	if kind := evaluate[string](b, "document.getElementById('password').type"); kind != "text" {
		t.Errorf("a shown password is a field of type %s", kind)
	}
	b.focusesOn("Hide")
	if ring := evaluate[string](b, "getComputedStyle(document.activeElement).outlineStyle"); ring != "solid" {
		t.Errorf("the focus is shown as %s", ring)
	}
	b.types(kb.Tab)
	b.focusesOn("Forgot password?")
	b.types(kb.Tab)
	b.enters("")
	b.sees("/account", http.StatusOK, userEmail)

	b.press("Sign out")
	b.open("/signin")
	b.focusesOn("email")
	b.types(userEmail + kb.Tab)
	b.enters(password)
	b.sees("/account", http.StatusOK, userEmail)
	b.types(kb.Tab)
	b.focusesOn("Skip to the content")
	b.types(kb.Enter + kb.Tab)
	if evaluate[bool](b, "!document.querySelector('main').contains(document.activeElement)") {
		t.Errorf("it skips to %q", b.focused())
	}
}

func TestTheFirstPageIsLight(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.signsInThroughDex()
	b := r.serve().newTab(telephone)
	b.open("/signin")
	if weight := b.watch.weight(); weight == 0 || weight > 60_000 {
		t.Errorf("%d bytes were transferred", weight)
	}
}

func TestCookiesAreTheHostsAlone(t *testing.T) {
	t.Parallel()
	b := newRealm(t).serve().signedIn(desk, userEmail)
	b.press("Deutsch")
	cookies := call(b, network.GetCookies, network.GetCookiesParams{}).Cookies
	names := []string{}
	for _, c := range cookies {
		names = append(names, c.Name)
		if !strings.HasPrefix(c.Name, "__Host-") || !c.HTTPOnly || !c.Secure || c.Path != "/" ||
			(c.SameSite != network.CookieSameSiteLax && c.SameSite != network.CookieSameSiteStrict) {
			t.Errorf("cookie %s: HttpOnly %t, Secure %t, SameSite %q, path %s", c.Name, c.HTTPOnly, c.Secure, c.SameSite, c.Path)
		}
	}
	for _, want := range []string{"__Host-rk-session", "__Host-rk-access", "__Host-rk-language"} {
		if !strings.Contains(strings.Join(names, " "), want) {
			t.Errorf("there is no %s among %v", want, names)
		}
	}
	if kept := evaluate[int](b, "localStorage.length + sessionStorage.length"); kept != 0 {
		t.Errorf("the pages keep %d things where scripts find them", kept)
	}
}

// Two tabs whose access token has expired refresh at once; neither loses the session.
func TestTwoTabsRefreshAtOnce(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	one := r.serve().signedIn(desk, userEmail)
	two := one.beside()
	for range 3 {
		r.advance(2 * time.Hour)
		group := sync.WaitGroup{}
		for _, b := range []*tab{one, two} {
			group.Go(func() { b.open("/account") })
		}
		group.Wait()
		one.sees("/account", http.StatusOK, userEmail)
		two.sees("/account", http.StatusOK, userEmail)
	}
}
