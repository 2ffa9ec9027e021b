// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

func TestAttemptsAtACodeAreCountedApart(t *testing.T) {
	t.Parallel()
	redis := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), redis.URL())
	r.Clock.Stop()
	s := r.serve()
	access := s.login().Access
	e := s.enrol(access)
	wrong := s.wrongCode(e.Secret)
	backup := strings.Repeat("0", 16) // the form of a backup code
	for i, want := range []int{4, 3, 2, 1, 0} {
		for _, nonsense := range []string{"nonsense", "1234567", "000000000000000000000000"} {
			s.validate(s.challenged(), nonsense).Expect(t, http.StatusBadRequest, "invalid_request")
		}
		a := s.validate(s.challenged(), []string{wrong, backup}[i%2]) // another challenge is no other count
		a.Expect(t, http.StatusUnauthorized, "code_invalid")
		if left := attemptsLeft(t, a); left != want {
			t.Errorf("%d attempts left, want %d", left, want)
		}
	}
	locked := func(seconds int) {
		t.Helper()
		s.nextStep()
		a := s.validate(s.challenged(), s.shown(e.Secret)) // the password still works
		a.Expect(t, http.StatusTooManyRequests, "account_locked")
		if wait := a.RetryAfter(); wait != seconds {
			t.Errorf("Retry-After is %d, want %d", wait, seconds)
		}
	}
	locked(870)
	redis.Flush(t)
	locked(840)
	redis.Stop(t)
	locked(810)
	s.twoFactor(access, "disable", code(s.shown(e.Secret))).Expect(t, http.StatusTooManyRequests, "account_locked")
	redis.Start(t)
	r.Clock.Advance(14 * time.Minute)
	s.tokensOf(s.validate(s.challenged(), s.shown(e.Secret)))

	r.cheapen()
	for range 5 {
		s.tryLogin(adminEmail, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	}
	s.tryLogin(adminEmail, adminPassword).Expect(t, http.StatusTooManyRequests, "account_locked")
}

// Whoever has the password and guesses codes must not get them for free by
// starting over, and the owner's right code clears the count.
func TestARightCodeClearsTheCount(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	e := s.enrol(s.login().Access)
	for range 2 {
		for range 4 {
			s.validate(s.challenged(), s.wrongCode(e.Secret)).Expect(t, http.StatusUnauthorized, "code_invalid")
		}
		s.tokensOf(s.validate(s.challenged(), s.shown(e.Secret)))
		s.nextStep()
	}
}

