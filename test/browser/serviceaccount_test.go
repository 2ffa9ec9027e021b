// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"net/http"
	"testing"
)

func TestAdminsLookAfterServiceAccounts(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t)
		c := r.letsTokensBeMade()
		b := r.serve().signedIn(s, adminEmail)
		b.open("/admin/users")
		b.press("Service accounts")
		b.sees("/admin/service-accounts", http.StatusOK, "There are no service accounts yet.")
		b.fill("name", "Deployer")
		b.press("Create")
		b.sees("/admin/service-accounts", http.StatusBadRequest, "Use lower-case letters, digits and hyphens")
		b.focusesOn("name")
		b.look("service-accounts-wrong")
		b.fill("name", "deployer-of-the-donaudampfschifffahrtsgesellschaft")
		b.fill("description", "Releases of the shop")
		b.press("Create")
		b.sees(b.path(), http.StatusOK, "The service account is created.", "There are no tokens.", adminEmail)
		account := b.path()
		b.look("service-account")
		b.press("New token")
		b.sees(account+"/tokens/new", http.StatusOK, "New token for "+c.DisplayName, "as deployer-of-the-donaudampfschifffahrtsgesellschaft")
		b.look("service-account-new-token")
		r.advance(longAgo)
		b.fill("name", "Pipeline")
		b.press("Make the token")
		b.sees(account+"/tokens", http.StatusForbidden, "Is it you?")
		b.enters(password)
		b.sees(account+"/tokens", http.StatusOK, "The new token", c.DisplayName)
		b.look("service-account-made-token")
		token := shownToken.FindString(b.text())
		if token == "" {
			t.Fatalf("no token is shown:\n%s", b.text())
		}
		if copied := b.copies("Copy", "Copied"); copied != token {
			t.Errorf("copied is %q", copied)
		}
		b.press("I have kept it")
		b.sees(account, http.StatusOK, "Pipeline", "never used", "made by "+adminEmail)
		b.look("service-account-tokens")
		b.pressIn(section("Access tokens"), "End")
		b.sees(account, http.StatusOK, "The token has ended.")
		b.press("Disable")
		b.sees(account, http.StatusOK, "The service account is disabled")
		b.look("service-account-disabled")
		b.press("Service accounts")
		b.sees("/admin/service-accounts", http.StatusOK, "Releases of the shop", "disabled")
		b.look("service-accounts")
	})
}

// On the narrowest screen, in every language, it fits.
func TestServiceAccountsFit(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.letsTokensBeMade()
	b := r.serve().signedIn(telephone, adminEmail)
	b.screen(narrow)
	b.open("/admin/service-accounts")
	b.fill("name", "deployer-of-the-donaudampfschifffahrtsgesellschaft")
	b.press("Create")
	account := b.path()
	for _, path := range []string{account, "/admin/service-accounts"} {
		for _, language := range []string{"Deutsch", "Español", "Français", "English"} {
			b.open(path)
			b.press(language)
			b.open(path)
			b.sees(path, http.StatusOK, "deployer-of-the")
			b.fits(language, narrow)
		}
	}
}
