// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

// strictLength is one more than Ann's password has; the new one has as many.
const strictLength = len(newPassword)

// newStrictRealm has become strict, and says what becomes of people who are there already: Ann
// and others, all of them with Ann's password.
func newStrictRealm(t *testing.T, existing realmconfig.ExistingPasswords, people ...string) (*realm, *server) {
	t.Helper()
	r := newMailingRealm(t)
	r.Config.Passwords.MinLength, r.Config.Passwords.Existing = strictLength, &existing
	r.Update()
	s := r.serve()
	r.settle(append(people, annEmail)...)
	return r, s
}

// settle takes people in whose password is of old.
func (r *realm) settle(people ...string) {
	r.t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(annPassword), bcrypt.MinCost)
	if err != nil {
		r.t.Fatal(err)
	}
	lines := ""
	for _, email := range people {
		lines += line(r.t, map[string]any{"email": email, "password_hash": string(hash), "email_verified": true})
	}
	if err := r.importUsers(lines); err != nil {
		r.t.Fatal(err)
	}
}

// atOnce stops people without a grace period, so many at a time.
func atOnce(most int) realmconfig.ExistingPasswords {
	return realmconfig.ExistingPasswords{Enforcement: realmconfig.Enforce, MaxBlocked: most}
}

func observed() realmconfig.ExistingPasswords {
	return realmconfig.ExistingPasswords{Enforcement: realmconfig.Observe, MaxBlocked: 20}
}

// passwordWanted is what a login is answered with whose password is not taken any more.
type passwordWanted struct {
	Require   bool   `json:"require_new_password"`
	ID        string `json:"new_password_id"`
	ExpiresIn int    `json:"new_password_expires_in"`
}

// stopped logs somebody in up to the choice of a password.
func (s *server) stopped(email string) passwordWanted {
	s.t.Helper()
	w := decode[passwordWanted](s.t, s.tryLogin(email, annPassword), http.StatusOK)
	suite.secrets.used(w.ID)
	if !w.Require || w.ID == "" || w.ExpiresIn != 900 {
		s.t.Fatalf("no password was asked for: %+v", w)
	}
	return w
}

// newPasswordLifetime is how long a realm waits for the choice.
const newPasswordLifetime = 15 * time.Minute

func (s *server) choose(w passwordWanted, password string) answer {
	s.t.Helper()
	return s.post("/api/auth/new-password", map[string]string{"new_password_id": w.ID, "password": password})
}

