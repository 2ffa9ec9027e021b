// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"net/http"
	"strings"
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

		r.advance(longAgo)
		here.click("Delete the account")
		here.look("account-delete")
		here.press("Delete for good")
		here.sees("/account/delete", http.StatusForbidden, "Is it you?")
		here.focusesOn("password")
		here.look("proof")
		here.enters(wrongPassword)
		here.sees("/account/delete", http.StatusForbidden, "password is wrong")
		here.focusesOn("password")
		here.look("proof-refused")
		here.enters(newPassword)
		here.sees("/account/delete", http.StatusOK, "Account deleted")
		here.look("done-deleted")
		here.signIn(userEmail, newPassword)
		here.sees("/signin", http.StatusBadRequest, "There is no account with this e-mail address.")
	})
}

func TestChangeTheAddress(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		const email = "ann@new.example.com"
		r := newRealm(t)
		mails := r.sendsMail()
		b := r.serve().signedIn(s, userEmail)
		b.click("Change the address")
		b.fill("new-email", email)
		r.advance(longAgo)
		b.press("Send the link")
		b.sees("/account/email", http.StatusForbidden, "Is it you?")
		b.fill("password", password)
		b.press("Continue")
		b.sees("/account", http.StatusOK, "A link is on its way to the new address.", userEmail)
		b.look("account-email")

		link := mails.Await(t, email, 1).Links[0]
		b.open(link)
		b.press("Confirm")
		b.sees(strings.TrimPrefix(link, r.Config.Issuer), http.StatusOK, "Address confirmed")
		b.press("Continue")
		b.sees("/account", http.StatusOK, email)
		mails.Await(t, userEmail, 1) // the address that goes is told

		b.press("Sign out")
		b.signIn(userEmail, password)
		b.sees("/signin", http.StatusBadRequest)
		b.signIn(email, password)
		b.sees("/account", http.StatusOK, email)
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
