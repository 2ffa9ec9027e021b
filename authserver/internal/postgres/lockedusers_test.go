// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"fmt"
	"strings"
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

// What a role is searched for is that of now, whatever it was when the address was locked.
func TestLockedUsersAreFoundByTheirRole(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	sees := func(after, role, want string) {
		t.Helper()
		if got := findUsers(t, s, admin.UserQuery{Status: admin.LockedStatus, Role: role, LongestLock: time.Hour}); got != want {
			t.Errorf("%s, %q of role %s are locked, want %q", after, got, role, want)
		}
	}
	ann := addUser(t, s, "ann@example.com")
	lock(t, s, ann.Email)
	lock(t, s, "bob@example.com")
	sees("after a lock", "user", "ann")
	sees("after a lock", "staff", "")
	execute(t, url, "UPDATE users SET role = 'staff' WHERE id = '"+ann.ID+"'")
	sees("with another role", "user", "")
	sees("with another role", "staff", "ann")
	addUser(t, s, "bob@example.com")
	sees("when a locked address is taken", "user", "bob")
	execute(t, url, "UPDATE users SET email = 'bob-' || email WHERE email = 'bob@example.com'; UPDATE users SET email = 'bob@example.com' WHERE id = '"+ann.ID+"'")
	sees("when somebody of another role takes it", "user", "")
	sees("when somebody of another role takes it", "staff", "bob")
}

// Whose address a count is of is not asked, and must not be in the way of those who look
// for locks.
func TestAnAddressThatIsUnlockedIsNobodys(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	ann := addUser(t, s, "ann@example.com")
	lock(t, s, ann.Email)
	counters := []auth.Counter{{Key: auth.KeyOf(ann.Email).Counter(), Limit: auth.AttemptLimit{Failures: 1, Duration: time.Hour}}}
	if r, err := s.ReserveAttempts(t.Context(), counters, start.Add(2*time.Hour)); err != nil || r.Refused {
		t.Fatalf("reserved %+v, %v", r, err)
	}
	counts, named := 0, 0
	if err := connect(t, url).QueryRow(t.Context(), "SELECT count(*), count(user_id) + count(user_role) FROM attempts").Scan(&counts, &named); err != nil {
		t.Fatal(err)
	}
	if counts != 1 || named != 0 {
		t.Errorf("of %d counts %d columns name a user", counts, named)
	}
}

// Locked users are a fiftieth of what is counted, as when somebody guesses at many
// addresses. A page of them, or of those of a role, reads no more than it shows.
func TestAPageOfLockedUsersIsReadInItsOrder(t *testing.T) {
	t.Parallel()
	url := server.Database(t)
	execute(t, url, fmt.Sprintf(`
		ALTER TABLE users DISABLE TRIGGER USER;
		INSERT INTO users (id, email, role, created_at)
		SELECT lpad(to_hex(i), 32, '0')::uuid, 'user-' || i || '@example.com', CASE WHEN i %% 100 = 1 THEN 'staff' WHEN i %% 100 = 2 THEN 'admin' ELSE 'user' END, now()
		FROM generate_series(1, %[1]d) AS i;
		ALTER TABLE users ENABLE TRIGGER USER;
		INSERT INTO attempts (key, pending, failures, allowed, reserved_at, expires_at, locked_until)
		SELECT account_key(CASE WHEN locks THEN 'user-' ELSE 'nobody-' END || i || '@example.com'), 0, 5, 5, now(), now() + '1 hour',
		       CASE WHEN locks THEN now() + '1 hour' END
		FROM (SELECT i, i %% 50 = 1 AS locks FROM generate_series(1, %[1]d) AS i ORDER BY md5(i::text)) AS counts`, 2*grown))
	execute(t, url, "VACUUM ANALYZE")
	conn := connect(t, url)
	half := fmt.Sprintf("00000000-0000-0000-0000-%012x", grown)
	for name, c := range map[string]struct {
		query admin.UserQuery
		index string // of a whole page
		shown int
	}{
		"all":                     {admin.UserQuery{}, "attempts_of_user", 50},
		"in the middle":           {admin.UserQuery{Before: half}, "attempts_of_user", 50},
		"at the far end":          {admin.UserQuery{Before: "00000000-0000-0000-0000-0000000000ff"}, "", 6},
		"a role of half of them":  {admin.UserQuery{Role: "staff"}, "attempts_of_role", 50},
		"the same, in the middle": {admin.UserQuery{Role: "staff", Before: half}, "attempts_of_role", 50},
		"a role of none of them":  {admin.UserQuery{Role: "admin"}, "", 0},
		"a role that nobody has":  {admin.UserQuery{Role: "nobody"}, "", 0},
	} {
		c.query.Status, c.query.Limit, c.query.LongestLock = admin.LockedStatus, 50, 2*time.Hour
		statement, args := postgres.UserSearch(c.query, time.Now())
		plan := planOf(t, url, statement, args)
		if c.index != "" && (!strings.Contains(plan, "Backward using "+c.index) || strings.Contains(plan, "Sort Key: l.")) {
			t.Errorf("%s:\n%s", name, plan)
		}
		// Each user takes an index and a row, and so does each lock.
		if pages, most := explain(t, conn, statement, args), 20+6*c.shown; pages > most {
			t.Errorf("%s: reads %d pages for %d users", name, pages, c.shown)
		}
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
	for _, role := range []string{"", "user"} {
		if got := findUsers(t, s, admin.UserQuery{Status: admin.LockedStatus, Role: role, LongestLock: time.Hour}); got != "user-2" {
			t.Errorf("%q of role %q are locked", got, role)
		}
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
