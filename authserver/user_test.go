// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// annNext is where Ann wants her mail to go.
const annNext = "ann.lee@example.com"

// newRealmWithAnn is served, and Ann has registered.
func newRealmWithAnn(t *testing.T) (*realm, *server) {
	t.Helper()
	suite.secrets.used(annNext)
	r := newMailingRealm(t)
	s := r.serve()
	s.registerAnn()
	return r, s
}

func TestProfileIsChanged(t *testing.T) {
	t.Parallel()
	_, s := newRealmWithAnn(t)
	access := s.loginAnn(annPassword).Access
	type profile struct{ Name, Locale string }
	steps := []struct {
		body   string
		status int
		want   profile
	}{
		{`{"name": "Ann Lee", "locale": "pt-BR"}`, 200, profile{"Ann Lee", "pt-BR"}},
		{`{"locale": "de"}`, 200, profile{"Ann Lee", "de"}},
		{`{}`, 200, profile{"Ann Lee", "de"}},
		{`{"name": null}`, 400, profile{"Ann Lee", "de"}},
		{`{"name": "` + strings.Repeat("a", 201) + `"}`, 400, profile{"Ann Lee", "de"}},
		{`{"name": "Ann\u0000"}`, 400, profile{"Ann Lee", "de"}},
		{`{"name": "Ann\nLee"}`, 400, profile{"Ann Lee", "de"}},
		{`{"locale": "d"}`, 400, profile{"Ann Lee", "de"}},
		{`{"role": "admin"}`, 400, profile{"Ann Lee", "de"}},
		{`{"email": "ann.lee@example.com"}`, 400, profile{"Ann Lee", "de"}},
		{`{"name": "Ænn 李", "locale": ""}`, 200, profile{"Ænn 李", ""}},
	}
	for _, step := range steps {
		if a := s.as(access, http.MethodPatch, "/api/user/profile", step.body); a.status != step.status {
			t.Errorf("%s: answered %d %s", step.body, a.status, a.body)
		}
		if got := decode[profile](t, s.profile(access), http.StatusOK); got != step.want {
			t.Errorf("after %s the profile is %+v", step.body, got)
		}
	}
	s.do(newRequest(t, http.MethodPatch, "/api/user/profile", "{}")).expect(t, http.StatusUnauthorized, "token_missing")
}

func TestPasswordIsChanged(t *testing.T) {
	t.Parallel()
	r, s := newRealmWithAnn(t)
	mine, other := s.loginAnn(annPassword), s.loginAnn(annPassword)
	reset := s.resetToken(annEmail)
	change := func(current, password string) answer {
		t.Helper()
		return s.as(mine.Access, http.MethodPost, "/api/user/password", map[string]string{
			"current_password": current, "new_password": password,
		})
	}
	change(wrongPassword, newPassword).expect(t, http.StatusUnauthorized, "invalid_credentials")
	rejected := change(annPassword, "password123")
	rejected.expect(t, http.StatusBadRequest, "password_rejected")
	if len(rejected.problem.Errors) == 0 || rejected.problem.Errors[0].Field != "new_password" {
		t.Errorf("answered %s", rejected.body)
	}
	change(annPassword, "").expect(t, http.StatusBadRequest, "invalid_request")
	change(annPassword, newPassword).expect(t, http.StatusNoContent, "")

	s.profile(mine.Access).expect(t, http.StatusOK, "")
	s.refresh(mine.Refresh)
	s.profile(other.Access).expect(t, http.StatusUnauthorized, "token_invalid")
	s.tryRefresh(other.Refresh).expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	s.checkReset(reset).expect(t, http.StatusBadRequest, "reset_token_invalid")
	s.tryLogin(annEmail, annPassword).expect(t, http.StatusUnauthorized, "invalid_credentials")
	s.loginAnn(newPassword)
	r.lastLetter(annEmail, auth.PasswordChangedMessage)
}

// A stolen access token does not let anybody guess the password.
func TestGuessesOfTheCurrentPasswordAreCounted(t *testing.T) {
	t.Parallel()
	r, s := newRealmWithAnn(t)
	access := s.loginAnn(annPassword).Access
	wrong := map[string]string{"current_password": wrongPassword, "new_password": newPassword}
	for range 5 {
		s.as(access, http.MethodPost, "/api/user/password", wrong).expect(t, http.StatusUnauthorized, "invalid_credentials")
	}
	if got := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'proof.given' AND outcome = 'invalid_credentials' AND actor_id IS NOT NULL"); got != 5 {
		t.Errorf("%d wrong passwords are in the audit trail, want 5", got)
	}
	for path, body := range map[string]map[string]string{
		"/api/user/password": {"current_password": annPassword, "new_password": newPassword},
		"/api/user/email":    {"email": annNext, "password": annPassword},
	} {
		a := s.as(access, http.MethodPost, path, body)
		a.expect(t, http.StatusTooManyRequests, "account_locked")
		if a.retryAfter() < 890 {
			t.Errorf("Retry-After is %d", a.retryAfter())
		}
	}
}

