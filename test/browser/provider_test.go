// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// bob is known at Dex, and not yet at the realm.
var bob = testenv.Person{ID: "bob-at-dex", Email: "bob@example.com", Name: "Bob", Password: "the password of bob at dex"}

func TestSignInThroughDex(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t)
		r.signsInThroughDex(bob)
		b := r.serve().newTab(s)
		b.takesDexAsItIs()
		b.open("/signin")
		b.look("signin-providers")
		b.press("Continue with Dex")
		b.signInAtDex(bob)
		b.sees("/account", http.StatusOK, bob.Email)

		b.press("Sign out")
		b.open("/signin/return?code=rko_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")
		b.sees("/signin/return", http.StatusBadRequest, "began in another browser")
		b.look("signin-another-browser")
	})
}

func TestLinkAndUnlinkAProvider(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t)
		r.signsInThroughDex(bob)
		b := r.serve().signedIn(s, userEmail)
		b.takesDexAsItIs()
		r.advance(longAgo)
		b.click("Add one")
		b.look("account-link")
		b.press("Continue with Dex")
		b.sees("/account/identities", http.StatusForbidden, "Is it you?")
		b.fill("password", password)
		b.press("Continue")
		b.signInAtDex(bob)
		b.sees("/account", http.StatusOK, "Your ways to sign in are changed.", userEmail, bob.Email)
		b.look("account-linked")

		b.signInThroughDex(bob)
		b.sees("/account", http.StatusOK, userEmail)
		b.press("Remove")
		b.sees("/account", http.StatusOK, "Your ways to sign in are changed.", "None yet.")
		b.signInThroughDex(bob)
		b.sees("/account", http.StatusOK, bob.Email)
		if strings.Contains(b.text(), userEmail) {
			t.Errorf("who was unlinked is still let in:\n%s", b.text())
		}
	})
}

func TestSigningInAgainIsProof(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t)
		r.signsInThroughDex(bob)
		b := r.serve().newTab(s)
		b.takesDexAsItIs()
		b.open("/signin")
		b.press("Continue with Dex")
		b.signInAtDex(bob)
		r.advance(longAgo)
		b.pressIn(section("Two-factor sign-in"), "Set up")
		b.sees("/account/two-factor", http.StatusForbidden, "Is it you?")
		b.look("proof-provider")
		b.press("Sign in again with Dex")
		b.signInAtDex(bob)
		b.sees("/signin/return", http.StatusOK, "Thank you, it is you.")
		b.focusesOn("Continue")
		b.look("proof-proved")
		b.press("Continue")
		b.sees("/account/two-factor", http.StatusOK, "Scan this with your authenticator app")
	})
}

// A browser adds no Lax cookie to what a page of another site posts. It does to the GET
// that it is sent on to.
func TestSignInByAForm(t *testing.T) {
	t.Parallel()
	issuer := testenv.StartIssuer(t)
	r := newRealm(t)
	r.AddProvider("any", realmconfig.Provider{
		Name: "apple", DisplayName: "Apple", Type: realmconfig.OIDC, ClientID: "any", Issuer: issuer,
		ResponseMode: realmconfig.FormPost, SignUp: true, AllowPrivateNetworks: true,
	})
	b := r.serve().newTab(desk)
	b.watch.allow(issuer)
	b.open("/signin")
	b.press("Continue with Apple")
	eventually.Succeeds(t, func(context.Context) error {
		if at := b.url(); at.Path != "/account" {
			return fmt.Errorf("is at %s", at)
		}
		return nil
	})
	b.sees("/account", http.StatusOK, testenv.IssuerVisitor+"@elsewhere.example")
}

// takesDexAsItIs leaves the pages of the realm's provider unjudged.
func (b *tab) takesDexAsItIs() {
	b.t.Helper()
	dex, err := url.Parse(b.realm.Config.Providers[0].Issuer)
	if err != nil {
		b.t.Fatal(err)
	}
	b.watch.allow(dex.Scheme + "://" + dex.Host)
}

// signInThroughDex takes the place of whoever is signed in.
func (b *tab) signInThroughDex(person testenv.Person) {
	b.t.Helper()
	b.press("Sign out")
	b.open("/signin")
	b.press("Continue with Dex")
	b.signInAtDex(person)
}

// signInAtDex does so as soon as the browser is there, and comes back.
func (b *tab) signInAtDex(person testenv.Person) {
	b.t.Helper()
	dex := b.realm.Config.Providers[0].Issuer
	eventually.Succeeds(b.t, func(context.Context) error {
		if at := b.url().String(); !strings.HasPrefix(at, dex) {
			return fmt.Errorf("is at %s, not at %s", at, dex)
		}
		return nil
	})
	b.fill("login", person.Email)
	b.fill("password", person.Password)
	b.goes("Dex", chromedp.Click(chromedp.ID("submit-login")))
}
