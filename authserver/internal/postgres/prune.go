// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// pruning is how the rows of one table go whose time is over. The statement looks at
// @batch rows at most, from the time @from on, in the order of an index: without an
// order, a planner whose statistics are out of date reads the whole table for them.
// It returns how many there were, and the time that it has reached. Rows are found again by
// their place, which takes no plan at all; SKIP LOCKED lets pods prune at once.
type pruning struct{ table, statement string }

// prunings are in the order in which they are done. Tokens of clients come before their
// grants, each of which then has none left to take along: those of one grant are in a
// page each, those of one hour together. A used code is kept for a while, since whoever
// shows it once more ends what it was exchanged for.
func prunings() []pruning {
	return []pruning{
		oldest("grant_tokens", "expires_at", "expires_at <= @now"),
		oldest("authorization_codes", "expires_at", "expires_at <= @hour_ago"),
		oldest("device_codes", "expires_at", "expires_at <= @hour_ago"),
		oldest("personal_access_tokens", "expires_at", "expires_at <= @now"),
		overdue("grants"),
		elapsed("refresh_tokens", "expires_at"),
		overdue("sessions"),
		oldest("attempts", "expires_at", "expires_at <= @now"),
		oldest("tickets", "expires_at", "expires_at <= @now"),
		oldest("recoveries", "expires_at", "expires_at <= @now"),
		oldest("text_codes", "sent_at", "sent_at <= @hour_ago"),
		oldest("second_factors", "created_at", "created_at <= @day_ago AND verified_at IS NULL"),
		oldest("quotas", "since", "since <= @forgotten"),
		oldest("mail_quotas", "since", "since <= @forgotten"),
		oldest("revocations", "revoked_at", "revoked_at <= now() - @memory::interval"),
		forgetConsents(),
		forgetClients(),
	}
}

// unawaited has a statement commit without waiting until that is on the disk: what a crash
// brings back has expired and goes again. Whoever commits meanwhile waits for all that was
// written before, and for none of these commits besides.
const unawaited = `(SELECT set_config('synchronous_commit', 'off', true)) = 'off'`

// oldest deletes the rows of which a condition on the time in a column holds.
func oldest(table, column, condition string) pruning {
	return pruning{table, `
WITH due AS MATERIALIZED (
    SELECT ctid AS place, ` + column + ` AS at FROM ` + table + `
    WHERE ` + column + ` >= @from AND ` + condition + `
    ORDER BY ` + column + ` LIMIT @batch FOR UPDATE SKIP LOCKED
), pruned AS (
    DELETE FROM ` + table + ` WHERE ctid = ANY (ARRAY(SELECT place FROM due))
)
SELECT count(*), max(at) FROM due WHERE ` + unawaited}
}

// minuteOf is the minute that a time in a column is in, as an index has it: all rows of one
// minute share an entry.
func minuteOf(column string) string { return `date_trunc('minute', ` + column + ` AT TIME ZONE 'UTC')` }

// elapsed deletes the rows that have expired, by the minute.
func elapsed(table, column string) pruning {
	minute := minuteOf(column)
	return pruning{table, `
WITH due AS MATERIALIZED (
    SELECT ctid AS place, ` + minute + ` AS at FROM ` + table + `
    WHERE ` + minute + ` >= @from::timestamptz AT TIME ZONE 'UTC' AND ` + minute + ` <= ` + minuteOf("@now::timestamptz") + ` AND ` + column + ` <= @now
    ORDER BY ` + minute + ` LIMIT @batch FOR UPDATE SKIP LOCKED
), pruned AS (
    DELETE FROM ` + table + ` WHERE ctid = ANY (ARRAY(SELECT place FROM due))
)
SELECT count(*), max(at) AT TIME ZONE 'UTC' FROM due WHERE ` + unawaited}
}

// overdue deletes the rows that expired before today, by the day in prune_after. That may
// be over though a session is alive, because it was used since. Then the day is put off
// here, once for many uses of the session, which have no index to keep (see the column).
func overdue(table string) pruning {
	return pruning{table, `
WITH due AS MATERIALIZED (
    SELECT ctid AS place, prune_after, expires_at FROM ` + table + `
    WHERE prune_after >= (@from::timestamptz AT TIME ZONE 'UTC')::date
      AND prune_after < (@now::timestamptz AT TIME ZONE 'UTC')::date
    ORDER BY prune_after LIMIT @batch FOR UPDATE SKIP LOCKED
), pruned AS (
    DELETE FROM ` + table + ` WHERE ctid = ANY (ARRAY(SELECT place FROM due WHERE expires_at <= @now))
), put_off AS (
    UPDATE ` + table + ` SET prune_after = (expires_at AT TIME ZONE 'UTC')::date
    WHERE ctid = ANY (ARRAY(SELECT place FROM due WHERE expires_at > @now))
)
SELECT count(*), max(prune_after)::timestamp AT TIME ZONE 'UTC' FROM due WHERE ` + unawaited}
}

