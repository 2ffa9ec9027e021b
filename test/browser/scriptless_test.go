// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"net/http"
	"strings"
	"testing"
)

func TestWithoutScripts(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t)
		mails := r.sendsMail()
		b := r.serve().newTab(s)
		b.withoutScripts()
		b.signIn(userEmail, wrongPassword)
		b.sees("/signin", http.StatusBadRequest, "The e-mail address or the password is wrong.")
		b.fill("password", password)
		b.press("Sign in")
		b.sees("/account", http.StatusOK, userEmail)
		key, codes := b.setUpApp()
		b.sees("/account", http.StatusOK, "Backup codes left: 10.")
		r.advance(longAgo)
		b.open("/account")
		b.click("Delete the account")
		b.press("Delete for good")
		b.sees("/account/delete", http.StatusForbidden, "Is it you?")
		b.fill("password", wrongPassword)
		b.press("Continue")
		b.sees("/account/delete", http.StatusForbidden, "The password is wrong.")
		b.press("Cancel")
		b.sees("/account", http.StatusOK, userEmail)
		b.press("Sign out")

		b.press("Sign in again")
		b.press("Forgot password?")
		b.fill("email", userEmail)
		b.press("Send the link")
		b.sees("/forgot", http.StatusOK, "Check your e-mail")
		b.open(mails.Await(t, userEmail, 2).Links[0])
		b.fill("password", newPassword)
		b.press("Save the password")
		b.press("Sign in")
		b.fill("email", userEmail)
		b.fill("password", newPassword)
		b.press("Sign in")
		b.fill("code", r.appCode(key))
		b.press("Continue")
		b.sees("/account", http.StatusOK, userEmail)
		b.press("Sign out")
		b.signIn(userEmail, newPassword)
		b.useBackupCode(codes[0])
		b.sees("/account", http.StatusOK, "Backup codes left: 9.")
		if !strings.Contains(b.text(), "Chrome on Linux") {
			t.Error("the page does not name the browser")
		}
	})
}
