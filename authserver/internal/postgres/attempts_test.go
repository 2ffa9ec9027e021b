// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/attempts"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
)

// counter allows five failures in a quarter of an hour.
func counter(name string) auth.Counter {
	return auth.Counter{
		Kind: auth.ByAccount, Key: sha256.Sum256([]byte(name)),
		Limit: auth.AttemptLimit{Failures: 5, Duration: 15 * time.Minute},
	}
}

func reserve(t *testing.T, s *postgres.Store, now time.Time, counters ...auth.Counter) attempts.Reservation {
	t.Helper()
	r, err := s.ReserveAttempts(t.Context(), counters, now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func fail(t *testing.T, s *postgres.Store, now time.Time, counters ...auth.Counter) []attempts.Tally {
	t.Helper()
	tallies, err := s.FailAttempts(t.Context(), counters, now, auth.Effects{})
	if err != nil {
		t.Fatal(err)
	}
	return tallies
}

func TestAttemptsInFlightCount(t *testing.T) {
	t.Parallel()
	s, ann := newStore(t), counter("ann")
	for range ann.Limit.Failures {
		if reserve(t, s, start, ann).Refused {
			t.Fatal("refused below the limit")
		}
	}
	if r := reserve(t, s, start, ann); !r.Refused || !r.LockedUntil.IsZero() {
		t.Errorf("with attempts in flight at the limit: %+v", r)
	}
	if err := s.ReleaseAttempts(t.Context(), []auth.Counter{ann}); err != nil {
		t.Fatal(err)
	}
	if reserve(t, s, start, ann).Refused {
		t.Error("refused after a release")
	}
	if got := fail(t, s, start, ann)[0]; got.Left != 4 || !got.LockedUntil.IsZero() {
		t.Errorf("the first failure of five: %+v", got)
	}
}

func TestAbandonedAttemptsAreForgotten(t *testing.T) {
	t.Parallel()
	s, ann := newStore(t), counter("ann")
	reserve(t, s, start, ann)
	fail(t, s, start, ann)
	for range 4 {
		reserve(t, s, start, ann) // and nobody ever says how they ended
	}
	if !reserve(t, s, start.Add(59*time.Second), ann).Refused {
		t.Error("an attempt was given up before its time")
	}
	for i := range 5 {
		if refused := reserve(t, s, start.Add(time.Minute), ann).Refused; refused != (i == 4) {
			t.Errorf("attempt %d after a minute: refused %t", i, refused)
		}
	}
}

func TestTheLastFailureLocks(t *testing.T) {
	t.Parallel()
	s, ann := newStore(t), counter("ann")
	until := start.Add(ann.Limit.Duration)
	for left := ann.Limit.Failures - 1; left >= 0; left-- {
		reserve(t, s, start, ann)
		got := fail(t, s, start, ann)[0]
		if got.Left != left || got.LockedUntil.IsZero() == (left == 0) {
			t.Errorf("with %d left: %+v", left, got)
		}
	}
	if got := fail(t, s, start.Add(time.Minute), ann)[0]; !got.LockedUntil.IsZero() {
		t.Errorf("a later failure moved the lock: %+v", got)
	}
	if r := reserve(t, s, until.Add(-time.Microsecond), ann); !r.Refused || !r.LockedUntil.Equal(until) {
		t.Errorf("just before the lock ends: %+v", r)
	}
	for range ann.Limit.Failures {
		if reserve(t, s, until, ann).Refused {
			t.Error("refused after the lock has ended")
		}
	}
	if !reserve(t, s, until, ann).Refused {
		t.Error("the count did not start again at nothing")
	}
}

func TestACountEndsAfterItsDuration(t *testing.T) {
	t.Parallel()
	s, ann := newStore(t), counter("ann")
	for i := range 4 {
		now := start.Add(time.Duration(i) * time.Minute)
		reserve(t, s, now, ann)
		fail(t, s, now, ann)
	}
	reserve(t, s, start.Add(ann.Limit.Duration), ann)
	if got := fail(t, s, start.Add(ann.Limit.Duration), ann)[0]; got.Left != 4 {
		t.Errorf("a count of last time goes on: %+v", got)
	}
}

func TestAnAttemptCountsEverywhereOrNowhere(t *testing.T) {
	t.Parallel()
	s, ann, bob, source := newStore(t), counter("ann"), counter("bob"), counter("source")
	for range 5 {
		reserve(t, s, start, ann)
		fail(t, s, start, ann)
	}
	for range 10 {
		if r := reserve(t, s, start, source, ann); !r.Refused || r.By != 1 || r.LockedUntil.IsZero() {
			t.Fatalf("a locked account: %+v", r)
		}
		if r := reserve(t, s, start, ann, source); !r.Refused || r.By != 0 {
			t.Fatalf("a locked account: %+v", r)
		}
	}
	for range 5 {
		if r := reserve(t, s, start, bob, source); r.Refused {
			t.Fatalf("refused attempts were counted: %+v", r)
		}
	}
	if r := reserve(t, s, start, counter("cat"), source); !r.Refused || r.By != 1 {
		t.Errorf("a source with attempts in flight at its limit: %+v", r)
	}
	if err := s.ClearAttempts(t.Context(), []auth.CounterKey{ann.Key, source.Key}, start, auth.Effects{}); err != nil {
		t.Fatal(err)
	}
	if r := reserve(t, s, start, ann, source); r.Refused {
		t.Errorf("after both were cleared: %+v", r)
	}
}

func TestALockBringsItsEffectsOnce(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	ann, source := counter("ann"), counter("source")
	source.Limit.Failures = 2 // its lock is no cause
	for range 8 {
		reserve(t, s, start, ann)
		_, err := s.FailAttempts(t.Context(), []auth.Counter{ann, source}, start, auth.Effects{
			Messages: []auth.Message{{ID: uuid.NewString(), Channel: auth.ByMail, Kind: auth.AccountLockedMessage, Sealed: []byte{1}}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, url, "outbox"); n != 1 {
		t.Errorf("%d messages for one lock", n)
	}
}

// Callers name the counters in any order; none may wait for another that waits
// for it.
func TestConcurrentAttemptsGetTheLimitAndNoDeadlock(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	for round := range 20 {
		now := start.Add(time.Duration(round) * time.Hour)
		a, b := counter("a"), counter("b")
		through := atomic.Int64{}
		group := sync.WaitGroup{}
		for i := range 50 {
			counters := []auth.Counter{a, b}
			if i%2 == 1 {
				counters = []auth.Counter{b, a}
			}
			group.Go(func() {
				r, err := s.ReserveAttempts(context.Background(), counters, now)
				if err != nil {
					t.Error(err)
				}
				if r.Refused || err != nil {
					return
				}
				through.Add(1)
				if _, err := s.FailAttempts(context.Background(), counters, now, auth.Effects{}); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if through.Load() != 5 {
			t.Fatalf("round %d: %d got through", round, through.Load())
		}
	}
}

// A flood of guesses at addresses that nobody has must not outgrow the pruning.
func TestPruneLeavesNothingForLater(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	flood := []auth.Counter{}
	for i := range 2500 {
		flood = append(flood, counter(fmt.Sprint(i)))
	}
	reserve(t, s, start, flood...)
	if err := s.Prune(t.Context(), start.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "attempts"); n != 0 {
		t.Errorf("%d of %d counts are left", n, len(flood))
	}
}

// A lock that was made when the limit was longer ends by the present one, and so
// does a count.
func TestALockEndsByThePresentLimit(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	long, short := counter("ann"), counter("ann")
	long.Limit.Duration = 24 * time.Hour
	for range long.Limit.Failures {
		reserve(t, s, start, long)
		fail(t, s, start, long)
	}
	if r := reserve(t, s, start, long); !r.LockedUntil.Equal(start.Add(long.Limit.Duration)) {
		t.Fatalf("refused with %+v", r)
	}
	until := start.Add(short.Limit.Duration)
	if r := reserve(t, s, start.Add(time.Minute), short); !r.Refused || !r.LockedUntil.Equal(until) {
		t.Errorf("under the present limit it is refused with %+v, want until %s", r, until)
	}
	if r := reserve(t, s, until, short); r.Refused {
		t.Errorf("after the present limit it is refused with %+v", r)
	}

	other, otherShort := counter("eve"), counter("eve")
	other.Limit.Duration = 24 * time.Hour
	for range 3 {
		reserve(t, s, start, other)
		fail(t, s, start, other)
	}
	reserve(t, s, start.Add(time.Minute), otherShort) // from here the count has the present limit
	fail(t, s, start.Add(time.Minute), otherShort)
	later := start.Add(time.Minute + short.Limit.Duration)
	reserve(t, s, later, otherShort)
	if got := fail(t, s, later, otherShort)[0]; got.Left != 4 {
		t.Errorf("%d failures are left, want those of a new count", got.Left)
	}
}