// forgetUsed deletes used refresh tokens of which the reuse is noticed without them. They
// are anywhere among the others: it looks at a batch of all, which it returns the number
// of, and all of a minute at once, so that it goes on with the next.
func forgetUsed() pruning {
	minute := minuteOf("expires_at")
	return pruning{"used refresh_tokens", `
WITH seen AS MATERIALIZED (
    SELECT ctid AS place, ` + minute + ` AS at, traceable AND rotated_at <= @used_before AS done FROM refresh_tokens
    WHERE ` + minute + ` > @from::timestamptz AT TIME ZONE 'UTC'
    ORDER BY ` + minute + ` FETCH FIRST @batch ROWS WITH TIES
), pruned AS (
    DELETE FROM refresh_tokens WHERE ctid = ANY (ARRAY(SELECT place FROM seen WHERE done))
)
SELECT count(*), max(at) AT TIME ZONE 'UTC' FROM seen WHERE ` + unawaited}
}

// forgetEvery is how often each pod looks at all refresh tokens for used ones.
const forgetEvery = 6 * time.Hour

const (
	// pruneTime is how long a table has in one round; what is left then waits for the next.
	pruneTime = time.Minute
	// pruneRest is as long as a batch is not to have more than a tenth of the time.
	pruneRest = 9
	// prunedInASecond is how many rows the disk takes beside all other work: they lie
	// anywhere, and the first change of a page after a checkpoint logs the whole page.
	// prunedAtOnce is few, since whoever commits meanwhile waits until they are on the disk.
	prunedInASecond, prunedAtOnce = 500, 25
)

// unhurried is for what is not even waited for.
func unhurried() pace {
	return pace{atMost: pruneTime, rest: pruneRest, restOfRow: time.Second / prunedInASecond, rows: prunedAtOnce}
}

// searching is for rows that are seldom found among all others: most of what it looks at,
// it leaves as it is.
func searching() pace { return pace{atMost: pruneTime, rest: pruneRest, rows: mostBatch} }

// progress is how far the last round has come in each table where it did not come to the
// end. The next goes on from there: the index may have millions of entries before that
// lead to nothing any more, and reading them would take all of its time.
type progress struct {
	mu      sync.Mutex
	reached map[string]pgtype.Timestamptz
	// forgotAt is when the last look at all refresh tokens came to the end.
	forgotAt time.Time
}

func (p *progress) of(table string) pgtype.Timestamptz {
	p.mu.Lock()
	defer p.mu.Unlock()
	if reached, known := p.reached[table]; known {
		return reached
	}
	return beginning
}

func (p *progress) note(table string, reached pgtype.Timestamptz) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.reached == nil {
		p.reached = map[string]pgtype.Timestamptz{}
	}
	p.reached[table] = reached
}

// Prune deletes what has expired, table by table. A session goes on the day after it has
// expired; a used token of a session that lives on goes soon if its reuse is noticed
// without it, and else when it would have expired by itself. A table where that
// fails keeps no other from its turn.
func (s *Store) Prune(ctx context.Context, now time.Time) error {
	var failures []error
	for _, p := range prunings() {
		reached, err := s.inBatches(ctx, "prune "+p.table, p.statement, s.pruned.of(p.table), unhurried(), pruneArgs(now))
		s.pruned.note(p.table, reached)
		failures = append(failures, err)
	}
	return errors.Join(append(failures, s.forget(ctx, now))...)
}

// forget deletes used tokens a while after they were used, which are far more than those
// that are good.
func (s *Store) forget(ctx context.Context, now time.Time) error {
	p := forgetUsed()
	if !s.pruned.forgets(now) {
		return nil
	}
	reached, err := s.inBatches(ctx, "prune "+p.table, p.statement, s.pruned.of(p.table), searching(), pruneArgs(now))
	s.pruned.note(p.table, reached)
	if err == nil && reached == beginning {
		s.pruned.forgot(now)
	}
	return err
}

func (p *progress) forgets(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return now.Sub(p.forgotAt) >= forgetEvery
}

func (p *progress) forgot(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.forgotAt = now
}

func pruneArgs(now time.Time) pgx.NamedArgs {
	return pgx.NamedArgs{
		"now": now, "hour_ago": now.Add(-time.Hour), "day_ago": now.Add(-24 * time.Hour),
		"forgotten": now.Add(-auth.QuotaWindow), "memory": session.RevocationMemory, "used_before": now.Add(-session.UsedTokensKept),
	}
}

func (s *Store) exec(ctx context.Context, doing, statement string, args pgx.NamedArgs) error {
	ctx, end := s.bounded(ctx, doing)
	defer end()
	_, err := s.pool.Exec(ctx, statement, args)
	return classify(doing, err)
}
