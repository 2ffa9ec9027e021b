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
		if a := s.as(access, http.MethodPatch, "/api/user/profile", step.body); a.Status != step.status {
			t.Errorf("%s: answered %d %s", step.body, a.Status, a.Body)
		}
		if got := decode[profile](t, s.profile(access), http.StatusOK); got != step.want {
			t.Errorf("after %s the profile is %+v", step.body, got)
		}
	}
	s.do(newRequest(t, http.MethodPatch, "/api/user/profile", "{}")).Expect(t, http.StatusUnauthorized, "token_missing")
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
	change(wrongPassword, newPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	rejected := change(annPassword, "password123")
	rejected.Expect(t, http.StatusBadRequest, "password_rejected")
	if len(rejected.Problem.Errors) == 0 || rejected.Problem.Errors[0].Field != "new_password" {
		t.Errorf("answered %s", rejected.Body)
	}
	change(annPassword, "").Expect(t, http.StatusBadRequest, "invalid_request")
	change(annPassword, newPassword).Expect(t, http.StatusNoContent, "")

	s.profile(mine.Access).Expect(t, http.StatusOK, "")
	s.refresh(mine.Refresh)
	s.profile(other.Access).Expect(t, http.StatusUnauthorized, "token_invalid")
	s.tryRefresh(other.Refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	s.checkReset(reset).Expect(t, http.StatusBadRequest, "reset_token_invalid")
	s.tryLogin(annEmail, annPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	s.loginAnn(newPassword)
	r.lastLetter(annEmail, auth.PasswordChangedMessage)
}

// A stolen access token does not let anybody guess the password.
func TestGuessesOfTheCurrentPasswordAreCounted(t *testing.T) {
	t.Parallel()
	r, s := newRealmWithAnn(t)
	r.Clock.Stop()
	access := s.loginAnn(annPassword).Access
	wrong := map[string]string{"current_password": wrongPassword, "new_password": newPassword}
	for range 5 {
		s.as(access, http.MethodPost, "/api/user/password", wrong).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	}
	if got := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'proof.given' AND outcome = 'invalid_credentials' AND actor_id IS NOT NULL"); got != 5 {
		t.Errorf("%d wrong passwords are in the audit trail, want 5", got)
	}
	for path, body := range map[string]map[string]string{
		"/api/user/password": {"current_password": annPassword, "new_password": newPassword},
		"/api/user/email":    {"email": annNext, "password": annPassword},
	} {
		a := s.as(access, http.MethodPost, path, body)
		a.Expect(t, http.StatusTooManyRequests, "account_locked")
		if a.RetryAfter() != 900 {
			t.Errorf("Retry-After is %d", a.RetryAfter())
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
	r.Clock.Advance(longAgo)
	ask(map[string]string{"email": annNext}).Expect(t, http.StatusForbidden, "proof_required")
	ask(map[string]string{"email": annNext, "password": wrongPassword}).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	ask(map[string]string{"email": adminEmail, "password": annPassword}).Expect(t, http.StatusConflict, "email_taken")
	if len(r.letters(annNext)) != 0 {
		t.Error("the new address was mailed without proof")
	}
	ask(map[string]string{"email": "Ann.Lee@example.com", "password": annPassword}).Expect(t, http.StatusAccepted, "")
	reset := s.resetToken(annEmail)
	if p := decode[map[string]any](t, s.profile(session.Access), http.StatusOK); p["email"] != annEmail {
		t.Error("the address was changed before its mail was followed")
	}

	token := r.lastLetter(annNext, auth.VerifyEmailMessage).token(t)
	s.verifyEmail(token, annPassword).Expect(t, http.StatusOK, "")
	s.verifyEmail(token, annPassword).Expect(t, http.StatusBadRequest, "verification_token_invalid")
	p := decode[map[string]any](t, s.profile(session.Access), http.StatusOK)
	if p["email"] != annNext || p["email_verified"] != true {
		t.Errorf("the profile is %v", p)
	}
	r.lastLetter(annEmail, auth.EmailChangedMessage) // the old address is told
	s.checkReset(reset).Expect(t, http.StatusBadRequest, "reset_token_invalid")
	s.tryLogin(annEmail, annPassword).Expect(t, http.StatusNotFound, "user_not_found")
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
		Expect(t, http.StatusAccepted, "")
	token := r.lastLetter(annNext, auth.VerifyEmailMessage).token(t)
	s.tryRegister(annNext, newPassword).Expect(t, http.StatusCreated, "")
	s.verifyEmail(token, annPassword).Expect(t, http.StatusConflict, "email_taken")
	s.loginAnn(annPassword)
}

func TestEmailChangeDoesNotTellWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	suite.secrets.used(annNext)
	r.Config.Login.UnknownUser = realmconfig.Conceal
	r.Update()
	s := r.serve()
	s.registerAnn()
	access := s.loginAnn(annPassword).Access
	ask := func(email string) answer {
		t.Helper()
		return s.as(access, http.MethodPost, "/api/user/email", map[string]string{"email": email, "password": annPassword})
	}
	taken, free := ask(adminEmail), ask(annNext)
	if taken.Status != http.StatusAccepted || taken.Status != free.Status || taken.Body != free.Body {
		t.Errorf("answered %d %s and %d %s", taken.Status, taken.Body, free.Status, free.Body)
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
	r.Clock.Advance(longAgo)
	remove(session.Access, nil).Expect(t, http.StatusForbidden, "proof_required")
	remove(session.Access, map[string]string{"password": wrongPassword}).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	remove(session.Access, map[string]string{"password": annPassword}).Expect(t, http.StatusNoContent, "")

	s.profile(rotated.Access).Expect(t, http.StatusUnauthorized, "token_invalid")
	for _, refresh := range []string{session.Refresh, rotated.Refresh} {
		s.tryRefresh(refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	}
	s.tryLogin(annEmail, annPassword).Expect(t, http.StatusNotFound, "user_not_found")
	// A refresh token of a session that is gone opens nothing, and goes when it expires.
	for _, table := range []string{"sessions", "refresh_tokens JOIN sessions ON sessions.id = session_id", "tickets"} {
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
	remove(admin.Access, map[string]string{"password": adminPassword}).Expect(t, http.StatusConflict, "last_admin")
	s.profile(admin.Access).Expect(t, http.StatusOK, "")
}

func TestSessionsAreListedAndEnded(t *testing.T) {
	t.Parallel()
	r, s := newRealmWithAnn(t)
	first, second, third := s.loginAnn(annPassword), s.loginAnn(annPassword), s.loginAnn(annPassword)
	foreign := s.login()
	r.Clock.Advance(time.Minute)
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
	end(idOf(foreign)).Expect(t, http.StatusNotFound, "not_found")
	end("00000000-0000-0000-0000-000000000000").Expect(t, http.StatusNotFound, "not_found")
	end("nonsense").Expect(t, http.StatusBadRequest, "invalid_request")
	s.profile(foreign.Access).Expect(t, http.StatusOK, "")
	end(idOf(second)).Expect(t, http.StatusNoContent, "")
	end(idOf(second)).Expect(t, http.StatusNotFound, "not_found")
	s.tryRefresh(second.Refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid") // in its grace period

	if a := s.as(first.Access, http.MethodDelete, "/api/auth/sessions", nil); a.Body != `{"ended":1}` {
		t.Errorf("answered %d %s", a.Status, a.Body)
	}
	s.profile(third.Access).Expect(t, http.StatusUnauthorized, "token_invalid")
	if left := list(first.Access); len(left) != 1 || !left[0].Current {
		t.Errorf("listed %+v", left)
	}
	s.as(third.Access, http.MethodGet, "/api/auth/sessions", nil).Expect(t, http.StatusUnauthorized, "token_invalid")
	end(idOf(first)).Expect(t, http.StatusNoContent, "") // one's own is a logout
	s.profile(first.Access).Expect(t, http.StatusUnauthorized, "token_invalid")
}
