// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestPagesManageGroups(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s, b := newAdmin(t, r)
	admin := s.login().Access
	ann := s.createUser(admin, annEmail, "user")
	b.open("/admin/users")
	b.open(attribute(b.link("Groups"), "href"))
	b.sees("/admin/groups", http.StatusOK, "There are no groups yet.")
	b.submit("/admin/groups", map[string]string{"name": "a,b"})
	b.sees("/admin/groups", http.StatusBadRequest, "no commas")
	if got := attribute(b.find("input", "aria-invalid", "true"), "value"); got != "a,b" {
		t.Errorf("the name was forgotten: %q", got)
	}
	b.submit("/admin/groups", map[string]string{"name": "<b>ops</b>"})
	path := "/admin/groups/" + query[string](r, "SELECT id::text FROM groups")
	b.sees(path, http.StatusOK, "The group is created.", "<b>ops</b>", "Nobody is in this group.")
	b.submit(path, map[string]string{"name": "ops"})
	b.sees(path, http.StatusOK, "The group is renamed.")
	b.open("/admin/groups")
	b.submit("/admin/groups", map[string]string{"name": "ops"})
	b.sees("/admin/groups", http.StatusBadRequest, "Another group has this name.")
	if b.listed() != "ops" {
		t.Errorf("the list shows %s", b.listed())
	}

	b.open(path)
	b.submit(path+"/members", map[string]string{"email": "nobody@example.com"})
	b.sees(path+"/members", http.StatusBadRequest, "There is no account with this e-mail address.")
	if got := attribute(b.find("input", "id", "email"), "value"); got != "nobody@example.com" {
		t.Errorf("the address was forgotten: %q", got)
	}
	b.submit(path+"/members", map[string]string{"email": " Ann@Example.com"})
	b.sees(path, http.StatusOK, "The user is in the group.", annEmail, "Added on")
	b.open("/admin/users/" + ann.ID)
	b.sees("/admin/users/"+ann.ID, http.StatusOK, "ops", "Added on")
	b.open(attribute(b.link("ops"), "href"))
	b.submit(path+"/members/remove", map[string]string{"user": ann.ID})
	b.sees(path, http.StatusOK, "The user is no longer in the group.", "Nobody is in this group.")
	b.open("/admin/users/" + ann.ID)
	b.sees("/admin/users/"+ann.ID, http.StatusOK, "The user is in no group.")

	b.open(path)
	b.submit(path+"/delete", map[string]string{"confirm": "OPS"})
	b.sees(path+"/delete", http.StatusBadRequest, "This is not the name of the group.")
	b.submit(path+"/delete", map[string]string{"confirm": "ops"})
	b.sees("/admin/groups", http.StatusOK, "The group is deleted.", "There are no groups yet.")
	b.open(path)
	b.sees(path, http.StatusNotFound)
	b.open("/admin/groups/ops")
	b.sees("/admin/groups/ops", http.StatusNotFound)
}

func TestPagesOfGroupsAreForAdmins(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s, b := newAdmin(t, r)
	admin := s.login().Access
	s.createUser(admin, annEmail, "user")
	ops := s.createGroup(admin, "ops")
	b.open("/account")
	b.sees("/account", http.StatusOK, "Groups")
	user, own := s.newPageBrowser(), "/admin/groups/"+ops.ID
	user.signIn(annEmail, strangerPassword)
	for _, path := range []string{"/admin/groups", own, own + "/members", own + "/members/remove", own + "/delete"} {
		q := newRequest(t, http.MethodPost, path, "name=mine&email=ann%40example.com&confirm=ops")
		q.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		user.send(q)
		user.sees(path, http.StatusForbidden)
	}
	for _, path := range []string{"/admin/groups", own} {
		user.open(path)
		user.sees(path, http.StatusForbidden)
	}
	if got := query[string](r, "SELECT name || (SELECT count(*) FROM group_members) FROM groups"); got != "ops0" {
		t.Errorf("groups and members are %s", got)
	}
}

func TestPagesOfManyGroupsAndMembers(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Exec(`INSERT INTO groups (id, name, created_at) SELECT gen_random_uuid(), 'group & ' || n, now() FROM generate_series(1, 120) n`)
	r.Exec(`INSERT INTO users (id, email, role, created_at) SELECT gen_random_uuid(), 'user' || n || '@example.com', 'user', now() FROM generate_series(1, 120) n`)
	r.Exec(`INSERT INTO group_members (user_id, group_id, added_at) SELECT u.id, g.id, now() FROM users u, groups g WHERE g.name = 'group & 7' AND u.role = 'user'`)
	_, b := newAdmin(t, r)
	b.open("/admin/groups")
	seen := map[string]bool{}
	for pages := 1; ; pages++ {
		for _, name := range strings.Split(b.listed(), " group & ") {
			seen[strings.TrimPrefix(name, "group & ")] = true
		}
		if pages == 3 {
			break
		}
		b.open(attribute(b.link("Next"), "href"))
	}
	if len(seen) != 120 || strings.Contains(b.text(), "Next") {
		t.Errorf("three pages show %d groups", len(seen))
	}
	path := "/admin/groups/" + query[string](r, "SELECT id::text FROM groups WHERE name = 'group & 7'")
	b.open(path)
	seen = map[string]bool{}
	for pages := 1; ; pages++ {
		for _, button := range b.all("button", "name", "user") {
			seen[attribute(button, "value")] = true
		}
		if pages == 3 {
			break
		}
		b.open(attribute(b.link("Older"), "href"))
	}
	if len(seen) != 120 || strings.Contains(b.text(), "Older") {
		t.Errorf("three pages show %d members", len(seen))
	}
	for _, language := range []string{"de", "es", "fr"} {
		b.language = language
		b.open("/admin/groups")
		b.open(path)
		b.sees(path, http.StatusOK)
	}
}

func TestPagesTellWhichProviderSpeaksOfAGroup(t *testing.T) {
	t.Parallel()
	m := newMapped(t, realmconfig.OIDC, opsAndDev)
	m.says([]string{"ops"})
	m.signIn()
	b := m.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	b.open("/admin/users/" + m.bob())
	b.sees("/admin/users/"+m.bob(), http.StatusOK, "corp:ops", "According to elsewhere")
	b.open(attribute(b.link("corp:ops"), "href"))
	if len(b.all("button", "name", "user")) != 0 || !strings.Contains(b.text(), "According to elsewhere") {
		t.Errorf("the page says %s", b.text())
	}
}
