// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

// With this password people are created.
const strangerPassword = "seven wild geese fly south"

type person struct {
	ID, Email, Name, Role string
	EmailVerified         bool       `json:"email_verified"`
	DisabledAt            *time.Time `json:"disabled_at"`
	LockedUntil           *time.Time `json:"locked_until"`
	Sessions              int
	SecondFactors         []string `json:"second_factors"`
	BackupCodesLeft       int      `json:"backup_codes_left"`
}

// as sends a request with an access token.
func (s *server) as(access, method, path string, body any) answer {
	s.t.Helper()
	r := newRequest(s.t, method, path, body)
	r.Header.Set("Authorization", "Bearer "+access)
	return s.do(r)
}

func decode[T any](t testing.TB, a answer, status int) T {
	t.Helper()
	value := *new(T)
	if a.Status != status {
		t.Fatalf("answered %d %s, want %d", a.Status, a.Body, status)
	}
	if err := json.Unmarshal([]byte(a.Body), &value); err != nil {
		t.Fatal(err)
	}
	return value
}

// createUser adds somebody with strangerPassword.
func (s *server) createUser(admin, email, role string) person {
	s.t.Helper()
	suite.secrets.used(strangerPassword, email)
	return decode[person](s.t, s.as(admin, http.MethodPost, "/api/admin/users", map[string]string{
		"email": email, "password": strangerPassword, "role": role, "name": "Name of " + strings.Split(email, "@")[0],
	}), http.StatusCreated)
}