func TestOldPasswordIsReplacedAtSignIn(t *testing.T) {
	t.Parallel()
	r, s := newStrictRealm(t, observed())
	before := s.loginAnn(annPassword)
	r.Config.Passwords.Existing = new(atOnce(20))
	r.Update()
	s.eventually("the settings are in force", func() bool { return s.Report().ConfigRevision == r.revision() })

	w := s.stopped(annEmail)
	if n := query[int](r, "SELECT count(*) FROM sessions WHERE ended_at IS NULL"); n != 1 {
		t.Errorf("there are %d sessions, want the one of before", n)
	}
	rejected := s.choose(w, annPassword)
	rejected.Expect(t, http.StatusBadRequest, "password_rejected")
	if len(rejected.Problem.Errors) != 1 || rejected.Problem.Errors[0].Field != "password" {
		t.Errorf("rejected for %+v", rejected.Problem.Errors)
	}
	session := s.tokensOf(s.choose(w, newPassword))
	if got := query[string](r, "SELECT amr FROM sessions WHERE id = $1", claimsOf(t, session.Access)["sid"]); got != "pwd" {
		t.Errorf("signed in by %q", got)
	}
	s.profile(session.Access).Expect(t, http.StatusOK, "")
	if a := s.profile(before.Access); a.Problem.Code != "token_invalid" {
		t.Errorf("the session of before is answered %d %s", a.Status, a.Body)
	}
	s.tryRefresh(before.Refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	s.choose(w, newPassword).Expect(t, http.StatusUnauthorized, "challenge_invalid")
	s.tryLogin(annEmail, annPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	s.loginAnn(newPassword) // which asks for nothing more
	r.lastLetter(annEmail, auth.PasswordChangedMessage)
	for _, event := range []string{"login.stopped", "requirement.reached", "requirement.met", "password.changed"} {
		r.tellsOf(event, "succeeded", 1)
	}
	if n := query[int](r, "SELECT (SELECT count(*) FROM weak_passwords) + (SELECT count(*) FROM requirements)"); n != 0 {
		t.Errorf("%d rows remember the password of old", n)
	}
}

// What is not the answer to a login is refused, and changes nothing.
func TestWrongChoicesOfPasswords(t *testing.T) {
	t.Parallel()
	r, s := newStrictRealm(t, atOnce(20))
	w := s.stopped(annEmail)
	c := passwordWanted{ID: "rkn_" + w.ID[4:len(w.ID)-1] + "x"}
	for name, id := range map[string]string{"nothing": "-", "another secret": c.ID, "a challenge": "rkc_" + w.ID[4:], "a long one": w.ID + "aaaa"} {
		if a := s.choose(passwordWanted{ID: id}, newPassword); a.Status != http.StatusUnauthorized || a.Problem.Code != "challenge_invalid" {
			t.Errorf("%s is answered %d %s", name, a.Status, a.Body)
		}
	}
	// It is nothing to what asks for a code or a passkey.
	s.post("/api/auth/2fa/validate", map[string]string{"session_id": w.ID, "code": "123456"}).Expect(t, http.StatusUnauthorized, "challenge_invalid")
	r.Clock.Advance(newPasswordLifetime)
	s.choose(w, newPassword).Expect(t, http.StatusUnauthorized, "challenge_invalid")
	late := s.stopped(annEmail)
	query[int](r, "WITH u AS (UPDATE users SET disabled_at = now() WHERE email = $1 RETURNING 1) SELECT count(*) FROM u", annEmail)
	s.choose(late, newPassword).Expect(t, http.StatusForbidden, "account_disabled")
	if n := query[int](r, "SELECT count(*) FROM sessions"); n != 0 {
		t.Errorf("there are %d sessions", n)
	}
}

// Whoever knows the password alone changes nothing: the new one is theirs who show the code.
func TestSecondFactorComesBeforeTheNewPassword(t *testing.T) {
	t.Parallel()
	r, s := newStrictRealm(t, observed())
	e := s.enrol(s.loginAnn(annPassword).Access)
	r.Config.Passwords.Existing = new(atOnce(20))
	r.Update()
	s.eventually("the settings are in force", func() bool { return s.Report().ConfigRevision == r.revision() })
	hash := "SELECT password_hash FROM users WHERE email = '" + annEmail + "'"
	before := query[string](r, hash)
	thief := decode[challenge](t, s.choose(s.stopped(annEmail), newPassword), http.StatusOK)
	suite.secrets.used(thief.SessionID)
	if !thief.Require || query[string](r, hash) != before {
		t.Fatalf("the password is another before the code was shown: %+v", thief)
	}
	s.validate(thief, s.wrongCode(e.Secret)).Expect(t, http.StatusUnauthorized, "code_invalid")
	s.tokensOf(s.validate(thief, s.shown(e.Secret)))
	if query[string](r, hash) == before {
		t.Error("the password is the old one")
	}
	s.tryLogin(annEmail, annPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	c := decode[challenge](t, s.tryLogin(annEmail, newPassword), http.StatusOK)
	suite.secrets.used(c.SessionID)
}

func TestOneChoiceOfAPasswordWins(t *testing.T) {
	t.Parallel()
	const racers = 50
	r, s := newStrictRealm(t, atOnce(20))
	w, won, refused := s.stopped(annEmail), atomic.Int64{}, atomic.Int64{}
	race.Run(racers, func(int) {
		switch a := s.choose(w, newPassword); {
		case a.Status == http.StatusOK:
			won.Add(1)
		case a.Problem.Code == "challenge_invalid", a.Problem.Code == "busy":
			refused.Add(1)
		}
	})
	if won.Load() != 1 || refused.Load() != racers-1 {
		t.Errorf("%d of %d have won, and %d were refused", won.Load(), racers, refused.Load())
	}
	if n := query[int](r, "SELECT count(*) FROM sessions WHERE ended_at IS NULL"); n != 1 {
		t.Errorf("%d sessions are open", n)
	}
}

// Observe changes nothing for anybody, and counts those whom a sign-in has shown.
func TestObserveCountsOldPasswords(t *testing.T) {
	t.Parallel()
	r, s := newStrictRealm(t, observed(), "bob@example.com")
	s.loginAnn(annPassword)
	s.loginAnn(annPassword)
	s.login() // whose password is taken still
	counted := func(without int) func() bool {
		return func() bool {
			r.Clock.Advance(4 * time.Minute)
			report, found := s.Report().Requirements[realmconfig.PasswordsRequirement]
			return found && report.Without == without && report.Covered == without && report.Blocked == 0 && !report.Held
		}
	}
	s.eventually("Ann is counted", counted(1))
	s.as(s.loginAnn(annPassword).Access, http.MethodPost, "/api/user/password", map[string]string{"current_password": annPassword, "new_password": newPassword}).
		Expect(t, http.StatusNoContent, "")
	s.eventually("nobody is counted", counted(0))
	if n := query[int](r, "SELECT count(*) FROM requirements"); n != 0 {
		t.Errorf("%d people were told or stopped", n)
	}
}

// People are told first, and stopped when their time is over; no more of them at a time than the
// realm allows.
func TestEnforceGoesStepByStep(t *testing.T) {
	t.Parallel()
	const grace = 48 * time.Hour
	r, s := newStrictRealm(t, realmconfig.ExistingPasswords{Enforcement: realmconfig.Enforce, GracePeriod: realmconfig.Duration(grace), MaxBlocked: 1}, "bob@example.com")
	for _, email := range []string{annEmail, "bob@example.com"} {
		s.tokensOf(s.tryLogin(email, annPassword))
	}
	r.tellsOf("requirement.told", "succeeded", 2)
	r.Clock.Advance(grace)
	s.stopped(annEmail)
	s.tokensOf(s.tryLogin("bob@example.com", annPassword)) // one is stopped, and no more may be
	s.stopped(annEmail)                                    // whoever is, stays so
	s.eventually("it is told that nobody further is stopped", func() bool {
		r.Clock.Advance(time.Minute)
		report := s.Report().Requirements[realmconfig.PasswordsRequirement]
		return report.Held && report.Blocked == 1 && report.Without == 2
	})
	s.tokensOf(s.choose(s.stopped(annEmail), newPassword))
	s.stopped("bob@example.com")
}

func TestMailedResetIsAnotherWayOut(t *testing.T) {
	t.Parallel()
	r, s := newStrictRealm(t, atOnce(20))
	w := s.stopped(annEmail)
	s.reset(s.resetToken(annEmail), newPassword).Expect(t, http.StatusOK, "")
	s.loginAnn(newPassword)
	s.choose(w, newPassword+"!").Expect(t, http.StatusUnauthorized, "challenge_invalid")
	if n := query[int](r, "SELECT (SELECT count(*) FROM weak_passwords) + (SELECT count(*) FROM requirements)"); n != 0 {
		t.Errorf("%d rows remember the password of old", n)
	}
}

// Whatever made the hash, the password behind it is looked at when it is right.
func TestOldPasswordsOfOthers(t *testing.T) {
	t.Parallel()
	suite.secrets.used(importedPassword)
	r, s := newStrictRealm(t, atOnce(100))
	lines := ""
	for kind, hash := range hashesOfOthers() {
		suite.secrets.used(hash)
		lines += line(t, map[string]any{"email": kind + "@example.com", "password_hash": hash})
	}
	if err := r.importUsers(lines); err != nil {
		t.Fatal(err)
	}
	for kind := range hashesOfOthers() {
		w := decode[passwordWanted](t, s.tryLogin(kind+"@example.com", importedPassword), http.StatusOK)
		suite.secrets.used(w.ID)
		if !w.Require {
			t.Errorf("%s: no password was asked for", kind)
			continue
		}
		s.tokensOf(s.choose(w, newPassword))
		s.tokensOf(s.tryLogin(kind+"@example.com", newPassword))
	}
}

// The first admin has a password that nobody has judged, and maybe no mail: choosing another one
// takes neither.
func TestTheInitialAdminChoosesAPassword(t *testing.T) {
	t.Parallel()
	const simple = "changeme"
	r := newRealm(t)
	r.empty()
	r.Mount(map[string]any{realmconfig.InitialAdminEmailFile: adminEmail, realmconfig.InitialAdminPasswordFile: simple})
	r.Config.Passwords.Existing = new(atOnce(20))
	r.Update()
	if err := r.migrate(); err != nil {
		t.Fatal(err)
	}
	s := r.serve()
	w := decode[passwordWanted](t, s.tryLogin(adminEmail, simple), http.StatusOK)
	suite.secrets.used(w.ID)
	session := s.tokensOf(s.choose(w, newPassword))
	s.as(session.Access, http.MethodGet, "/api/admin/users", nil).Expect(t, http.StatusOK, "")
}

// A realm that does not ask takes passwords of old, and keeps nothing of them.
func TestPasswordsOfOldAreNotAskedAbout(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	r.Config.Passwords.MinLength = strictLength
	r.Update()
	s := r.serve()
	r.settle(annEmail)
	s.loginAnn(annPassword)
	if n := query[int](r, "SELECT (SELECT count(*) FROM weak_passwords) + (SELECT count(*) FROM requirements)"); n != 0 {
		t.Errorf("%d rows are about it", n)
	}
}

// The rules become stricter twice: whoever has followed the first time is told again, and has as
// long as everybody.
func TestRulesBecomeStricterAgain(t *testing.T) {
	t.Parallel()
	const grace = 48 * time.Hour
	r, s := newStrictRealm(t, atOnce(20))
	s.tokensOf(s.choose(s.stopped(annEmail), newPassword))
	r.Config.Passwords.MinLength++
	r.Config.Passwords.Existing.GracePeriod = realmconfig.Duration(grace)
	r.Update()
	s.eventually("the settings are in force", func() bool { return s.Report().ConfigRevision == r.revision() })
	s.loginAnn(newPassword)
	if n := query[int](r, "SELECT count(*) FROM requirements WHERE kind = 'passwords' AND reached_at IS NULL AND due_at = told_at + $1::interval", fmt.Sprint(grace)); n != 1 {
		t.Errorf("%d people are told", n)
	}
}
