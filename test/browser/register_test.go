// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const newPassword = "seven purple elephants knit"

func TestRegisterAndConfirmTheAddress(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		const email = "bob@example.com"
		r := newRealm(t)
		r.Config.Registration.EmailVerification = realmconfig.VerificationRequired
		mails := r.sendsMail()
		b := r.serve().newTab(s)
		b.open("/signin")
		b.press("Create an account")
		b.sees("/register", http.StatusOK, "At least 8 characters.")
		b.look("register")
		b.fill("name", "Bob")
		b.fill("email", email)
		b.fill("password", "password1")
		b.press("Create the account")
		b.sees("/register", http.StatusBadRequest, "Please choose another password.")
		b.look("register-refused")
		b.fill("password", newPassword)
		b.press("Create the account")
		b.sees("/register", http.StatusOK, "Check your e-mail", email)
		b.look("sent-verify")

		b.signIn(email, newPassword)
		b.sees("/signin", http.StatusForbidden, "Please confirm your e-mail address first.")
		b.look("signin-unconfirmed")
		link := mails.Await(t, email, 1).Links[0]
		page := strings.TrimPrefix(link, r.Config.Issuer)
		b.open(link)
		b.sees(page, http.StatusOK, "Confirm your e-mail address")
		b.look("verify")
		b.fill("password", password)
		b.press("Confirm")
		b.sees(page, http.StatusBadRequest, "The password is wrong.")
		b.look("verify-refused")
		b.fill("password", newPassword)
		b.press("Confirm")
		b.sees(page, http.StatusOK, "Address confirmed")
		b.look("done-verified")
		b.signIn(email, newPassword)
		b.sees("/account", http.StatusOK, email)
		b.open(link)
		b.sees(page, http.StatusBadRequest, "This link has expired or was used already.")
		b.look("verify-expired")
	})
}

// Somebody has registered Bob's address. He says so, and the account is his alone.
func TestDisownWhatSomebodyElseRegistered(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		const email = "bob@example.com"
		r := newRealm(t)
		mails := r.sendsMail()
		r.serve()
		squatter, bob := r.newTab(s), r.newTab(s)
		squatter.open("/register")
		squatter.fill("name", "Bob")
		squatter.fill("email", email)
		squatter.fill("password", password)
		squatter.press("Create the account")
		squatter.signIn(email, password)
		squatter.sees("/account", http.StatusOK, email)

		link := mails.Await(t, email, 1).Links[0]
		page := strings.TrimPrefix(link, r.Config.Issuer)
		squatter.open(link) // signed in, as somebody who confirms their own address is
		squatter.sees(page, http.StatusOK, email, "This was not me")
		squatter.look("verify-signed-in")
		bob.open(link)
		bob.sees(page, http.StatusOK, email, "Password of the account")
		bob.press("This was not me")
		bob.sees(page, http.StatusOK, "The account is yours alone", email)
		bob.look("reclaimed")
		bob.press("Send the link")
		bob.sees("/forgot", http.StatusOK, "Check your e-mail", email)
		squatter.open("/account")
		squatter.sees("/signin", http.StatusOK)

		bob.open(mails.Await(t, email, 3).Links[0]) // after the notice
		bob.fill("password", newPassword)
		bob.press("Save the password")
		bob.signIn(email, newPassword)
		bob.sees("/account", http.StatusOK, email)
		squatter.signIn(email, password)
		squatter.sees("/signin", http.StatusBadRequest, "The e-mail address or the password is wrong.")
	})
}

func TestResetThePassword(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t)
		mails := r.sendsMail()
		b := r.serve().newTab(s)
		b.open("/signin")
		b.press("Forgot password?")
		b.sees("/forgot", http.StatusOK, "Reset your password")
		b.look("forgot")
		b.fill("email", userEmail)
		b.press("Send the link")
		b.sees("/forgot", http.StatusOK, "Check your e-mail", userEmail)
		b.look("sent-reset")

		link := mails.Await(t, userEmail, 1).Links[0]
		page := strings.TrimPrefix(link, r.Config.Issuer)
		b.open(link)
		b.sees(page, http.StatusOK, "Choose a new password")
		b.look("reset")
		b.fill("password", "password1")
		b.press("Save the password")
		b.sees(page, http.StatusBadRequest, "Please choose another password.")
		b.look("reset-refused")
		b.fill("password", newPassword)
		b.press("Save the password")
		b.sees(page, http.StatusOK, "Password changed")
		b.look("done-reset")
		b.press("Sign in")
		b.fill("email", userEmail)
		b.fill("password", newPassword)
		b.press("Sign in")
		b.sees("/account", http.StatusOK, userEmail)

		b.open(link)
		b.sees(page, http.StatusBadRequest, "This link has expired or was used already.")
		b.look("reset-expired")
		b.fill("email", userEmail)
		b.press("Send the link")
		link = mails.Await(t, userEmail, 3).Links[0] // after the notice of the change
		r.advance(2 * time.Hour)
		b.open(link)
		b.sees(strings.TrimPrefix(link, r.Config.Issuer), http.StatusBadRequest, "This link has expired or was used already.")
	})
}