func TestAdminsManageUsers(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	admin := s.login().Access
	ann := s.createUser(admin, "Ann@Example.com", "")
	if ann.Email != "ann@example.com" || ann.Role != "user" || !ann.EmailVerified || ann.Name != "Name of Ann" {
		t.Errorf("created %+v", ann)
	}
	path := "/api/admin/users/" + ann.ID
	again := s.as(admin, http.MethodPost, "/api/admin/users", map[string]string{"email": "ann@example.com", "password": strangerPassword})
	again.Expect(t, http.StatusConflict, "email_taken")

	annsTokens := s.tokensOf(s.tryLogin("ann@example.com", strangerPassword))
	if got := decode[person](t, s.as(admin, http.MethodGet, path, nil), http.StatusOK); got.Sessions != 1 || got.LockedUntil != nil {
		t.Errorf("after a login: %+v", got)
	}

	changed := decode[person](t, s.as(admin, http.MethodPatch, path, map[string]any{"role": "auditor", "name": "Ann Lee"}), http.StatusOK)
	if changed.Role != "auditor" || changed.Name != "Ann Lee" {
		t.Errorf("changed to %+v", changed)
	}

	if a := s.as(admin, http.MethodDelete, path+"/sessions", nil); a.Status != http.StatusNoContent {
		t.Errorf("ending sessions answered %d %s", a.Status, a.Body)
	}
	s.profile(annsTokens.Access).Expect(t, http.StatusUnauthorized, "token_invalid")
	s.tryRefresh(annsTokens.Refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")

	if a := s.as(admin, http.MethodDelete, path, nil); a.Status != http.StatusNoContent {
		t.Errorf("deletion answered %d %s", a.Status, a.Body)
	}
	s.as(admin, http.MethodGet, path, nil).Expect(t, http.StatusNotFound, "not_found")
	s.as(admin, http.MethodDelete, path, nil).Expect(t, http.StatusNotFound, "not_found")
	s.tryLogin("ann@example.com", strangerPassword).Expect(t, http.StatusNotFound, "user_not_found")
}

func TestAnAdminInvites(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	admin := s.login().Access
	invitation := map[string]string{"email": "ann@example.com", "name": "Ann"}
	s.as(admin, http.MethodPost, "/api/admin/users", invitation).Expect(t, http.StatusServiceUnavailable, "email_unavailable")
	r.sendsMail()
	s.eventually("the realm can send mail", func() bool {
		return s.as(admin, http.MethodPost, "/api/admin/users", invitation).Status == http.StatusCreated
	})
	s.tryLogin("ann@example.com", strangerPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	token := r.lastLetter("ann@example.com", auth.ResetPasswordMessage).token(t)
	suite.secrets.used(strangerPassword)
	if a := s.post("/api/auth/reset/"+token, map[string]string{"password": strangerPassword}); a.Status != http.StatusOK {
		t.Fatalf("the first password was answered %d %s", a.Status, a.Body)
	}
	s.tokensOf(s.tryLogin("ann@example.com", strangerPassword))
}

func TestAnAdminUnlocks(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	admin := s.login().Access
	ann := s.createUser(admin, "ann@example.com", "user")
	for range 5 {
		s.tryLogin(ann.Email, wrongPassword)
	}
	s.tryLogin(ann.Email, strangerPassword).Expect(t, http.StatusTooManyRequests, "account_locked")
	path := "/api/admin/users/" + ann.ID
	if got := decode[person](t, s.as(admin, http.MethodGet, path, nil), http.StatusOK); got.LockedUntil == nil {
		t.Error("the lock is not shown")
	}
	if a := s.as(admin, http.MethodPost, path+"/unlock", nil); a.Status != http.StatusNoContent {
		t.Errorf("answered %d %s", a.Status, a.Body)
	}
	s.tokensOf(s.tryLogin(ann.Email, strangerPassword))
	nobody := "/api/admin/users/0198c9c4-6f0a-7c3e-9b1d-2f5a8e7d4c10"
	s.as(admin, http.MethodPost, nobody+"/unlock", nil).Expect(t, http.StatusNotFound, "not_found")
	s.as(admin, http.MethodPatch, nobody, map[string]string{"name": "x"}).Expect(t, http.StatusNotFound, "not_found")
	s.as(admin, http.MethodDelete, nobody+"/sessions", nil).Expect(t, http.StatusNotFound, "not_found")
}

func TestDisablingShutsOutAtOnce(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	admin := s.login().Access
	ann := s.createUser(admin, "ann@example.com", "user")
	session := s.tokensOf(s.tryLogin(ann.Email, strangerPassword))
	s.refresh(session.Refresh) // the answer of which is still remembered
	disable := func(disabled bool) person {
		return decode[person](t, s.as(admin, http.MethodPatch, "/api/admin/users/"+ann.ID, map[string]any{"disabled": disabled}), http.StatusOK)
	}
	if disable(true).DisabledAt == nil {
		t.Error("not disabled")
	}
	s.profile(session.Access).Expect(t, http.StatusUnauthorized, "token_invalid")
	s.tryRefresh(session.Refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	s.tryLogin(ann.Email, strangerPassword).Expect(t, http.StatusForbidden, "account_disabled")
	if disable(false).DisabledAt != nil {
		t.Error("still disabled")
	}
	s.profile(session.Access).Expect(t, http.StatusUnauthorized, "token_invalid")
	s.tokensOf(s.tryLogin(ann.Email, strangerPassword))
}

func TestOnlyAdminsAdminister(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	admin := s.login().Access
	ann := s.createUser(admin, "ann@example.com", "user")
	user := s.tokensOf(s.tryLogin(ann.Email, strangerPassword)).Access
	path := "/api/admin/users/" + ann.ID
	for _, c := range []struct {
		method, path string
		body         any
	}{
		{"GET", "/api/admin/users", nil},
		{"POST", "/api/admin/users", map[string]string{"email": "eve@example.com", "password": strangerPassword}},
		{"GET", path, nil},
		{"PATCH", path, map[string]string{"role": "admin"}},
		{"DELETE", path, nil},
		{"DELETE", path + "/sessions", nil},
		{"POST", path + "/unlock", nil},
		{"GET", "/api/admin/audit", nil},
	} {
		s.as(user, c.method, c.path, c.body).Expect(t, http.StatusForbidden, "permission_denied")
	}
	if got := query[int](r, "SELECT count(*)::int FROM audit_events WHERE actor_id = $1 AND outcome = 'permission_denied'", ann.ID); got != 5 {
		t.Errorf("%d refused acts stand in the trail", got)
	}

	// What counts is the role that the store knows, not the token's.
	s.as(admin, http.MethodPatch, path, map[string]string{"role": "admin"})
	if a := s.as(user, http.MethodGet, "/api/admin/users", nil); a.Status != http.StatusOK {
		t.Errorf("a new admin with an old token was answered %d", a.Status)
	}
	s.as(admin, http.MethodPatch, path, map[string]string{"role": "user"})
	s.as(user, http.MethodGet, "/api/admin/users", nil).Expect(t, http.StatusForbidden, "permission_denied")
}

func TestUsersAreFound(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	admin := s.login().Access
	for _, email := range []string{"ann@example.com", "anna_@example.com", "annax@example.com", "bob@example.com"} {
		s.createUser(admin, email, map[bool]string{true: "auditor", false: "user"}[email[0] == 'b'])
	}
	found := func(query string) string {
		t.Helper()
		page := decode[struct{ Users []person }](t, s.as(admin, http.MethodGet, "/api/admin/users?"+query, nil), http.StatusOK)
		emails := []string{}
		for _, u := range page.Users {
			emails = append(emails, strings.TrimSuffix(u.Email, "@example.com"))
		}
		return strings.Join(emails, " ")
	}
	everybody := "bob annax anna_ ann admin"
	for query, want := range map[string]string{
		"":                         everybody,
		"q=ANN":                    "annax anna_ ann",
		"q=anna_":                  "anna_",
		"q=%25":                    "",
		"q=%5C":                    "",
		"q=name+of+bob":            "bob",
		"role=auditor":             "bob",
		"role=user&q=ann@":         "ann",
		"status=active":            everybody,
		"status=disabled":          "",
		"status=locked":            "",
		"limit=2":                  "bob annax",
		"q='%20OR%201=1%20--":      "",
		"role=admin&status=active": "admin",
	} {
		if got := found(query); got != want {
			t.Errorf("%s finds %q, want %q", query, got, want)
		}
	}
	{
		seen := []string{}
		for cursor := ""; ; {
			page := decode[struct {
				Users      []person
				NextCursor *string `json:"next_cursor"`
			}](t, s.as(admin, http.MethodGet, "/api/admin/users?limit=2"+cursor, nil), http.StatusOK)
			for _, u := range page.Users {
				seen = append(seen, strings.TrimSuffix(u.Email, "@example.com"))
			}
			if page.NextCursor == nil {
				break
			}
			cursor = "&cursor=" + *page.NextCursor
		}
		if got := strings.Join(seen, " "); got != everybody {
			t.Errorf("page by page: %q", got)
		}
	}
	for range 5 {
		s.tryLogin("bob@example.com", wrongPassword)
	}
	if got := found("status=locked"); got != "bob" {
		t.Errorf("locked are %q", got)
	}
}

func TestTheLastAdminStays(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	admin := s.login().Access
	self := "/api/admin/users/" + decode[person](t, s.profile(admin), http.StatusOK).ID
	s.createUser(admin, "ann@example.com", "user")
	for name, try := range map[string]func() answer{
		"demoted":  func() answer { return s.as(admin, http.MethodPatch, self, map[string]string{"role": "user"}) },
		"disabled": func() answer { return s.as(admin, http.MethodPatch, self, map[string]bool{"disabled": true}) },
		"deleted":  func() answer { return s.as(admin, http.MethodDelete, self, nil) },
	} {
		t.Run(name, func(t *testing.T) { try().Expect(t, http.StatusConflict, "last_admin") })
	}
	second := s.createUser(admin, "second@example.com", "admin")
	s.as(admin, http.MethodPatch, "/api/admin/users/"+second.ID, map[string]bool{"disabled": true})
	s.as(admin, http.MethodDelete, self, nil).Expect(t, http.StatusConflict, "last_admin")
	s.as(admin, http.MethodPatch, "/api/admin/users/"+second.ID, map[string]bool{"disabled": false})
	if a := s.as(admin, http.MethodDelete, self, nil); a.Status != http.StatusNoContent {
		t.Errorf("with another admin there: %d %s", a.Status, a.Body)
	}
}

// Every admin takes the role, the access or the life of every other at once.
func TestAdminsWhoRemoveEachOtherLeaveOne(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	root := s.login().Access
	for range 5 {
		admins := []string{}
		tokens := []string{}
		for _, name := range []string{"a", "b", "c", "d", "e"} {
			u := s.createUser(root, name+strings.ToLower(t.Name())+"@example.com", "admin")
			admins = append(admins, u.ID)
			tokens = append(tokens, s.tokensOf(s.tryLogin(u.Email, strangerPassword)).Access)
		}
		if a := s.as(tokens[0], http.MethodPatch, "/api/admin/users/"+decode[person](t, s.profile(root), http.StatusOK).ID, map[string]string{"role": "user"}); a.Status != http.StatusOK {
			t.Fatalf("the first admin stays: %d %s", a.Status, a.Body)
		}
		race.Run(50, func(i int) {
			actor, target := tokens[i%5], "/api/admin/users/"+admins[(i/5+i+1)%5]
			a := answer{}
			switch i % 3 {
			case 0:
				a = s.as(actor, http.MethodPatch, target, map[string]string{"role": "user"})
			case 1:
				a = s.as(actor, http.MethodPatch, target, map[string]bool{"disabled": true})
			default:
				a = s.as(actor, http.MethodDelete, target, nil)
			}
			if a.Status >= 500 {
				t.Errorf("answered %d %s", a.Status, a.Body)
			}
		})
		if got := query[int](r, "SELECT count(*)::int FROM users WHERE role = 'admin' AND disabled_at IS NULL"); got < 1 {
			t.Fatalf("%d admins are left", got)
		}
		r.Exec("UPDATE users SET role = 'admin' WHERE email = $1", adminEmail)
		r.Exec("DELETE FROM users WHERE email <> $1", adminEmail)
	}
}

func TestTheTrailTellsOfEveryAct(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	admin := s.login().Access
	self := decode[person](t, s.profile(admin), http.StatusOK)
	ann := s.createUser(admin, "ann@example.com", "user")
	path := "/api/admin/users/" + ann.ID
	s.as(admin, http.MethodPatch, path, map[string]any{"role": "auditor"})
	s.as(admin, http.MethodPatch, path, map[string]any{"role": "auditor"}) // changes nothing
	s.as(admin, http.MethodPatch, path, map[string]any{"disabled": true})
	s.as(admin, http.MethodPatch, path, map[string]any{"disabled": false, "name": "Ann Lee"})
	s.as(admin, http.MethodDelete, path+"/sessions", nil)
	s.as(admin, http.MethodDelete, path, nil)

	type page struct {
		Events []struct {
			Action, Outcome, Detail string
			Actor, Target, Account  *string
			At                      time.Time
		}
		NextCursor *string `json:"next_cursor"`
	}
	trail := func(query string) page {
		t.Helper()
		return decode[page](t, s.as(admin, http.MethodGet, "/api/admin/audit?"+query, nil), http.StatusOK)
	}
	actions := func(p page) string {
		names := []string{}
		for _, e := range p.Events {
			names = append(names, e.Action)
			if e.Actor == nil || *e.Actor != self.ID {
				t.Errorf("%s was done by %v", e.Action, e.Actor)
			}
		}
		return strings.Join(names, " ")
	}
	want := "user.deleted session.ended user.enabled profile.updated user.disabled user.role_changed user.created"
	got := trail("target=" + ann.ID)
	if actions(got) != want && actions(got) != strings.Replace(want, "user.enabled profile.updated", "profile.updated user.enabled", 1) {
		t.Errorf("the trail tells of %s", actions(got))
	}
	paged := ""
	for cursor := ""; ; {
		p := trail("limit=3&target=" + ann.ID + cursor)
		paged += actions(p) + " "
		if p.NextCursor == nil {
			break
		}
		cursor = "&cursor=" + *p.NextCursor
	}
	if strings.TrimSpace(paged) != actions(got) {
		t.Errorf("page by page: %s", paged)
	}
	if got := actions(trail("action=user.role_changed&outcome=succeeded&actor=" + self.ID)); got != "user.role_changed" {
		t.Errorf("role changes: %s", got)
	}
	s.tryLogin("nobody@example.com", wrongPassword)
	if got := trail("email=Nobody@example.com"); len(got.Events) != 1 || got.Events[0].Outcome != "user_not_found" || got.Events[0].Account == nil {
		t.Errorf("attempts on an address: %+v", got)
	}
	now := r.Clock.Now()
	if got := trail("from=" + now.Add(time.Hour).UTC().Format(time.RFC3339)); len(got.Events) != 0 {
		t.Errorf("the future has %d events", len(got.Events))
	}
	if got := trail("to=" + now.Add(-time.Hour).UTC().Format(time.RFC3339)); len(got.Events) != 0 {
		t.Errorf("the past has %d events", len(got.Events))
	}
	// Partitions go as a whole, so that there are events whose retention of 90 days is over.
	for _, days := range []int{89, 91} {
		query[int](r, `WITH old AS (INSERT INTO audit_events (id, at, action, outcome, target_id)
			VALUES (gen_random_uuid(), $1, 'login', 'succeeded', $2) RETURNING id) SELECT count(*)::int FROM old`, now.AddDate(0, 0, -days), self.ID)
	}
	for _, query := range []string{"target=" + self.ID, "from=" + now.AddDate(-1, 0, 0).UTC().Format(time.RFC3339)} {
		for _, e := range trail(query + "&action=login&outcome=succeeded").Events {
			if age := now.Sub(e.At); age > 90*24*time.Hour {
				t.Errorf("?%s finds an event of %s ago", query, age)
			}
		}
	}
	if got := trail("to=" + now.AddDate(0, 0, -80).UTC().Format(time.RFC3339)); len(got.Events) != 1 {
		t.Errorf("of what is kept yet, %+v are found", got.Events)
	}
	for _, query := range []string{"from=yesterday", "actor=ann", "cursor=x", "limit=0", "limit=1&limit=2"} {
		s.as(admin, http.MethodGet, "/api/admin/audit?"+query, nil).Expect(t, http.StatusBadRequest, "invalid_request")
	}
}
