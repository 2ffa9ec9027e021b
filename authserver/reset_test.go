// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

// resetToken asks for a reset and reads the token out of the mail.
func (s *server) resetToken(email string) string {
	s.t.Helper()
	s.post("/api/auth/reset-password", map[string]string{"email": email}).Expect(s.t, http.StatusOK, "")
	return s.realm.lastLetter(email, auth.ResetPasswordMessage).token(s.t)
}

func (s *server) checkReset(token string) answer {
	s.t.Helper()
	return s.do(newRequest(s.t, http.MethodGet, "/api/auth/reset/"+token, nil))
}

func (s *server) reset(token, password string) answer {
	s.t.Helper()
	return s.post("/api/auth/reset/"+token, map[string]string{"password": password})
}

func TestReset(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	s := r.serve()
	s.registerAnn()
	session, other := s.loginAnn(annPassword), s.loginAnn(annPassword)
	rotated := s.refresh(other.Refresh) // so that Redis, too, could answer for it

	first := s.resetToken(annEmail)
	token := s.resetToken(annEmail)
	s.checkReset(first).Expect(t, http.StatusBadRequest, "reset_token_invalid") // the newest link is the one
	if a := s.checkReset(token); a.Status != http.StatusOK || a.Body != `{"valid":true}` {
		t.Errorf("a good link answered %d %s", a.Status, a.Body)
	}
	s.reset(token, "password123").Expect(t, http.StatusBadRequest, "password_rejected")
	s.checkReset(token).Expect(t, http.StatusOK, "") // a rejected password does not use it up
	s.loginAnn(annPassword)
	s.reset(token, newPassword).Expect(t, http.StatusOK, "")

	s.reset(token, newPassword).Expect(t, http.StatusBadRequest, "reset_token_invalid")
	s.checkReset(token).Expect(t, http.StatusBadRequest, "reset_token_invalid")
	for name, access := range map[string]string{"a session": session.Access, "a rotated one": rotated.Access} {
		if a := s.profile(access); a.Problem.Code != "token_invalid" {
			t.Errorf("%s still answers %d %s", name, a.Status, a.Body)
		}
	}
	for _, refresh := range []string{session.Refresh, other.Refresh, rotated.Refresh} {
		s.tryRefresh(refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	}
	s.tryLogin(annEmail, annPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	r.lastLetter(annEmail, auth.PasswordChangedMessage)
	profile := decode[map[string]any](t, s.profile(s.loginAnn(newPassword).Access), http.StatusOK)
	if profile["email_verified"] != true {
		t.Error("the mail has not proved the address")
	}
	if left := query[int](r, "SELECT count(*) FROM tickets"); left != 0 {
		t.Errorf("%d other links still work", left)
	}
	if got := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'password.reset' AND outcome = 'succeeded'"); got != 1 {
		t.Errorf("%d audit events of the reset", got)
	}
}

// Redis may be gone when a password is reset, and come back with what it knew.
func TestResetWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	suite.secrets.used(annEmail, annPassword, newPassword)
	redis := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), redis.URL())
	r.sendsMail()
	s := r.serve()
	s.registerAnn()
	session := s.loginAnn(annPassword)
	redis.Stop(t)
	token := s.resetToken(annEmail)
	s.reset(token, newPassword).Expect(t, http.StatusOK, "")
	s.reset(token, newPassword).Expect(t, http.StatusBadRequest, "reset_token_invalid")
	redis.Start(t)
	s.profile(session.Access).Expect(t, http.StatusUnauthorized, "token_invalid")
	s.tryRefresh(session.Refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	s.loginAnn(newPassword)
}

// A mailbox in the wrong hands is not enough for an account with a second factor.
func TestResetKeepsTheSecondFactor(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	s := r.serve()
	s.registerAnn()
	s.verifyAnn()
	e := s.enrol(s.loginAnn(annPassword).Access)
	challenged := func(password string) challenge {
		t.Helper()
		c := decode[challenge](t, s.tryLogin(annEmail, password), http.StatusOK)
		suite.secrets.used(c.SessionID)
		return c
	}
	earlier := challenged(annPassword)
	s.reset(s.resetToken(annEmail), newPassword).Expect(t, http.StatusOK, "")
	s.validate(earlier, s.shown(e.Secret)).Expect(t, http.StatusUnauthorized, "challenge_invalid")
	session := s.tokensOf(s.validate(challenged(newPassword), s.shown(e.Secret)))
	if p := decode[map[string]any](t, s.profile(session.Access), http.StatusOK); p["two_factor"] != true {
		t.Error("the second factor is gone")
	}

	s.nextStep()
	s.as(session.Access, http.MethodDelete, "/api/user", code(s.wrongCode(e.Secret))).Expect(t, http.StatusUnauthorized, "code_invalid")
	s.as(session.Access, http.MethodDelete, "/api/user", code(s.shown(e.Secret))).Expect(t, http.StatusNoContent, "")
	for _, table := range []string{"second_factors", "backup_codes", "sessions", "tickets"} {
		if rows := query[int](r, "SELECT count(*) FROM "+table); rows != 0 {
			t.Errorf("%d rows are left in %s", rows, table)
		}
	}
}

