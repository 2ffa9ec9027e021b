// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

func TestASessionIsPrunedWhenTheDayOnWhichItExpiresIsOver(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	login(t, s, 1, start) // expires after an hour
	if err := s.Prune(t.Context(), start.Add(2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "refresh_tokens"); n != 0 {
		t.Errorf("%d expired tokens are left", n)
	}
	if n := count(t, url, "sessions"); n != 1 {
		t.Error("the session went on the day on which it expired")
	}
	if err := s.Prune(t.Context(), start.Add(day)); err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "sessions"); n != 0 {
		t.Error("the session is left on the day after")
	}
}

// rotateFor uses a token; the next one is good for a lifetime.
func rotateFor(t *testing.T, s *postgres.Store, token byte, now time.Time, lifetime time.Duration) {
	t.Helper()
	r := rotation(token, token+1, now)
	r.ExpiresAt = now.Add(lifetime)
	if _, rotated, err := s.Rotate(t.Context(), r); err != nil || !rotated {
		t.Fatalf("rotated %t, %v", rotated, err)
	}
}

func TestASessionThatWasUsedOutlivesItsDay(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	login(t, s, 1, start)
	now := start
	for used := byte(1); used < 4; used++ { // each successor is good for a day
		rotateFor(t, s, used, now, day)
		now = now.Add(day - time.Minute)
		if err := s.Prune(t.Context(), now); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, url, "sessions WHERE prune_after = (expires_at AT TIME ZONE 'UTC')::date"); n != 1 {
		t.Error("the session is gone, or its day was not put off")
	}
	if n := count(t, url, "refresh_tokens"); n != 1 {
		t.Errorf("%d tokens are left, not the one that is alive", n)
	}
}

// A setting that lets tokens live shorter must not leave sessions lying for as long as
// the one before let them.
func TestASessionThatExpiresSoonerIsPrunedSooner(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	login(t, s, 1, start)
	for i, lifetime := range []time.Duration{30 * day, time.Hour} {
		rotateFor(t, s, byte(1+i), start, lifetime)
		if err := s.Prune(t.Context(), start.Add(day)); err != nil { // which puts the day off at first
			t.Fatal(err)
		}
	}
	if n := count(t, url, "sessions"); n != 0 {
		t.Error("the session is left")
	}
}

// A pod of the release before knows nothing of the day.
func TestSessionsOfTheReleaseBeforeArePruned(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	login(t, s, 1, start)
	execute(t, url, `
		INSERT INTO sessions (id, user_id, created_at, last_used_at, expires_at)
		SELECT gen_random_uuid(), id, '2026-01-01', '2026-01-01', expires_at
		FROM users, unnest(ARRAY['2026-01-02 03:00Z', '2026-02-01 03:00Z']::timestamptz[]) AS expires_at`)
	if err := s.Prune(t.Context(), start); err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "sessions WHERE expires_at <= '2026-01-02 03:04:05Z'"); n != 0 {
		t.Error("an expired one is left")
	}
	if n := count(t, url, "sessions WHERE prune_after = '2026-02-01'"); n != 1 {
		t.Error("one that is alive is gone, or has no day")
	}
}

