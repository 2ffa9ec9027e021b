// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// lock has an address tried until it is locked, whosever it is.
func lock(t *testing.T, s *postgres.Store, email string) {
	t.Helper()
	counters := []auth.Counter{{Key: auth.KeyOf(email).Counter(), Limit: auth.AttemptLimit{Failures: 1, Duration: time.Hour}}}
	if _, err := s.ReserveAttempts(t.Context(), counters, start); err != nil {
		t.Fatal(err)
	}
	if _, err := s.FailAttempts(t.Context(), counters, start, auth.Effects{}); err != nil {
		t.Fatal(err)
	}
}

// A lock is an address's. Whoever has the address is the one who is locked, whichever
// came first.
func TestLockedUsersAreThoseWhoHaveALockedAddress(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	lockedUsers := func() string {
		t.Helper()
		return findUsers(t, s, admin.UserQuery{Status: admin.LockedStatus, LongestLock: time.Hour})
	}
	sees := func(after, want string) {
		t.Helper()
		if got := lockedUsers(); got != want {
			t.Errorf("%s, %q are locked, want %q", after, got, want)
		}
	}
	ann, bob := addUser(t, s, "ann@example.com"), addUser(t, s, "bob@example.com")
	lock(t, s, ann.Email)
	lock(t, s, "cat@example.com")
	sees("after two locks", "ann")
	cat := addUser(t, s, "cat@example.com")
	sees("when a locked address is taken", "ann cat")
	execute(t, url, "UPDATE users SET email = 'dan@example.com' WHERE id = '"+ann.ID+"'")
	sees("when a user gives up a locked address", "cat")
	execute(t, url, "UPDATE users SET email = 'ann@example.com' WHERE id = '"+bob.ID+"'")
	sees("when another user takes it", "ann cat")
	if err := s.ClearAttempts(t.Context(), []auth.CounterKey{auth.KeyOf("ann@example.com").Counter()}, start, auth.Effects{}); err != nil {
		t.Fatal(err)
	}
	sees("when it is unlocked", "cat")
	execute(t, url, "DELETE FROM users WHERE id = '"+cat.ID+"'")
	sees("when a user is deleted", "")
	if later, err := s.FindUsers(t.Context(), admin.UserQuery{Status: admin.LockedStatus, LongestLock: time.Hour, Limit: 1}, start.Add(time.Hour)); err != nil || len(later) != 0 {
		t.Errorf("when the locks are over, %v are locked, %v", later, err)
	}
}

// Locks of the release before know nothing of users.
func TestLocksFromBeforeAreFound(t *testing.T) {
	t.Parallel()
	url := at(t, ownFiles(t).upTo("00099"))
	execute(t, url, `
		INSERT INTO users (id, email, created_at) SELECT gen_random_uuid(), 'user-' || i || '@example.com', now() FROM generate_series(1, 3) AS i;
		INSERT INTO attempts (key, pending, failures, allowed, reserved_at, expires_at, locked_until)
		SELECT sha256(('user-' || i || '@example.com')::bytea), 0, 5, 5, '`+start.Format(time.RFC3339)+`', 'infinity', CASE WHEN i <> 3 THEN 'infinity'::timestamptz END
		FROM generate_series(2, 2500) AS i`)
	if err := migrate(url); err != nil {
		t.Fatal(err)
	}
	s := open(t, place(url))
	if got := findUsers(t, s, admin.UserQuery{Status: admin.LockedStatus, LongestLock: time.Hour}); got != "user-2" {
		t.Errorf("%q are locked", got)
	}
}

// Whoever signs in has users before attempts. A migration that had attempts first would
// wait for them, and they for it, until PostgreSQL refuses one of them.
func TestSignInsGoOnWhileAttemptsGetTheirUsers(t *testing.T) {
	t.Parallel()
	url := at(t, ownFiles(t).upTo("00106"))
	execute(t, url, `INSERT INTO users (id, email, created_at) SELECT gen_random_uuid(), 'user-' || i || '@example.com', now() FROM generate_series(1, 12) AS i`)
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	var signIns atomic.Int64
	for i := range 12 {
		conn := connect(t, url)
		group.Go(func() {
			for ; ctx.Err() == nil; signIns.Add(1) {
				if _, err := conn.Exec(t.Context(), `
					WITH cause AS (UPDATE users SET last_login_at = now() WHERE email = 'user-' || $1::int || '@example.com' RETURNING pg_sleep(0.01)), cleared AS (
						DELETE FROM attempts WHERE key = 'ann' AND EXISTS (SELECT FROM cause)
					) SELECT`, i+1); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	eventually.Holds(t, "all sign in", func() bool { return signIns.Load() > 50 })
	if err := migrate(url); err != nil {
		t.Error(err)
	}
	stop()
	group.Wait()
}
