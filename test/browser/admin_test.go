// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"net/http"
	"testing"
)

func TestAdminsLookAfterUsers(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t).serve()
		b := r.signedIn(s, adminEmail)
		b.press("Users")
		b.sees("/admin/users", http.StatusOK, userEmail)
		b.look("users")
		b.press("New user")
		b.look("new-user")
		b.fill("email", "bob@example.com")
		b.fill("password", newPassword)
		b.press("Create")
		if b.status != http.StatusOK || b.path() == "/admin/users" {
			t.Fatalf("is at %s with %d", b.path(), b.status)
		}
		b.look("user")
		b.press("Disable")
		b.sees(b.path(), http.StatusOK, "The user is disabled and signed out everywhere.")
		r.advance(longAgo)
		b.fill("role", "auditor")
		b.press("Save")
		b.sees(b.path(), http.StatusForbidden, "Is it you?")
		b.enters(password)
		b.sees(b.path(), http.StatusOK, "The profile is saved.")
		b.press("Enable") // and is not asked again
		b.sees(b.path(), http.StatusOK, "The user may sign in again.")

		b.press("Users")
		b.fill("q", "nobody-of-that-name")
		b.press("Search")
		b.sees("/admin/users", http.StatusOK, "Nobody fits.")
		b.look("users-none")
		b.press("Audit trail")
		b.sees("/admin/audit", http.StatusOK, "bob@example.com")
		b.look("audit")
	})
}

func TestAdminPagesAreForAdmins(t *testing.T) {
	t.Parallel()
	b := newRealm(t).serve().signedIn(desk, userEmail)
	b.open("/admin/users")
	b.sees("/admin/users", http.StatusForbidden)
	b.look("error-403")
}
