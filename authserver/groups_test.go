// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

const groupsPath = "/api/admin/groups"

type groupAnswer struct {
	ID, Name  string
	AddedAt   *time.Time `json:"added_at"`
	Providers []string
}

type memberAnswer struct {
	ID, Email string
	AddedAt   *time.Time `json:"added_at"`
	Providers []string
}

func (s *server) createGroup(admin, name string) groupAnswer {
	s.t.Helper()
	return decode[groupAnswer](s.t, s.as(admin, http.MethodPost, groupsPath, map[string]string{"name": name}), http.StatusCreated)
}

func (s *server) addMember(admin, groupID, userID string) answer {
	s.t.Helper()
	return s.as(admin, http.MethodPost, groupsPath+"/"+groupID+"/members", map[string]string{"user_id": userID})
}

// groupsOf are the names of a user's groups, as the admin API has them.
func (s *server) groupsOf(admin, userID string) string {
	s.t.Helper()
	list := decode[struct{ Groups []groupAnswer }](s.t, s.as(admin, http.MethodGet, "/api/admin/users/"+userID+"/groups", nil), http.StatusOK)
	names := []string{}
	for _, g := range list.Groups {
		names = append(names, g.Name)
	}
	return strings.Join(names, " ")
}

// members are the addresses of a group's members, without their domain.
func (s *server) members(admin, groupID string) string {
	s.t.Helper()
	page := decode[struct{ Members []memberAnswer }](s.t, s.as(admin, http.MethodGet, groupsPath+"/"+groupID+"/members", nil), http.StatusOK)
	names := []string{}
	for _, m := range page.Members {
		names = append(names, strings.TrimSuffix(m.Email, "@example.com"))
	}
	return strings.Join(names, " ")
}

func TestAdminsManageGroups(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	admin := s.login().Access
	ann, bob := s.createUser(admin, "ann@example.com", ""), s.createUser(admin, "bob@example.com", "")
	ops, dev := s.createGroup(admin, "ops"), s.createGroup(admin, "Dev")
	s.as(admin, http.MethodPost, groupsPath, map[string]string{"name": "ops"}).Expect(t, http.StatusConflict, "group_exists")
	s.createGroup(admin, "OPS") // of other letters
	for _, name := range []string{"", "system:masters", "a,b", " a", "a\nb", strings.Repeat("a", 129)} {
		s.as(admin, http.MethodPost, groupsPath, map[string]string{"name": name}).Expect(t, http.StatusBadRequest, "invalid_request")
		s.as(admin, http.MethodPatch, groupsPath+"/"+ops.ID, map[string]string{"name": name}).Expect(t, http.StatusBadRequest, "invalid_request")
	}
	for _, user := range []person{ann, bob, ann} { // twice is no error
		s.addMember(admin, ops.ID, user.ID).Expect(t, http.StatusNoContent, "")
	}
	s.addMember(admin, dev.ID, ann.ID).Expect(t, http.StatusNoContent, "")
	if got := s.groupsOf(admin, ann.ID) + ", " + s.members(admin, ops.ID); got != "Dev ops, bob ann" {
		t.Errorf("ann's groups, and who is in ops: %s", got)
	}
	one := decode[struct{ Groups []groupAnswer }](t, s.as(admin, http.MethodGet, "/api/admin/users/"+bob.ID+"/groups", nil), http.StatusOK).Groups[0]
	if one.ID != ops.ID || one.AddedAt == nil || len(one.Providers) != 0 {
		t.Errorf("bob is in %+v", one)
	}

	renamed := decode[groupAnswer](t, s.as(admin, http.MethodPatch, groupsPath+"/"+ops.ID, map[string]string{"name": "operators"}), http.StatusOK)
	if renamed.ID != ops.ID || renamed.Name != "operators" || s.groupsOf(admin, bob.ID) != "operators" {
		t.Errorf("renamed to %+v, and bob is in %s", renamed, s.groupsOf(admin, bob.ID))
	}
	s.as(admin, http.MethodPatch, groupsPath+"/"+ops.ID, map[string]string{"name": "Dev"}).Expect(t, http.StatusConflict, "group_exists")

	out := groupsPath + "/" + ops.ID + "/members/" + ann.ID
	s.as(admin, http.MethodDelete, out, nil).Expect(t, http.StatusNoContent, "")
	s.as(admin, http.MethodDelete, out, nil).Expect(t, http.StatusNotFound, "not_found")
	if got := s.groupsOf(admin, ann.ID) + ", " + s.members(admin, ops.ID); got != "Dev, bob" {
		t.Errorf("after ann has left: %s", got)
	}
	s.as(admin, http.MethodDelete, groupsPath+"/"+ops.ID, nil).Expect(t, http.StatusNoContent, "")
	s.as(admin, http.MethodGet, groupsPath+"/"+ops.ID, nil).Expect(t, http.StatusNotFound, "not_found")
	if got := s.groupsOf(admin, bob.ID); got != "" {
		t.Errorf("bob is still in %s", got)
	}
	s.as(admin, http.MethodDelete, "/api/admin/users/"+ann.ID, nil).Expect(t, http.StatusNoContent, "")
	if got := query[int](r, "SELECT count(*) FROM group_members"); got != 0 {
		t.Errorf("%d memberships of nobody", got)
	}
	want := "group.created OPS, group.created Dev, group.created ops, group.deleted operators, group.member_added Dev, " +
		"group.member_added ops, group.member_added ops, group.member_removed operators, group.renamed ops → operators"
	got := query[string](r, `SELECT string_agg(action || ' ' || detail, ', ' ORDER BY action, detail COLLATE "C" DESC) FROM audit_events
		WHERE action LIKE 'group.%' AND outcome = 'succeeded'`)
	if slicesOf(got) != slicesOf(want) {
		t.Errorf("the trail tells of %s", got)
	}
}

