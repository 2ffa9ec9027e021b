// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
)

// Words of other languages are longer, and none may be cut off on the narrowest screen.
func TestEveryLanguageFits(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.mailsCodes()
	r.sendsTexts()
	b := r.serve().signedIn(telephone, adminEmail)
	b.screen(narrow)
	for _, language := range []string{"Deutsch", "Español", "Français"} {
		b.press(language)
		for _, page := range []string{"/signin", "/signin/mail", "/register", "/forgot", "/account", "/admin/users", "/admin/users/new", "/admin/groups", "/admin/audit", "/nothing-here"} {
			b.open(page)
			b.fits(language+" "+page, narrow)
			// Nobody has to press a button that does not say all of what it does.
			cut := evaluate[string](b, `[...document.querySelectorAll(".button, .link-button, label, h1, h2, summary")].filter((e) => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 0).map((e) => e.textContent.trim()).join("; ")`)
			if cut != "" {
				t.Errorf("%s %s cuts off %q", language, page, cut)
			}
		}
	}
}

func TestNothingMovesForThoseWhoWishSo(t *testing.T) {
	t.Parallel()
	b := newRealm(t).serve().signedIn(desk, userEmail)
	b.prefers("light", "reduce")
	moving := evaluate[int](b, `[...document.querySelectorAll("*")].filter((e) => [getComputedStyle(e), getComputedStyle(e, "::before")].some((s) => parseFloat(s.transitionDuration) > 0 || s.animationName !== "none")).length`)
	if moving > 0 {
		t.Errorf("%d elements move", moving)
	}
}

// What is printed of the backup codes is the codes.
func TestBackupCodesOnPaper(t *testing.T) {
	t.Parallel()
	b := newRealm(t).serve().signedIn(desk, userEmail)
	b.pressIn(section("Two-factor sign-in"), "Set up")
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	b.picture("paper.png")
	if evaluate[bool](b, `[...document.querySelectorAll("button, footer, header")].some((e) => e.offsetParent !== null)`) {
		t.Error("there are buttons on the paper")
	}
	if evaluate[bool](b, `document.querySelector(".codes li").offsetParent === null`) {
		t.Error("the codes are not on the paper")
	}
}
