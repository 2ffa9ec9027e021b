// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

func TestSignInThroughDex(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		bob := testenv.Person{ID: "bob-at-dex", Email: "bob@example.com", Name: "Bob", Password: "the password of bob at dex"}
		r := newRealm(t)
		r.signsInThroughDex(bob)
		b := r.serve().newTab(s)
		dex, err := url.Parse(r.Config.Providers[0].Issuer)
		if err != nil {
			t.Fatal(err)
		}
		b.watch.allow(dex.Scheme + "://" + dex.Host)
		b.open("/signin")
		b.look("signin-providers")
		b.press("Continue with Dex")
		if !strings.HasPrefix(b.path(), dex.Path) {
			t.Fatalf("is at %s", b.path())
		}
		b.fill("login", bob.Email)
		b.fill("password", bob.Password)
		b.goes("Dex", chromedp.Click(chromedp.ID("submit-login")))
		b.sees("/account", http.StatusOK, bob.Email)

		b.press("Sign out")
		b.open("/signin/return?code=rko_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
		b.sees("/signin/return", http.StatusBadRequest, "began in another browser")
		b.look("signin-another-browser")
	})
}