func TestEmailIsChanged(t *testing.T) {
	t.Parallel()
	r, s := newRealmWithAnn(t)
	session := s.loginAnn(annPassword)
	ask := func(body map[string]string) answer {
		t.Helper()
		return s.as(session.Access, http.MethodPost, "/api/user/email", body)
	}
	r.clock.advance(longAgo)
	ask(map[string]string{"email": annNext}).expect(t, http.StatusForbidden, "proof_required")
	ask(map[string]string{"email": annNext, "password": wrongPassword}).expect(t, http.StatusUnauthorized, "invalid_credentials")
	ask(map[string]string{"email": adminEmail, "password": annPassword}).expect(t, http.StatusConflict, "email_taken")
	if len(r.letters(annNext)) != 0 {
		t.Error("the new address was mailed without proof")
	}
	ask(map[string]string{"email": "Ann.Lee@example.com", "password": annPassword}).expect(t, http.StatusAccepted, "")
	reset := s.resetToken(annEmail)
	if p := decode[map[string]any](t, s.profile(session.Access), http.StatusOK); p["email"] != annEmail {
		t.Error("the address was changed before its mail was followed")
	}

	token := r.lastLetter(annNext, auth.VerifyEmailMessage).token(t)
	s.verifyEmail(token, annPassword).expect(t, http.StatusOK, "")
	s.verifyEmail(token, annPassword).expect(t, http.StatusBadRequest, "verification_token_invalid")
	p := decode[map[string]any](t, s.profile(session.Access), http.StatusOK)
	if p["email"] != annNext || p["email_verified"] != true {
		t.Errorf("the profile is %v", p)
	}
	r.lastLetter(annEmail, auth.EmailChangedMessage) // the old address is told
	s.checkReset(reset).expect(t, http.StatusBadRequest, "reset_token_invalid")
	s.tryLogin(annEmail, annPassword).expect(t, http.StatusNotFound, "user_not_found")
	s.tokensOf(s.tryLogin(annNext, annPassword))
	if claims := claimsOf(t, s.refresh(session.Refresh).Access); claims["email"] != annNext {
		t.Error("a refreshed token has the old address")
	}
}

func TestEmailIsNotChangedToOneThatWasTakenMeanwhile(t *testing.T) {
	t.Parallel()
	r, s := newRealmWithAnn(t)
	access := s.loginAnn(annPassword).Access
	s.as(access, http.MethodPost, "/api/user/email", map[string]string{"email": annNext, "password": annPassword}).
		expect(t, http.StatusAccepted, "")
	token := r.lastLetter(annNext, auth.VerifyEmailMessage).token(t)
	s.tryRegister(annNext, newPassword).expect(t, http.StatusCreated, "")
	s.verifyEmail(token, annPassword).expect(t, http.StatusConflict, "email_taken")
	s.loginAnn(annPassword)
}

func TestEmailChangeDoesNotTellWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	suite.secrets.used(annNext)
	r.config.Login.UnknownUser = realmconfig.Conceal
	r.write()
	s := r.serve()
	s.registerAnn()
	access := s.loginAnn(annPassword).Access
	ask := func(email string) answer {
		t.Helper()
		return s.as(access, http.MethodPost, "/api/user/email", map[string]string{"email": email, "password": annPassword})
	}
	taken, free := ask(adminEmail), ask(annNext)
	if taken.status != http.StatusAccepted || taken.status != free.status || taken.body != free.body {
		t.Errorf("answered %d %s and %d %s", taken.status, taken.body, free.status, free.body)
	}
	if mail := r.lastLetter(adminEmail, auth.AlreadyRegisteredMessage); len(mail.Links) != 0 {
		t.Error("the owner was mailed a link")
	}
}

