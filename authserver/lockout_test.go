// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

func TestLockout(t *testing.T) {
	t.Parallel()
	redis := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), redis.URL())
	s := r.serve()

	for range 4 {
		s.tryLogin(adminEmail, wrongPassword).expect(t, http.StatusUnauthorized, "invalid_credentials")
	}
	s.login() // a right password starts the count again
	r.cheapen()
	for range 5 {
		s.tryLogin(adminEmail, wrongPassword).expect(t, http.StatusUnauthorized, "invalid_credentials")
	}
	locked := func(atLeast, atMost int) {
		t.Helper()
		a := s.tryLogin(adminEmail, adminPassword)
		a.expect(t, http.StatusTooManyRequests, "account_locked")
		if wait := a.retryAfter(); wait < atLeast || wait > atMost {
			t.Errorf("Retry-After is %d, want %d to %d", wait, atLeast, atMost)
		}
	}
	locked(890, 900)
	redis.Flush(t)
	locked(880, 900)
	redis.Stop(t)
	locked(870, 900)
	redis.Start(t)
	r.clock.advance(10 * time.Minute)
	locked(270, 300)
	r.clock.advance(5 * time.Minute)
	s.login()
	if got := s.metric(`realmkeeper_lockouts_total{by="account"}`); got != "1" {
		t.Errorf("counted %q lockouts, want 1", got)
	}
}

func TestFailuresAgeOut(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	for range 4 {
		s.tryLogin(adminEmail, wrongPassword).expect(t, http.StatusUnauthorized, "invalid_credentials")
	}
	r.clock.advance(15 * time.Minute)
	for range 4 {
		s.tryLogin(adminEmail, wrongPassword).expect(t, http.StatusUnauthorized, "invalid_credentials")
	}
	s.login()
}

func TestUnknownAddressesAreLockedToo(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	for range 5 {
		s.tryLogin("nobody@example.com", wrongPassword).expect(t, http.StatusNotFound, "user_not_found")
	}
	s.tryLogin("nobody@example.com", wrongPassword).expect(t, http.StatusTooManyRequests, "account_locked")
	s.login() // nobody else is
}

// A thousand guesses at once are worth no more than five one after another.
func TestConcurrentGuessesGetNoMoreThanTheLimit(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	first, second := r.serve(), r.serve()
	const guesses = 50
	answers := make([]answer, guesses)
	var group sync.WaitGroup
	for i := range guesses {
		s := []*server{first, second}[i%2]
		group.Go(func() { answers[i] = s.tryLogin(adminEmail, wrongPassword) })
	}
	group.Wait()
	checked := 0
	for _, a := range answers {
		switch {
		case a.status == http.StatusUnauthorized && a.problem.Code == "invalid_credentials":
			checked++
		case a.status != http.StatusTooManyRequests || a.retryAfter() < 1:
			t.Errorf("answered %d %s", a.status, a.body)
		}
	}
	if checked != 5 {
		t.Errorf("%d guesses were checked, want 5", checked)
	}
	first.tryLogin(adminEmail, adminPassword).expect(t, http.StatusTooManyRequests, "account_locked")
}
