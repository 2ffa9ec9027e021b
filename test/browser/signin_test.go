// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"net/http"
	"testing"
)

func TestSignInAndOut(t *testing.T) {
	t.Parallel()
	b := newRealm(t).serve().newTab()
	b.open("/")
	b.sees("/signin", http.StatusOK, "Forgot password?")
	b.look("signin")
	b.fill("email", userEmail)
	b.fill("password", "not the password")
	b.press("Sign in")
	b.sees("/signin", http.StatusBadRequest, "The e-mail address or the password is wrong.")
	b.look("signin-wrong")
	b.fill("password", password)
	b.press("Sign in")
	b.sees("/account", http.StatusOK, userEmail)
	b.look("account")
	b.pressIn(section("Leave"), "Sign out")
	b.sees("/signed-out", http.StatusOK, "You are signed out")
	b.look("signed-out")
}