func TestAccountIsDeleted(t *testing.T) {
	t.Parallel()
	r, s := newRealmWithAnn(t)
	session := s.loginAnn(annPassword)
	rotated := s.refresh(session.Refresh) // so that Redis, too, could answer for it
	s.resetToken(annEmail)
	remove := func(access string, body any) answer {
		t.Helper()
		return s.as(access, http.MethodDelete, "/api/user", body)
	}
	r.clock.advance(longAgo)
	remove(session.Access, nil).expect(t, http.StatusForbidden, "proof_required")
	remove(session.Access, map[string]string{"password": wrongPassword}).expect(t, http.StatusUnauthorized, "invalid_credentials")
	remove(session.Access, map[string]string{"password": annPassword}).expect(t, http.StatusNoContent, "")

	s.profile(rotated.Access).expect(t, http.StatusUnauthorized, "token_invalid")
	for _, refresh := range []string{session.Refresh, rotated.Refresh} {
		s.tryRefresh(refresh).expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	}
	s.tryLogin(annEmail, annPassword).expect(t, http.StatusNotFound, "user_not_found")
	for _, table := range []string{"sessions", "refresh_tokens", "tickets"} {
		if rows := query[int](r, "SELECT count(*) FROM "+table); rows != 0 {
			t.Errorf("%d rows are left in %s", rows, table)
		}
	}
	if got := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'user.deleted' AND outcome = 'succeeded'"); got != 1 {
		t.Errorf("%d audit events of the deletion", got)
	}

	if kept := query[int](r, "SELECT count(*) FROM pg_constraint WHERE confrelid = 'users'::regclass AND confdeltype <> 'c'"); kept != 0 {
		t.Errorf("%d kinds of rows do not go with their user", kept)
	}

	admin := s.login()
	remove(admin.Access, map[string]string{"password": adminPassword}).expect(t, http.StatusConflict, "last_admin")
	s.profile(admin.Access).expect(t, http.StatusOK, "")
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	r, s := newRealmWithAnn(t)
	first, second, third := s.loginAnn(annPassword), s.loginAnn(annPassword), s.loginAnn(annPassword)
	foreign := s.login()
	r.clock.advance(time.Minute)
	s.refresh(second.Refresh)

	type session struct {
		ID, Device, Address string
		CreatedAt           time.Time `json:"created_at"`
		LastUsedAt          time.Time `json:"last_used_at"`
		ExpiresAt           time.Time `json:"expires_at"`
		Current             bool
	}
	list := func(access string) []session {
		t.Helper()
		return decode[struct{ Sessions []session }](t, s.as(access, http.MethodGet, "/api/auth/sessions", nil), http.StatusOK).Sessions
	}
	idOf := func(k tokens) string { return claimsOf(t, k.Access)["sid"].(string) }
	all := list(first.Access)
	if len(all) != 3 || all[0].ID != idOf(second) || all[0].LastUsedAt.Sub(all[0].CreatedAt) < time.Minute {
		t.Fatalf("listed %+v", all)
	}
	for _, one := range all {
		if one.Current != (one.ID == idOf(first)) || one.Device == "" || one.Address != "127.0.0.1" || !one.ExpiresAt.After(one.LastUsedAt) {
			t.Errorf("listed %+v", one)
		}
	}

	end := func(id string) answer {
		t.Helper()
		return s.as(first.Access, http.MethodDelete, "/api/auth/sessions/"+id, nil)
	}
	end(idOf(foreign)).expect(t, http.StatusNotFound, "not_found")
	end("00000000-0000-0000-0000-000000000000").expect(t, http.StatusNotFound, "not_found")
	end("nonsense").expect(t, http.StatusBadRequest, "invalid_request")
	s.profile(foreign.Access).expect(t, http.StatusOK, "")
	end(idOf(second)).expect(t, http.StatusNoContent, "")
	end(idOf(second)).expect(t, http.StatusNotFound, "not_found")
	s.tryRefresh(second.Refresh).expect(t, http.StatusUnauthorized, "refresh_token_invalid") // in its grace period

	if a := s.as(first.Access, http.MethodDelete, "/api/auth/sessions", nil); a.body != `{"ended":1}` {
		t.Errorf("answered %d %s", a.status, a.body)
	}
	s.profile(third.Access).expect(t, http.StatusUnauthorized, "token_invalid")
	if left := list(first.Access); len(left) != 1 || !left[0].Current {
		t.Errorf("listed %+v", left)
	}
	s.as(third.Access, http.MethodGet, "/api/auth/sessions", nil).expect(t, http.StatusUnauthorized, "token_invalid")
	end(idOf(first)).expect(t, http.StatusNoContent, "") // one's own is a logout
	s.profile(first.Access).expect(t, http.StatusUnauthorized, "token_invalid")
}
