// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"net/http"
	"testing"
)

func TestAccountHome(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t).serve()
		here, there := r.signedIn(s, userEmail), r.signedIn(s, userEmail)
		here.open("/account")
		here.look("account")
		here.fill("name", "Ann-Kathrin Wilhelmine von Donaudampfschifffahrtsgesellschaft")
		here.pressIn(section("Profile"), "Save")
		here.sees("/account", http.StatusOK, "Your profile is saved.")
		here.look("account-saved")

		here.press("Sign out everywhere else")
		here.sees("/account", http.StatusOK, "The session has ended.")
		there.open("/account")
		there.sees("/signin", http.StatusOK)

		here.fill("current", wrongPassword)
		here.fill("password", newPassword)
		here.press("Change the password")
		here.sees("/account/password", http.StatusBadRequest, "password is wrong")
		here.focusesOn("current")
		here.look("account-refused")
		here.fill("current", password)
		here.fill("password", newPassword)
		here.press("Change the password")
		here.sees("/account", http.StatusOK, "Your password is changed")

		here.click("Delete the account")
		here.fill("proof-delete", wrongPassword)
		here.press("Delete for good")
		here.sees("/account/delete", http.StatusBadRequest, "password is wrong")
		here.look("account-delete")
		here.fill("proof-delete", newPassword)
		here.press("Delete for good")
		here.sees("/account/delete", http.StatusOK, "Account deleted")
		here.look("done-deleted")
		here.signIn(userEmail, newPassword)
		here.sees("/signin", http.StatusBadRequest, "There is no account with this e-mail address.")
	})
}

func TestEndingOneSession(t *testing.T) {
	t.Parallel()
	r := newRealm(t).serve()
	here, there := r.signedIn(desk, userEmail), r.signedIn(desk, userEmail)
	here.open("/account")
	here.pressIn(section("Where you are signed in"), "Sign out")
	here.sees("/account", http.StatusOK, "The session has ended.")
	there.open("/account")
	there.sees("/signin", http.StatusOK)
}