// Failures of the password outlive a challenge, until the login is complete.
func TestAChallengeDoesNotClearFailedPasswords(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	e := s.enrol(s.login().Access)
	r.cheapen()
	fail := func(n int) {
		t.Helper()
		for range n {
			s.tryLogin(adminEmail, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
		}
	}
	fail(4)
	for range 10 { // right passwords are no failures
		s.challenged()
	}
	s.tokensOf(s.validate(s.challenged(), s.shown(e.Secret)))
	r.cheapen()
	fail(4)
	s.challenged()
	fail(1)
	s.tryLogin(adminEmail, adminPassword).Expect(t, http.StatusTooManyRequests, "account_locked")
}

// Everything that works once, from fifty places at once: one winner. Nobody gets
// a session without a code, and none of the others changes anything.
func TestSecondFactorsAreSpentOnce(t *testing.T) {
	t.Parallel()
	const callers, rounds = 50, 3
	together := func(call func(i int) answer) (won int, refused map[string]int) {
		refused = map[string]int{}
		for _, a := range race.Answers(callers, call) {
			if a.Status == http.StatusOK {
				won++
				continue
			}
			refused[fmt.Sprintf("%d %s", a.Status, a.Problem.Code)]++
		}
		return won, refused
	}
	// So many wrong ones must not lock anybody out here.
	generous := func(t *testing.T) (*realm, *server) {
		r := newRealm(t)
		r.Config.TwoFactor.Failures = 100
		r.Update()
		return r, r.serve()
	}
	sessions := func(r *realm) int { return query[int](r, "SELECT count(*) FROM sessions") }

	t.Run("one code of an app, one challenge", func(t *testing.T) {
		t.Parallel()
		r, s := generous(t)
		e := s.enrol(s.login().Access)
		for round := range rounds {
			c, shown, before := s.challenged(), s.shown(e.Secret), sessions(r)
			won, refused := together(func(int) answer { return s.validate(c, shown) })
			if won != 1 || sessions(r) != before+1 {
				t.Fatalf("round %d: %d won, %d new sessions, %v", round, won, sessions(r)-before, refused)
			}
			s.nextStep()
		}
	})
	t.Run("one challenge, many codes", func(t *testing.T) {
		t.Parallel()
		r, s := generous(t)
		e := s.enrol(s.login().Access)
		c, before := s.challenged(), sessions(r)
		won, refused := together(func(i int) answer { return s.validate(c, e.BackupCodes[i%10]) })
		if won != 1 || sessions(r) != before+1 {
			t.Fatalf("%d won, %d new sessions, %v", won, sessions(r)-before, refused)
		}
	})
	t.Run("one enrolment code", func(t *testing.T) {
		t.Parallel()
		_, s := generous(t)
		access := s.login().Access
		for round := range rounds {
			shown := s.shown(s.enable(access).Secret)
			won, refused := together(func(int) answer { return s.twoFactor(access, "verify", code(shown)) })
			if won != 1 {
				t.Fatalf("round %d: %d won, %v", round, won, refused)
			}
			decode[factors](t, s.twoFactor(access, "disable", password(adminPassword)), http.StatusOK)
		}
	})
	t.Run("one code as proof", func(t *testing.T) {
		t.Parallel()
		_, s := generous(t)
		access := s.login().Access
		e := s.enrol(access)
		for round := range rounds {
			shown := s.shown(e.Secret)
			won, refused := together(func(int) answer { return s.twoFactor(access, "backup-codes", code(shown)) })
			if won != 1 || refused["401 code_invalid"] != callers-1 {
				t.Fatalf("round %d: %d won, %v", round, won, refused)
			}
			s.nextStep()
			s.tokensOf(s.validate(s.challenged(), s.shown(e.Secret)))
			s.nextStep()
		}
	})
}

// Guesses at once are worth no more than guesses one after another.
func TestConcurrentCodesGetNoMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	first, second := r.serve(), r.serve()
	e := first.enrol(first.login().Access)
	c, wrong := first.challenged(), first.wrongCode(e.Secret)
	guess := func(i int) answer { return []*server{first, second}[i%2].validate(c, wrong) }
	checked := 0
	for _, a := range race.Answers(50, guess) {
		switch {
		case a.Status == http.StatusUnauthorized && a.Problem.Code == "code_invalid":
			checked++
		case a.Status != http.StatusTooManyRequests || a.RetryAfter() < 1:
			t.Errorf("answered %d %s", a.Status, a.Body)
		}
	}
	if checked != 5 {
		t.Errorf("%d codes were checked, want 5", checked)
	}
	first.validate(c, first.shown(e.Secret)).Expect(t, http.StatusTooManyRequests, "account_locked")
}

func TestRedisAwayDuringAChallenge(t *testing.T) {
	t.Parallel()
	redis := testenv.StartRedis(t)
	s := newRealmOn(t, suite.postgres.Database(t), redis.URL()).serve()
	e := s.enrol(s.login().Access)
	for _, disturb := range []func(testing.TB){redis.Flush, redis.Stop} {
		c := s.challenged()
		disturb(t)
		s.tokensOf(s.validate(c, s.shown(e.Secret)))
		s.nextStep()
	}
	s.validate(s.challenged(), s.wrongCode(e.Secret)).Expect(t, http.StatusUnauthorized, "code_invalid")
}