func TestResetLinksAreRefused(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	s := r.serve()
	s.registerAnn()
	verification := r.lastLetter(annEmail, auth.VerifyEmailMessage).token(t)
	token := s.resetToken(annEmail)
	r.Clock.Advance(time.Hour)
	for name, bad := range map[string]string{
		"expired":                token,
		"of another kind":        verification,
		"with another prefix":    strings.Replace(verification, "rkv_", "rkp_", 1),
		"too long":               token + "A",
		"noise":                  "noise",
		"an injection":           "'%20OR%201=1--",
		"a path":                 "..%2f..%2fetc",
		"a NUL":                  "rkp_%00",
		"longer than any":        strings.Repeat("a", 1000),
		"bytes that are no text": "%ff%fe",
	} {
		a := s.checkReset(bad)
		if a.Status != http.StatusBadRequest {
			t.Errorf("%s: answered %d %s", name, a.Status, a.Body)
		}
		if a := s.reset(bad, newPassword); a.Status != http.StatusBadRequest || strings.Contains(a.Body, newPassword) {
			t.Errorf("%s: answered %d %s", name, a.Status, a.Body)
		}
	}
	s.loginAnn(annPassword)
}

func TestResetLiftsTheLockout(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	s := r.serve()
	s.registerAnn()
	for range 5 {
		s.tryLogin(annEmail, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	}
	s.tryLogin(annEmail, annPassword).Expect(t, http.StatusTooManyRequests, "account_locked")
	s.post("/api/auth/reset-password", map[string]string{"email": annEmail}).Expect(t, http.StatusOK, "")
	s.reset(s.resetToken(annEmail), newPassword).Expect(t, http.StatusOK, "")
	s.loginAnn(newPassword)
}

func TestResetGivesAPasswordToAUserWithoutOne(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	s := r.serve()
	s.registerAnn()
	query[string](r, "UPDATE users SET password_hash = NULL WHERE email = $1 RETURNING email", annEmail)
	s.tryLogin(annEmail, "").Expect(t, http.StatusBadRequest, "invalid_request")
	s.tryLogin(annEmail, annPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	s.reset(s.resetToken(annEmail), newPassword).Expect(t, http.StatusOK, "")
	s.loginAnn(newPassword)
}

func TestResetOfADisabledUser(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	s := r.serve()
	s.registerAnn()
	token := s.resetToken(annEmail)
	query[string](r, "UPDATE users SET disabled_at = now() WHERE email = $1 RETURNING email", annEmail)
	s.reset(token, newPassword).Expect(t, http.StatusBadRequest, "reset_token_invalid")
	before := len(r.letters(annEmail))
	s.post("/api/auth/reset-password", map[string]string{"email": annEmail}).Expect(t, http.StatusOK, "")
	if len(r.letters(annEmail)) != before {
		t.Error("a disabled user was mailed a link")
	}
}

// The Store is raced far more often; here everything above it is, and each caller
// costs a hash.
func TestResetLinkWorksOnce(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	s := r.serve()
	s.registerAnn()
	token := s.resetToken(annEmail)
	const callers = 8
	winners := atomic.Int32{}
	race.Run(callers, func(int) {
		switch a := s.reset(token, newPassword); {
		case a.Status == http.StatusOK:
			winners.Add(1)
		case a.Problem.Code != "reset_token_invalid" && a.Problem.Code != "busy":
			t.Errorf("answered %d %s", a.Status, a.Body)
		}
	})
	if winners.Load() != 1 {
		t.Fatalf("%d of %d set the password", winners.Load(), callers)
	}
	s.loginAnn(newPassword)
}

// Whoever logs in with the old password while it is being reset is out, however
// closely the two meet.
func TestNoSessionOfTheOldPasswordOutlivesAReset(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	s := r.serve()
	s.registerAnn()
	password := annPassword
	for _, next := range []string{newPassword, annPassword} {
		r.Clock.Advance(auth.QuotaWindow)
		token := s.resetToken(annEmail)
		group := sync.WaitGroup{}
		for range 4 {
			group.Go(func() {
				if a := s.tryLogin(annEmail, password); a.Status == http.StatusOK {
					s.tokensOf(a)
				}
			})
		}
		group.Go(func() { s.reset(token, next).Expect(t, http.StatusOK, "") })
		group.Wait()
		if alive := query[int](r, "SELECT count(*) FROM sessions WHERE ended_at IS NULL"); alive != 0 {
			t.Fatalf("%d sessions are alive", alive)
		}
		password = next
	}
}
