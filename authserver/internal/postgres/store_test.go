// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

var (
	annKey = auth.KeyOf("ann@example.com")
	start  = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
)

// login starts a session whose refresh token has the given hash.
func login(t *testing.T, s *postgres.Store, token byte, now time.Time) string {
	t.Helper()
	ann := auth.User{ID: uuid.NewString(), Email: "ann@example.com", PasswordHash: "hash", Role: auth.UserRole, EmailVerifiedAt: &start, CreatedAt: start}
	if _, err := s.AddUser(t.Context(), ann, nil, auth.Effects{}); err != nil {
		t.Fatal(err)
	}
	user, found, err := s.UserByEmail(t.Context(), "ann@example.com")
	if err != nil || !found {
		t.Fatalf("found %t, %v", found, err)
	}
	id := uuid.NewString()
	started, err := s.StartSession(t.Context(), signin.NewSession{
		SessionID: id, User: user, Refresh: auth.TokenHash{token},
		NewHash: user.PasswordHash, Now: now, ExpiresAt: now.Add(time.Hour),
	}, auth.Effects{})
	if err != nil || !started.Started {
		t.Fatalf("started %t, %v", started.Started, err)
	}
	return id
}

func rotation(used, successor byte, now time.Time) session.Rotation {
	return session.Rotation{
		Used: auth.TokenHash{used}, Successor: auth.TokenHash{successor}, Sealed: []byte("sealed"),
		Now: now, ExpiresAt: now.Add(time.Hour),
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
	started, err := s.StartSession(t.Context(), signin.NewSession{
		SessionID: uuid.NewString(), User: user, Refresh: auth.TokenHash{2},
		NewHash: "x", Now: start, ExpiresAt: start.Add(time.Hour),
	}, auth.Effects{})
	if err != nil || started.Started {
		t.Errorf("started %t, %v", started.Started, err)
	}
	if _, known, err := s.UsedRefreshToken(t.Context(), auth.TokenHash{2}, session.TokenFamily{}); err != nil || known {
		t.Errorf("its token is known %t, %v", known, err)
	}
}

func TestRotateHasOneWinner(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	login(t, s, 1, start)
	token := auth.TokenHash{1}
	for range rounds {
		successors := [callers]auth.TokenHash{}
		won := race(t, func(i int) (bool, error) {
			successors[i] = randomHash()
			r := rotation(0, 0, start)
			r.Used, r.Successor = token, successors[i]
			_, won, err := s.Rotate(t.Context(), r)
			return won, err
		})
		if won != 1 {
			t.Fatalf("%d of %d rotated one token", won, callers)
		}
		for _, successor := range successors {
			if _, known, err := s.UsedRefreshToken(t.Context(), successor, session.TokenFamily{}); err != nil {
				t.Fatal(err)
			} else if known {
				token = successor
			}
		}
	}
}

func TestRotateRefuses(t *testing.T) {
	t.Parallel()
	cases := map[string]func(t *testing.T, s *postgres.Store, id string) session.Rotation{
		"an unknown token": func(*testing.T, *postgres.Store, string) session.Rotation { return rotation(9, 2, start) },
		"an expired token": func(*testing.T, *postgres.Store, string) session.Rotation {
			return rotation(1, 2, start.Add(time.Hour))
		},
		"a token of a session from too long ago": func(*testing.T, *postgres.Store, string) session.Rotation {
			r := rotation(1, 2, start)
			r.Since = start.Add(time.Microsecond)
			return r
		},
		"a token of an ended session": func(t *testing.T, s *postgres.Store, id string) session.Rotation {
			if ended, err := s.EndSession(t.Context(), id, session.EndedByLogout, start, auth.Effects{}); err != nil || !ended {
				t.Fatalf("ended %t, %v", ended, err)
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
			if _, known, err := s.UsedRefreshToken(t.Context(), auth.TokenHash{2}, session.TokenFamily{}); err != nil || known {
				t.Errorf("a successor is known %t, %v", known, err)
			}
		})
	}
}

func TestASessionEndsOnce(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	id := login(t, s, 1, start)
	if won := race(t, func(int) (bool, error) {
		told := auth.Event{ID: uuid.NewString(), Action: auth.ActReuse, At: start}
		return s.EndSession(context.Background(), id, session.EndedByReuse, start, auth.Effects{Events: []auth.Event{told}})
	}); won != 1 {
		t.Errorf("%d of %d ended one session", won, callers)
	}
	if n := count(t, url, "audit_events"); n != 1 {
		t.Errorf("%d events tell of it", n)
	}
	if ended, err := s.EndSession(t.Context(), id, session.EndedByLogout, start.Add(time.Minute), auth.Effects{}); err != nil || ended {
		t.Errorf("it was ended again: %t, %v", ended, err)
	}
	if n := count(t, url, "sessions WHERE ended_reason = 'reuse'"); n != 1 {
		t.Error("the first reason is not kept")
	}
	spent, known, err := s.UsedRefreshToken(t.Context(), auth.TokenHash{1}, session.TokenFamily{})
	if err != nil || !known || !spent.Ended {
		t.Errorf("spent is %+v, %t, %v", spent, known, err)
	}
}

func TestEndSessionsBefore(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	login(t, s, 1, start)
	login(t, s, 2, start.Add(time.Second))
	if err := s.EndSessionsBefore(t.Context(), start.Add(time.Second), session.EndedBySettings, start.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	for token, ended := range map[byte]bool{1: true, 2: false} {
		if spent, known, err := s.UsedRefreshToken(t.Context(), auth.TokenHash{token}, session.TokenFamily{}); err != nil || !known || spent.Ended != ended {
			t.Errorf("session %d is %+v, %t, %v", token, spent, known, err)
		}
	}
}

func TestPrune(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	login(t, s, 1, start)                   // expires after an hour
	login(t, s, 2, start.Add(-time.Minute)) // but is used, and lives on
	if _, rotated, err := s.Rotate(t.Context(), rotation(2, 3, start.Add(30*time.Minute))); err != nil || !rotated {
		t.Fatalf("rotated %t, %v", rotated, err)
	}
	now := start.Add(time.Hour)
	old, fresh := counter("old"), counter("fresh")
	reserve(t, s, start, old)
	for range fresh.Limit.Failures {
		reserve(t, s, now, fresh)
	}
	if err := s.Prune(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "attempts"); n != 1 {
		t.Errorf("%d counts are left", n)
	}
	for token, kept := range map[byte]bool{1: false, 2: false, 3: true} {
		if _, known, err := s.UsedRefreshToken(t.Context(), auth.TokenHash{token}, session.TokenFamily{}); err != nil || known != kept {
			t.Errorf("token %d: known %t, %v", token, known, err)
		}
	}
	if !reserve(t, s, now, fresh).Refused {
		t.Error("a fresh count was pruned")
	}
}

func TestUnavailableIsToldFromRefused(t *testing.T) {
	t.Parallel()
	away, err := postgres.Open(t.Context(), realmconfig.Place{URL: "postgres://user:secret-word@127.0.0.1:1/nothing"}, postgres.Options{Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	defer away.Close()
	_, _, err = away.UserByEmail(t.Context(), "ann@example.com")
	if !errors.Is(err, &auth.Error{Code: auth.DatabaseUnavailable}) || strings.Contains(err.Error(), "secret-word") {
		t.Errorf("error is %v", err)
	}
	if _, err := postgres.Open(t.Context(), realmconfig.Place{URL: "postgres://user:secret-word@[::1"}, postgres.Options{Timeout: patience}); err == nil || strings.Contains(err.Error(), "secret-word") {
		t.Errorf("error is %v", err)
	}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	_, _, err = newStore(t).UserByEmail(canceled, "ann@example.com")
	if err == nil || errors.Is(err, &auth.Error{Code: auth.DatabaseUnavailable}) {
		t.Errorf("a caller who left got %v", err)
	}
}