// slicesOf sorts a list of words between commas.
func slicesOf(list string) string {
	parts := strings.Split(list, ", ")
	slices.Sort(parts)
	return strings.Join(parts, ", ")
}

func TestGroupsThatAreNotThere(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	admin := s.login().Access
	ann, ops := s.createUser(admin, "ann@example.com", ""), s.createGroup(admin, "ops")
	const nobody = "0198c9c4-6f0a-7c3e-9b1d-2f5a8e7d4c10"
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"GET", groupsPath + "/" + nobody, nil},
		{"PATCH", groupsPath + "/" + nobody, map[string]string{"name": "x"}},
		{"DELETE", groupsPath + "/" + nobody, nil},
		{"GET", groupsPath + "/" + nobody + "/members", nil},
		{"POST", groupsPath + "/" + nobody + "/members", map[string]string{"user_id": ann.ID}},
		{"POST", groupsPath + "/" + ops.ID + "/members", map[string]string{"user_id": nobody}},
		{"DELETE", groupsPath + "/" + nobody + "/members/" + ann.ID, nil},
		{"DELETE", groupsPath + "/" + ops.ID + "/members/" + nobody, nil},
		{"GET", "/api/admin/users/" + nobody + "/groups", nil},
	} {
		s.as(admin, c.method, c.path, c.body).Expect(t, http.StatusNotFound, "not_found")
	}
	s.as(admin, http.MethodGet, groupsPath+"/ops", nil).Expect(t, http.StatusBadRequest, "invalid_request")
	s.as(admin, http.MethodDelete, groupsPath+"/"+ops.ID+"/members/ann", nil).Expect(t, http.StatusBadRequest, "invalid_request")
}

func TestOnlyAdminsManageGroups(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	admin := s.login().Access
	ann, ops := s.createUser(admin, "ann@example.com", "editor"), s.createGroup(admin, "ops")
	user := s.tokensOf(s.tryLogin(ann.Email, strangerPassword)).Access
	one := groupsPath + "/" + ops.ID
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"GET", groupsPath, nil},
		{"POST", groupsPath, map[string]string{"name": "mine"}},
		{"GET", one, nil},
		{"PATCH", one, map[string]string{"name": "mine"}},
		{"DELETE", one, nil},
		{"GET", one + "/members", nil},
		{"POST", one + "/members", map[string]string{"user_id": ann.ID}},
		{"DELETE", one + "/members/" + ann.ID, nil},
		{"GET", "/api/admin/users/" + ann.ID + "/groups", nil},
	} {
		s.as(user, c.method, c.path, c.body).Expect(t, http.StatusForbidden, "permission_denied")
	}
	if got := query[int](r, "SELECT count(*)::int FROM audit_events WHERE actor_id = $1 AND outcome = 'permission_denied'", ann.ID); got != 5 {
		t.Errorf("%d refused acts stand in the trail, want 5", got)
	}
	if got := s.groupsOf(admin, ann.ID); got != "" {
		t.Errorf("somebody has put themselves into %s", got)
	}
}

