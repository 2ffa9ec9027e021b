// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

func TestLockout(t *testing.T) {
	t.Parallel()
	redis := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), redis.URL())
	r.Clock.Stop()
	s := r.serve()

	for range 4 {
		s.tryLogin(adminEmail, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	}
	s.login() // a right password starts the count again
	r.cheapen()
	for range 5 {
		s.tryLogin(adminEmail, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	}
	locked := func(seconds int) {
		t.Helper()
		a := s.tryLogin(adminEmail, adminPassword)
		a.Expect(t, http.StatusTooManyRequests, "account_locked")
		if wait := a.RetryAfter(); wait != seconds {
			t.Errorf("Retry-After is %d, want %d", wait, seconds)
		}
	}
	locked(900)
	redis.Flush(t)
	locked(900)
	redis.Stop(t)
	locked(900)
	redis.Start(t)
	r.Clock.Advance(10 * time.Minute)
	locked(300)
	r.Clock.Advance(5 * time.Minute)
	s.login()
	if got := s.Metric(`realmkeeper_lockouts_total{by="account"}`); got != "1" {
		t.Errorf("counted %q lockouts, want 1", got)
	}
}

func TestFailuresAgeOut(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	for range 4 {
		s.tryLogin(adminEmail, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	}
	r.Clock.Advance(15 * time.Minute)
	for range 4 {
		s.tryLogin(adminEmail, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	}
	s.login()
}

func TestUnknownAddressesAreLockedToo(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	for range 5 {
		s.tryLogin("nobody@example.com", wrongPassword).Expect(t, http.StatusNotFound, "user_not_found")
	}
	s.tryLogin("nobody@example.com", wrongPassword).Expect(t, http.StatusTooManyRequests, "account_locked")
	s.login() // nobody else is
}

// A thousand guesses at once are worth no more than five one after another.
func TestConcurrentGuessesGetNoMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	first, second := r.serve(), r.serve()
	const guesses = 50
	guess := func(i int) answer { return []*server{first, second}[i%2].tryLogin(adminEmail, wrongPassword) }
	checked := 0
	for _, a := range race.Answers(guesses, guess) {
		switch {
		case a.Status == http.StatusUnauthorized && a.Problem.Code == "invalid_credentials":
			checked++
		case a.Status != http.StatusTooManyRequests || a.RetryAfter() < 1:
			t.Errorf("answered %d %s", a.Status, a.Body)
		}
	}
	if checked != 5 {
		t.Errorf("%d guesses were checked, want 5", checked)
	}
	first.tryLogin(adminEmail, adminPassword).Expect(t, http.StatusTooManyRequests, "account_locked")
}

// People who share an account, or a script of many workers, know the password.
func TestRightLoginsOfOneAccountTakeTurns(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.cheapen()
	first, second := r.serve(), r.serve()
	login := func(i int) answer {
		if i%10 == 9 {
			return first.tryLogin(adminEmail, wrongPassword)
		}
		return []*server{first, second}[i%2].tryLogin(adminEmail, adminPassword)
	}
	for i, a := range race.Answers(10, login) {
		if wrong := i%10 == 9; wrong != (a.Status == http.StatusUnauthorized) || !wrong && a.Status != http.StatusOK {
			t.Errorf("login %d was answered %d %s", i, a.Status, a.Body)
		}
	}
}

// Right passwords are many people's of one address, and wait for each other as well.
func TestLoginsOfOneAddressTakeTurns(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.cheapen()
	r.Config.Login.Lockout.SourceFailures = 2
	r.Update()
	s := r.serve()
	for _, a := range race.Answers(5, func(int) answer { return s.tryLogin(adminEmail, adminPassword) }) {
		if a.Status != http.StatusOK {
			t.Errorf("answered %d %s", a.Status, a.Body)
		}
	}
}
