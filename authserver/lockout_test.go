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
	s := r.serve()

	for range 4 {
		s.tryLogin(adminEmail, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	}
	s.login() // a right password starts the count again
	r.cheapen()
	for range 5 {
		s.tryLogin(adminEmail, wrongPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	}
	locked := func(atLeast, atMost int) {
		t.Helper()
		a := s.tryLogin(adminEmail, adminPassword)
		a.Expect(t, http.StatusTooManyRequests, "account_locked")
		if wait := a.RetryAfter(); wait < atLeast || wait > atMost {
			t.Errorf("Retry-After is %d, want %d to %d", wait, atLeast, atMost)
		}
	}
	locked(890, 900)
	redis.Flush(t)
	locked(880, 900)
	redis.Stop(t)
	locked(870, 900)
	redis.Start(t)
	r.Clock.Advance(10 * time.Minute)
	locked(270, 300)
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
