// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

func TestABatchIsSmallerAfterASlowOne(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		size int
		took time.Duration
		next int
	}{
		{100, time.Millisecond, 200},
		{800, time.Millisecond, 1000},
		{1000, time.Millisecond, 1000},
		{1000, time.Second, 500},
		{15, time.Second, 10},
	} {
		if next := postgres.NextBatch(c.size, c.took); next != c.next {
			t.Errorf("after %d rows in %s come %d, want %d", c.size, c.took, next, c.next)
		}
	}
}

func TestPruningLeavesTheDiskToOthers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		rows       int
		took, rest time.Duration
		next       int
	}{
		{25, time.Millisecond, 50 * time.Millisecond, 25}, // 500 rows a second
		{10, time.Millisecond, 20 * time.Millisecond, 20},
		{25, 100 * time.Millisecond, 900 * time.Millisecond, 12},
		{12, 100 * time.Millisecond, 900 * time.Millisecond, 10},
	} {
		if rest, next := postgres.PruningAfter(c.rows, c.took); rest != c.rest || next != c.next {
			t.Errorf("after %d rows in %s it rests for %s and takes %d, want %s and %d", c.rows, c.took, rest, next, c.rest, c.next)
		}
	}
}

func TestBatchesEndWhenTheirTimeIsOver(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	expired(t, url, "1000")
	tokens := postgres.Pruning("refresh_tokens", start)
	reached, err := s.InBatches(t.Context(), tokens.Statement, time.Nanosecond, tokens.Args)
	if err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "refresh_tokens"); n != 900 {
		t.Errorf("%d tokens are left of 1000, not those after the first batch of 100", n)
	}
	if n := count(t, url, "refresh_tokens WHERE expires_at < (SELECT min(expires_at) FROM sessions) + interval '100 minutes'"); n != 0 {
		t.Errorf("%d of the oldest are left", n)
	}
	execute(t, url, "UPDATE refresh_tokens SET expires_at = '2025-11-30' WHERE hash = (SELECT hash FROM refresh_tokens LIMIT 1)")
	tokens.Args["from"] = reached
	if reached, err = s.InBatches(t.Context(), tokens.Statement, 0, tokens.Args); err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "refresh_tokens"); n != 1 {
		t.Errorf("%d tokens are left, not the one before the time that was reached", n)
	}
	tokens.Args["from"] = reached
	if _, err = s.InBatches(t.Context(), tokens.Statement, 0, tokens.Args); err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "refresh_tokens"); n != 0 {
		t.Errorf("%d tokens are left although all were done before", n)
	}
}

// Every pod asks every ten minutes for as long as the setting stands, which may be for
// ever.
func TestWhereNoSessionIsToEndNoneIsLookedAt(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	expired(t, url, "5000")
	execute(t, url, "UPDATE sessions SET expires_at = '2027-01-01'; ANALYZE sessions")
	if err := s.EndSessionsBefore(t.Context(), start, session.EndedBySettings, start); err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "sessions WHERE ended_at IS NULL"); n != 0 {
		t.Fatalf("%d sessions have not ended", n)
	}
	execute(t, url, "VACUUM ANALYZE sessions")
	statement := postgres.EndSessionsBefore(start, start)
	plan := planOf(t, url, statement.Statement, statement.Args)
	if !strings.Contains(plan, "Index Scan using sessions_minute") || strings.Contains(plan, "Sort") {
		t.Errorf("the plan is\n%s", plan)
	}

	execute(t, url, `UPDATE sessions SET ended_at = NULL, ended_reason = NULL
		WHERE id IN (SELECT id FROM sessions LIMIT 1)`) // as a backup would bring one back
	if err := s.EndSessionsBefore(t.Context(), start, session.EndedBySettings, start); err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "sessions WHERE ended_at IS NULL"); n != 0 {
		t.Error("a session that came back has not ended")
	}
}

// Every pod asks every second.
func TestRevocationsAreReadInTheOrderOfTheirIndex(t *testing.T) {
	t.Parallel()
	_, url := newStoreAt(t)
	execute(t, url, "INSERT INTO revocations (about, revoked_at) SELECT gen_random_uuid(), now() - i * interval '1 second' FROM generate_series(1, 20000) AS i; ANALYZE revocations")
	plan := planOf(t, url, postgres.RevokedWithin, pgx.NamedArgs{
		"within": time.Minute, "after": time.Time{}, "after_about": "00000000-0000-0000-0000-000000000000", "limit": 10_000,
	})
	if !strings.Contains(plan, "using revocations_revoked_at") || strings.Contains(plan, "Sort") {
		t.Errorf("the plan is\n%s", plan)
	}
}
