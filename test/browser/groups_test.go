// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"net/http"
	"testing"
)

func TestAdminsLookAfterGroups(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		b := newRealm(t).serve().signedIn(s, adminEmail)
		b.press("Groups")
		b.sees("/admin/groups", http.StatusOK, "There are no groups yet.")
		b.fill("name", "a,b")
		b.press("Create")
		b.sees("/admin/groups", http.StatusBadRequest, "no commas")
		b.look("groups-wrong")
		b.fill("name", "platform-admins")
		b.press("Create")
		b.sees(b.path(), http.StatusOK, "The group is created.", "Nobody is in this group.")
		b.fill("email", "nobody@example.com")
		b.press("Add")
		b.sees(b.path(), http.StatusBadRequest, "There is no account with this e-mail address.")
		b.look("group-wrong")
		b.fill("email", userEmail)
		b.press("Add")
		b.sees(b.path(), http.StatusOK, "The user is in the group.", userEmail)
		b.look("group")
		b.press(userEmail)
		b.sees(b.path(), http.StatusOK, "platform-admins", "Added on")
		b.look("user-groups")
		b.press("Groups")
		b.look("groups")
	})
}