// A used token goes when its reuse is noticed without it. One that a pod of the release
// before has used, or begun the session of, is the only one that tells of it.
func TestUsedTokensAreForgotten(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	id := login(t, s, 1, start)
	rotateFor(t, s, 1, start, 7*day)                  // used long ago
	rotateFor(t, s, 2, start.Add(time.Hour), 7*day)   // used a little later
	rotateFor(t, s, 3, start.Add(4*time.Hour), 7*day) // used just now
	execute(t, url, `UPDATE refresh_tokens SET expires_at = '2026-01-09' WHERE hash = '\x01' || decode(repeat('00', 31), 'hex')`)
	if n := count(t, url, "refresh_tokens WHERE traceable"); n != 3 {
		t.Fatalf("%d tokens are traceable", n)
	}
	execute(t, url, `UPDATE refresh_tokens SET traceable = NULL WHERE hash = '\x02' || decode(repeat('00', 31), 'hex')`)
	now := start.Add(4*time.Hour + time.Minute)
	if err := s.Prune(t.Context(), now); err != nil {
		t.Fatal(err)
	}
	family := session.TokenFamily{SessionID: id}
	for token, forgotten := range map[byte]bool{1: true, 2: false, 3: false, 4: false} {
		if spent, known, err := s.UsedRefreshToken(t.Context(), auth.TokenHash{token}, family); err != nil || !known || spent.Forgotten != forgotten || spent.Subject.SessionID != id {
			t.Errorf("token %d: %+v, %t, %v", token, spent, known, err)
		}
	}
	for name, other := range map[string]session.TokenFamily{"no family": {}, "another family": {SessionID: id, Number: 1}, "another session": {SessionID: uuid.NewString()}} {
		if spent, known, err := s.UsedRefreshToken(t.Context(), auth.TokenHash{1}, other); err != nil || known {
			t.Errorf("%s: %+v, %t, %v", name, spent, known, err)
		}
	}
	// All are looked at a few times a day, not in every round.
	if err := s.Prune(t.Context(), now.Add(3*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "refresh_tokens"); n != 3 {
		t.Errorf("%d tokens are left soon after", n)
	}
	if err := s.Prune(t.Context(), now.Add(6*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "refresh_tokens"); n != 2 {
		t.Errorf("%d tokens are left in the end", n)
	}
}

// However many there are of one minute, it goes on with the next.
func TestUsedTokensOfOneMinuteAreForgotten(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	expired(t, url, "1")
	execute(t, url, `
		INSERT INTO refresh_tokens (hash, session_id, expires_at, rotated_at, successor_sealed, traceable)
		SELECT sha256(i::text::bytea), gen_random_uuid(), '2026-02-01'::timestamptz + i / 3000 * interval '1 minute',
			CASE WHEN i % 2 = 0 THEN '2026-01-01'::timestamptz END, CASE WHEN i % 2 = 0 THEN '\x00'::bytea END, CASE WHEN i % 2 = 0 THEN true END
		FROM generate_series(1, 10000) AS i`)
	if err := s.Prune(t.Context(), start); err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "refresh_tokens"); n != 5000 {
		t.Errorf("%d tokens are left of 5000 that are good", n)
	}
}

func TestATableThatCannotBePrunedKeepsNoOtherFromItsTurn(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	login(t, s, 1, start)
	reserve(t, s, start, counter("old"))
	execute(t, url, `ALTER TABLE refresh_tokens RENAME COLUMN expires_at TO gone; ALTER TABLE quotas RENAME TO no_quotas`)
	err := s.Prune(t.Context(), start.Add(2*day))
	if err == nil || !strings.Contains(err.Error(), "prune refresh_tokens") || !strings.Contains(err.Error(), "prune quotas") {
		t.Errorf("error is %v", err)
	}
	for _, table := range []string{"sessions", "attempts"} {
		if n := count(t, url, table); n != 0 {
			t.Errorf("%d rows are left in %s", n, table)
		}
	}
}

// expired adds rows to those tables of which a realm has many.
func expired(t *testing.T, url string, rows string) {
	t.Helper()
	execute(t, url, `
		INSERT INTO users (id, email, created_at) VALUES ('00000000-0000-0000-0000-000000000001', 'bob@example.com', '2025-12-01') ON CONFLICT DO NOTHING;
		INSERT INTO sessions (id, user_id, created_at, last_used_at, expires_at, prune_after)
		SELECT gen_random_uuid(), '00000000-0000-0000-0000-000000000001', '2025-12-01', '2025-12-01', at, at::date
		FROM (SELECT '2025-12-01'::timestamptz + i * interval '1 minute' AS at FROM generate_series(1, `+rows+`) AS i) AS times;
		INSERT INTO refresh_tokens (hash, session_id, expires_at)
		SELECT sha256(id::text::bytea), id, expires_at FROM sessions ON CONFLICT DO NOTHING`)
}

func TestPodsPruneAtOnce(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	expired(t, url, "3000")
	var pods sync.WaitGroup
	for range 4 {
		pods.Go(func() {
			if err := s.Prune(t.Context(), start); err != nil {
				t.Error(err)
			}
		})
	}
	pods.Wait()
	if err := s.Prune(t.Context(), start); err != nil { // what each has left to another
		t.Fatal(err)
	}
	for _, table := range []string{"sessions", "refresh_tokens"} {
		if n := count(t, url, table); n != 0 {
			t.Errorf("%d rows are left in %s", n, table)
		}
	}
}

// Statistics are of another time: of when nothing had expired, or everything.
func TestPruningFollowsAnIndexWhateverTheStatisticsSay(t *testing.T) {
	t.Parallel()
	_, url := newStoreAt(t)
	wholeReads := func(when string) {
		t.Helper()
		for _, p := range postgres.Prunings(start) {
			if p.Table != "refresh_tokens" && p.Table != "sessions" {
				continue
			}
			if plan := planOf(t, url, p.Statement, p.Args); strings.Contains(plan, "Seq Scan") || strings.Contains(plan, "Sort") {
				t.Errorf("%s, %s is read as a whole:\n%s", when, p.Table, plan)
			}
		}
	}
	expired(t, url, "20000")
	execute(t, url, "ANALYZE")
	wholeReads("with statistics of when everything had expired")
	execute(t, url, "UPDATE sessions SET prune_after = '2027-01-01'; UPDATE refresh_tokens SET expires_at = '2027-01-01'; ANALYZE")
	expired(t, url, "20000")
	wholeReads("with statistics of when nothing had expired")
}

// Whoever refreshes meanwhile would wait for the disk too. What others commit on the same
// connection afterwards is waited for.
func TestPruningDoesNotWaitForTheDisk(t *testing.T) {
	t.Parallel()
	_, url := newStoreAt(t)
	expired(t, url, "10")
	conn := connect(t, url)
	waits := func(tx interface {
		QueryRow(context.Context, string, ...any) pgx.Row
	}) (setting string) {
		t.Helper()
		if err := tx.QueryRow(t.Context(), "SHOW synchronous_commit").Scan(&setting); err != nil {
			t.Fatal(err)
		}
		return setting
	}
	for _, p := range []postgres.Statement{postgres.Pruning("refresh_tokens", start), postgres.Pruning("sessions", start)} {
		tx, err := conn.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if tag, err := tx.Exec(t.Context(), p.Statement, p.Args); err != nil || tag.RowsAffected() != 1 {
			t.Fatalf("%s: %s, %v", p.Table, tag, err)
		}
		if setting := waits(tx); setting != "off" {
			t.Errorf("synchronous_commit is %s while %s are pruned", setting, p.Table)
		}
		if err := tx.Commit(t.Context()); err != nil {
			t.Fatal(err)
		}
		if setting := waits(conn); setting != "on" {
			t.Errorf("synchronous_commit stays %s", setting)
		}
		if n := count(t, url, p.Table); n != 0 {
			t.Errorf("%d %s are left", n, p.Table)
		}
	}
}

func TestAnIndexHasTheOrderInWhichEachTableIsPruned(t *testing.T) {
	t.Parallel()
	_, url := newStoreAt(t)
	conn := connect(t, url)
	if _, err := conn.Exec(t.Context(), "SET enable_seqscan = off; SET enable_bitmapscan = off"); err != nil {
		t.Fatal(err)
	}
	for _, p := range postgres.Prunings(start) {
		if plan := planOn(t, conn, p.Statement, p.Args); strings.Contains(plan, "Sort") || !strings.Contains(plan, "Index Scan using "+p.Table) {
			t.Errorf("%s:\n%s", p.Table, plan)
		}
	}
}

func planOf(t *testing.T, url, statement string, args pgx.NamedArgs) string {
	t.Helper()
	return planOn(t, connect(t, url), statement, args)
}

func planOn(t *testing.T, conn *pgx.Conn, statement string, args pgx.NamedArgs) string {
	t.Helper()
	rows, err := conn.Query(t.Context(), "EXPLAIN (COSTS OFF) "+statement, args)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(lines, "\n")
}