func TestGroupsAreListedByPages(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	admin := s.login().Access
	r.Exec(`INSERT INTO groups (id, name, created_at) SELECT gen_random_uuid(), 'group & ' || n, now() FROM generate_series(1, 25) n`)
	r.Exec(`INSERT INTO users (id, email, role, created_at) SELECT gen_random_uuid(), 'user' || n || '@example.com', 'user', now() FROM generate_series(1, 25) n`)
	r.Exec(`INSERT INTO group_members (user_id, group_id, added_at) SELECT u.id, g.id, now() FROM users u, groups g WHERE g.name = 'group & 7' AND u.email <> $1`, adminEmail)
	pages := func(path string) []string {
		t.Helper()
		seen := []string{}
		for cursor := ""; ; {
			page := decode[struct {
				Groups     []groupAnswer
				Members    []memberAnswer
				NextCursor *string `json:"next_cursor"`
			}](t, s.as(admin, http.MethodGet, path+"?limit=10&cursor="+url.QueryEscape(cursor), nil), http.StatusOK)
			for _, g := range page.Groups {
				seen = append(seen, g.Name)
			}
			for _, m := range page.Members {
				seen = append(seen, m.ID)
			}
			if page.NextCursor == nil {
				return seen
			}
			cursor = *page.NextCursor
		}
	}
	if seen := pages(groupsPath); len(seen) != 25 || !slices.IsSorted(seen) || len(slices.Compact(seen)) != 25 {
		t.Errorf("groups are %q", seen)
	}
	of := query[string](r, "SELECT id::text FROM groups WHERE name = 'group & 7'")
	seen := pages(groupsPath + "/" + of + "/members")
	if !slices.IsSortedFunc(seen, func(a, b string) int { return strings.Compare(b, a) }) || len(slices.Compact(seen)) != 25 {
		t.Errorf("members are %q", seen)
	}
	s.as(admin, http.MethodDelete, groupsPath+"/"+of, nil).Expect(t, http.StatusNoContent, "")
}

// Of any number who put a user into one group too many, none does.
func TestNobodyIsPutIntoTooManyGroups(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	admin := s.login().Access
	ann := s.createUser(admin, "ann@example.com", "")
	r.Exec(`INSERT INTO groups (id, name, created_at) SELECT gen_random_uuid(), 'group-' || n, now() FROM generate_series(1, 150) n`)
	r.Exec(`INSERT INTO group_members (user_id, group_id, added_at) SELECT $1, id, now() FROM groups ORDER BY name LIMIT 90`, ann.ID)
	free := strings.Fields(query[string](r, `SELECT string_agg(id::text, ' ') FROM groups WHERE id NOT IN (SELECT group_id FROM group_members)`))
	statuses := race.Answers(50, func(i int) int {
		for {
			a := s.addMember(admin, free[i], ann.ID)
			if a.Status != http.StatusServiceUnavailable { // others were in the way
				return a.Status
			}
		}
	})
	added, refused := 0, 0
	for _, status := range statuses {
		switch status {
		case http.StatusNoContent:
			added++
		case http.StatusConflict:
			refused++
		default:
			t.Errorf("answered %d", status)
		}
	}
	if in := query[int](r, "SELECT count(*) FROM group_members WHERE user_id = $1", ann.ID); added != 10 || refused != 40 || in != 100 {
		t.Errorf("%d were added and %d refused, and the user is in %d groups", added, refused, in)
	}
	s.addMember(admin, free[0], s.profileOf(admin).ID).Expect(t, http.StatusNoContent, "")
}

// Of any number who create a group, one has.
func TestAGroupIsCreatedOnce(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	admin := s.login().Access
	won := race.Winners(50, func(int) answer { return s.as(admin, http.MethodPost, groupsPath, map[string]string{"name": "ops"}) },
		func(a answer) bool { return a.Status == http.StatusCreated })
	if got := query[string](r, "SELECT count(*) || ' ' || (SELECT count(*) FROM audit_events WHERE action = 'group.created') FROM groups"); len(won) != 1 || got != "1 1" {
		t.Errorf("%d have created %s", len(won), got)
	}
	ops := decode[groupAnswer](t, won[0], http.StatusCreated)
	ann := s.createUser(admin, "ann@example.com", "")
	race.Run(50, func(i int) { // while it goes, nobody is left in it
		if i%2 == 0 {
			s.addMember(admin, ops.ID, ann.ID)
		} else {
			s.as(admin, http.MethodDelete, groupsPath+"/"+ops.ID, nil)
		}
	})
	if got := query[string](r, fmt.Sprintf("SELECT (SELECT count(*) FROM groups) || ' ' || (SELECT count(*) FROM group_members WHERE group_id = '%s')", ops.ID)); got != "0 0" {
		t.Errorf("groups and members that are left: %s", got)
	}
}
