// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// changes are how many rows of some thousand are changed, each of them stride rows after
// the one before: as few of each page as there is room for, since somebody's long
// transaction elsewhere may keep the versions of before.
const changes, stride = 300, 13

// Whatever an index has to be told of a change is written once for each index of the
// table, and all of it again after each checkpoint, page by page.
func TestUsingASessionConcernsNoIndex(t *testing.T) {
	t.Parallel()
	s, url := filledWithSessions(t)
	now := start.Add(3 * day)
	for i := range changes {
		used := i * stride
		rotation := session.Rotation{
			Used: sha256.Sum256([]byte(strconv.Itoa(used))), Successor: sha256.Sum256(fmt.Append(nil, "successor of ", used)),
			Sealed: make([]byte, 75), Now: now, ExpiresAt: now.Add(30 * day),
		}
		if _, rotated, err := s.Rotate(t.Context(), rotation); err != nil || !rotated {
			t.Fatalf("rotated %t, %v", rotated, err)
		}
	}
	changedInPlace(t, s, url, "sessions", changes)
	changedInPlace(t, s, url, "refresh_tokens", changes)
}

func TestALoginChangesItsUserInPlace(t *testing.T) {
	t.Parallel()
	s, url := filledWithSessions(t)
	for i := range changes {
		user, found, err := s.UserByStoredEmail(t.Context(), fmt.Sprintf("user-%d@example.com", i*stride))
		if err != nil || !found {
			t.Fatalf("found %t, %v", found, err)
		}
		started, err := s.StartSession(t.Context(), signin.NewSession{
			SessionID: uuid.NewString(), User: user, Refresh: sha256.Sum256([]byte(user.ID)), NewHash: user.PasswordHash,
			Now: start, AuthTime: start, ExpiresAt: start.Add(30 * day),
		}, auth.Effects{})
		if err != nil || !started.Started {
			t.Fatalf("started %t, %v", started.Started, err)
		}
	}
	changedInPlace(t, s, url, "users", changes)
}

func TestAGuessChangesItsCountsInPlace(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	all := []auth.Counter{}
	for i := range changes * stride {
		all = append(all, counter(strconv.Itoa(i)))
	}
	slices.SortFunc(all, func(a, b auth.Counter) int { return bytes.Compare(a.Key[:], b.Key[:]) }) // as they are stored
	reserve(t, s, start, all...)
	for i := range changes {
		fail(t, s, start, all[i*stride])
		reserve(t, s, start.Add(time.Second), all[i*stride])
	}
	changedInPlace(t, s, url, "attempts", 2*changes)
}

// filledWithSessions has some thousand users with a session each, and the session a
// token whose hash is that of its number.
func filledWithSessions(t *testing.T) (*postgres.Store, string) {
	t.Helper()
	s, url := newStoreAt(t)
	execute(t, url, `
		INSERT INTO users (id, email, password_hash, created_at)
		SELECT gen_random_uuid(), 'user-' || i || '@example.com', repeat('x', 60), '2026-01-01' FROM generate_series(0, 3999) AS i;
		INSERT INTO sessions (id, user_id, created_at, last_used_at, expires_at, prune_after, user_agent, address)
		SELECT id, id, '2026-01-01', '2026-01-01', '2026-02-01', '2026-02-01', repeat('x', 100), '203.0.113.200' FROM users;
		INSERT INTO refresh_tokens (hash, session_id, expires_at)
		SELECT sha256((row_number() OVER () - 1)::text::bytea), id, '2026-02-01' FROM sessions;
		ANALYZE`)
	return s, url
}

// changedInPlace fails unless nearly all updates of a table were heap-only. A page that
// is as full as it may be moves a row on now and then. Closing the store has its
// sessions tell what they have done.
func changedInPlace(t *testing.T, s *postgres.Store, url, table string, atLeast int) {
	t.Helper()
	s.Close()
	conn := connect(t, url)
	updates, inPlace := 0, 0
	eventually.Holds(t, fmt.Sprintf("%d updates of %s are counted", atLeast, table), func() bool {
		if err := conn.QueryRow(t.Context(), `
			SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relid = $1::text::regclass`, table).Scan(&updates, &inPlace); err != nil {
			t.Fatal(err)
		}
		return updates >= atLeast
	})
	t.Logf("%s: %d of %d updates in place", table, inPlace, updates)
	if inPlace*100 < updates*95 {
		t.Errorf("%d of %d updates of %s were in place", inPlace, updates, table)
	}
}
