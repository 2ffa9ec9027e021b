// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
)

var (
	account = auth.KeyOf("ann@example.com")
	limit   = auth.AttemptLimit{Failures: 5, Duration: 15 * time.Minute}
	start   = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

// login starts a session whose refresh token has the given hash.
func login(t *testing.T, s *postgres.Store, token byte, now time.Time) string {
	t.Helper()
	if _, err := s.CreateUser(t.Context(), "ann@example.com", "hash", "user", start); err != nil {
		t.Fatal(err)
	}
	user, found, err := s.UserByEmail(t.Context(), "ann@example.com")
	if err != nil || !found {
		t.Fatalf("found %t, %v", found, err)
	}
	id := uuid.NewString()
	started, err := s.StartSession(t.Context(), auth.NewSession{
		SessionID: id, User: user, Account: account, Refresh: auth.TokenHash{token},
		NewHash: user.PasswordHash, Now: now, ExpiresAt: now.Add(time.Hour),
	}, auth.Effects{})
	if err != nil || !started.Started {
		t.Fatalf("started %t, %v", started.Started, err)
	}
	return id
}

func rotation(used, successor byte, now time.Time) auth.Rotation {
	return auth.Rotation{
		Used: auth.TokenHash{used}, Successor: auth.TokenHash{successor}, Sealed: []byte("sealed"),
		Now: now, ExpiresAt: now.Add(time.Hour),
	}
}

func TestReserveAttempt(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	reserve := func(now time.Time) auth.Reservation {
		t.Helper()
		r, err := s.ReserveAttempt(t.Context(), account, limit, now)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	for range limit.Failures {
		if reserve(start).Refused {
			t.Fatal("refused below the limit")
		}
	}
	if r := reserve(start); !r.Refused || !r.LockedUntil.IsZero() {
		t.Errorf("with attempts in flight at the limit: %+v", r)
	}
	if err := s.ReleaseAttempt(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	if reserve(start).Refused {
		t.Error("refused after a release")
	}
	until, err := s.FailAttempt(t.Context(), account, limit, start)
	if err != nil || !until.Equal(start.Add(limit.Duration)) {
		t.Errorf("locked until %s, %v", until, err)
	}
	if again, err := s.FailAttempt(t.Context(), account, limit, start.Add(time.Minute)); err != nil || !again.IsZero() {
		t.Errorf("a later failure moved the lock to %s, %v", again, err)
	}
	if r := reserve(until.Add(-time.Microsecond)); !r.Refused || !r.LockedUntil.Equal(until) {
		t.Errorf("just before the lock ends: %+v", r)
	}
	for range limit.Failures {
		if reserve(until).Refused {
			t.Error("refused after the lock has ended")
		}
	}
	if !reserve(until).Refused {
		t.Error("the count did not start again at one")
	}
}

func TestReserveAttemptLetsTheLimitThrough(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	var through atomic.Int64
	var group sync.WaitGroup
	for range 100 {
		group.Go(func() {
			r, err := s.ReserveAttempt(context.Background(), account, limit, start)
			if err != nil {
				t.Error(err)
			}
			if !r.Refused {
				through.Add(1)
			}
		})
	}
	group.Wait()
	if through.Load() != int64(limit.Failures) {
		t.Errorf("%d got through", through.Load())
	}
}

func TestStartSessionNeedsTheCheckedPassword(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	login(t, s, 1, start)
	user, _, err := s.UserByEmail(t.Context(), "ann@example.com")
	if err != nil {
		t.Fatal(err)
	}
	user.PasswordHash = "changed meanwhile"
	started, err := s.StartSession(t.Context(), auth.NewSession{
		SessionID: uuid.NewString(), User: user, Account: account, Refresh: auth.TokenHash{2},
		NewHash: "x", Now: start, ExpiresAt: start.Add(time.Hour),
	}, auth.Effects{})
	if err != nil || started.Started {
		t.Errorf("started %t, %v", started.Started, err)
	}
	if _, known, err := s.Spent(t.Context(), auth.TokenHash{2}); err != nil || known {
		t.Errorf("its token is known %t, %v", known, err)
	}
}

func TestRotateHasOneWinner(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	login(t, s, 1, start)
	var winners atomic.Int64
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			_, won, err := s.Rotate(context.Background(), rotation(1, byte(100+i), start))
			if err != nil {
				t.Error(err)
			}
			if won {
				winners.Add(1)
			}
		})
	}
	group.Wait()
	if winners.Load() != 1 {
		t.Errorf("%d callers rotated one token", winners.Load())
	}
}

func TestRotateRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]func(t *testing.T, s *postgres.Store, session string) auth.Rotation{
		"an unknown token": func(*testing.T, *postgres.Store, string) auth.Rotation { return rotation(9, 2, start) },
		"an expired token": func(*testing.T, *postgres.Store, string) auth.Rotation {
			return rotation(1, 2, start.Add(time.Hour))
		},
		"a token of an ended session": func(t *testing.T, s *postgres.Store, session string) auth.Rotation {
			if err := s.EndSession(t.Context(), session, auth.EndedByLogout, start); err != nil {
				t.Fatal(err)
			}
			return rotation(1, 2, start)
		},
	}
	for name, prepare := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t)
			_, rotated, err := s.Rotate(t.Context(), prepare(t, s, login(t, s, 1, start)))
			if err != nil || rotated {
				t.Errorf("rotated %t, %v", rotated, err)
			}
			if _, known, err := s.Spent(t.Context(), auth.TokenHash{2}); err != nil || known {
				t.Errorf("a successor is known %t, %v", known, err)
			}
		})
	}
}

func TestTheFirstReasonForAnEndIsKept(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	session := login(t, s, 1, start)
	if err := s.EndSession(t.Context(), session, auth.EndedByReuse, start); err != nil {
		t.Fatal(err)
	}
	id, err := s.EndSessionOf(t.Context(), auth.TokenHash{1}, auth.EndedByLogout, start.Add(time.Minute))
	if err != nil || id != session {
		t.Errorf("ended %q, %v", id, err)
	}
	spent, known, err := s.Spent(t.Context(), auth.TokenHash{1})
	if err != nil || !known || !spent.Ended {
		t.Errorf("spent is %+v, %t, %v", spent, known, err)
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	login(t, s, 1, start)                   // expires after an hour
	login(t, s, 2, start.Add(-time.Minute)) // but is used, and lives on
	if _, rotated, err := s.Rotate(t.Context(), rotation(2, 3, start.Add(30*time.Minute))); err != nil || !rotated {
		t.Fatalf("rotated %t, %v", rotated, err)
	}
	if _, err := s.ReserveAttempt(t.Context(), auth.KeyOf("old"), limit, start); err != nil {
		t.Fatal(err)
	}
	now := start.Add(time.Hour)
	for range limit.Failures {
		if _, err := s.ReserveAttempt(t.Context(), auth.KeyOf("new"), limit, now); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Prune(t.Context(), limit, now); err != nil {
		t.Fatal(err)
	}
	for token, kept := range map[byte]bool{1: false, 2: false, 3: true} {
		if _, known, err := s.Spent(t.Context(), auth.TokenHash{token}); err != nil || known != kept {
			t.Errorf("token %d: known %t, %v", token, known, err)
		}
	}
	if r, err := s.ReserveAttempt(t.Context(), auth.KeyOf("new"), limit, now); err != nil || !r.Refused {
		t.Errorf("a fresh count was pruned: %+v, %v", r, err)
	}
}

func TestUnavailableIsToldFromRefused(t *testing.T) {
	t.Parallel()
	away, err := postgres.Open(t.Context(), "postgres://user:secret-word@127.0.0.1:1/nothing")
	if err != nil {
		t.Fatal(err)
	}
	defer away.Close()
	_, _, err = away.UserByEmail(t.Context(), "ann@example.com")
	if !errors.Is(err, &auth.Error{Code: auth.DatabaseUnavailable}) || strings.Contains(err.Error(), "secret-word") {
		t.Errorf("error is %v", err)
	}
	if _, err := postgres.Open(t.Context(), "postgres://user:secret-word@[::1"); err == nil || strings.Contains(err.Error(), "secret-word") {
		t.Errorf("error is %v", err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = newStore(t).UserByEmail(canceled, "ann@example.com")
	if err == nil || errors.Is(err, &auth.Error{Code: auth.DatabaseUnavailable}) {
		t.Errorf("a caller who left got %v", err)
	}
}
