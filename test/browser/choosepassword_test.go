// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// longPassword is one that a realm takes which has become strict.
const longPassword = newPassword + " woollen socks"

// newStrictRealm takes longer passwords than people have, and has them choose others.
func newStrictRealm(t *testing.T) *realm {
	t.Helper()
	r := newRealm(t)
	r.sendsMail()
	r.Config.Passwords.MinLength = len(longPassword)
	r.Config.Passwords.Existing = &realmconfig.ExistingPasswords{Enforcement: realmconfig.Enforce, MaxBlocked: 20}
	return r
}

func TestPasswordsOfOldAreReplacedAtSignIn(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		b := newStrictRealm(t).serve().newTab(s)
		b.signIn(userEmail, password)
		b.sees("/signin", http.StatusOK, "Choose a new password", "Send me a link by e-mail instead")
		b.look("choose-password")
		b.fill("password", strings.Repeat("ab", len(longPassword)/2+1))
		b.press("Save and continue")
		b.sees("/signin/password", http.StatusBadRequest, "It has too few different characters.")
		b.look("choose-password-refused")
		b.fill("password", longPassword)
		b.press("Save and continue")
		b.sees("/account", http.StatusOK, userEmail)
		b.press("Sign out")
		b.signIn(userEmail, longPassword)
		b.sees("/account", http.StatusOK, userEmail)
	})
}

func TestPasswordsOfOldAreReplacedWithoutScripts(t *testing.T) {
	t.Parallel()
	b := newStrictRealm(t).serve().newTab(telephone)
	b.withoutScripts()
	b.signIn(userEmail, password)
	b.sees("/signin", http.StatusOK, "Choose a new password")
	b.fill("password", longPassword)
	b.press("Save and continue")
	b.sees("/account", http.StatusOK, userEmail)
}

func TestPasswordsOfOldAreAnnounced(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newStrictRealm(t)
		r.Config.Passwords.Existing.Enforcement, r.Config.Passwords.Existing.GracePeriod = realmconfig.Warn, realmconfig.Duration(48*time.Hour)
		b := r.serve().newTab(s)
		b.signIn(adminEmail, password)
		b.sees("/signin", http.StatusOK, "A better password will be required")
		b.look("required-passwords")
		b.press("Choose one now")
		b.sees("/account", http.StatusOK, adminEmail)
		b.open("/admin/required-passwords")
		b.sees("/admin/required-passwords", http.StatusOK, "Warned:", adminEmail, "Told")
		b.look("required-passwords-people")
	})
}
