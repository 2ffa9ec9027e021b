// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/attempts"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// A count starts again when it has expired: a duration after its first attempt,
// or when its lock ends. The row's lock makes announcements queue up, so that of
// any number at once at most the limit are let through. What is still pending
// long after the last announcement was that of a server, or of a database, that
// went away. What the limit was before it was lowered holds nobody any longer: a
// lock ends by the present one, which began when the last attempt was announced.
// Every statement here takes its rows in the order of their keys, or
// two of them could wait for each other.
const reserveAttempts = `
INSERT INTO attempts AS a (key, pending, failures, allowed, reserved_at, expires_at)
SELECT key, 1, 0, allowed, @now, expires_at
FROM unnest(@keys::bytea[], @allowed::integer[], @expire::timestamptz[]) AS c (key, allowed, expires_at)
ORDER BY key
ON CONFLICT (key) DO UPDATE SET
    pending = CASE WHEN ` + endOfCount + ` <= @now OR a.reserved_at <= @abandoned THEN 1 ELSE a.pending + 1 END,
    failures = CASE WHEN ` + endOfCount + ` <= @now THEN 0 ELSE a.failures END,
    expires_at = CASE WHEN ` + endOfCount + ` <= @now THEN excluded.expires_at ELSE least(a.expires_at, excluded.expires_at) END,
    allowed = excluded.allowed,
    reserved_at = @now,
    locked_until = NULL
WHERE ` + endOfCount + ` <= @now OR a.locked_until IS NULL
    AND a.failures + CASE WHEN a.reserved_at <= @abandoned THEN 0 ELSE a.pending END < excluded.allowed
RETURNING key`

// endOfCount is when a count, or the lock that it has become, is over.
const endOfCount = `least(a.expires_at, CASE WHEN a.locked_until IS NOT NULL THEN a.reserved_at + (excluded.expires_at - @now) END)`

// ReserveAttempts implements attempts.Store. A refusal takes a second statement.
func (s *Store) ReserveAttempts(ctx context.Context, counters []auth.Counter, now time.Time) (attempts.Reservation, error) {
	ctx, end := s.bounded(ctx, "reserve attempt")
	defer end()
	rows, _ := s.pool.Query(ctx, reserveAttempts, counted(counters, now))
	taken, err := pgx.CollectRows(rows, pgx.RowTo[[]byte])
	if err != nil || len(taken) == len(counters) {
		return attempts.Reservation{}, classify("reserve attempt", err)
	}
	return s.refused(ctx, counters, taken)
}

const takeBack = `
WITH returned AS (
    SELECT key FROM attempts WHERE key = ANY(@taken) ORDER BY key FOR UPDATE
), released AS (
    UPDATE attempts SET pending = greatest(pending - 1, 0) WHERE key IN (SELECT key FROM returned)
)
SELECT (SELECT ` + endOfLock + ` FROM attempts WHERE key = @refusing AND locked_until IS NOT NULL)`

// endOfLock is when the lock of a row that has one is over, where none lasts longer
// than @longest.
const endOfLock = `least(locked_until, reserved_at + @longest::interval)`

// refused takes back what was reserved, and finds out what the first of the
// other counters is waiting for.
func (s *Store) refused(ctx context.Context, counters []auth.Counter, taken [][]byte) (attempts.Reservation, error) {
	r := attempts.Reservation{Refused: true}
	r.By = slices.IndexFunc(counters, func(c auth.Counter) bool {
		return !slices.ContainsFunc(taken, func(key []byte) bool { return auth.CounterKey(key) == c.Key })
	})
	var until *time.Time
	err := s.pool.QueryRow(ctx, takeBack, pgx.NamedArgs{
		"taken": taken, "refusing": counters[r.By].Key[:], "longest": counters[r.By].Limit.Duration,
	}).Scan(&until)
	if until != nil {
		r.LockedUntil = *until
	}
	return r, classify("read lockout", err)
}

const releaseAttempts = `
UPDATE attempts SET pending = greatest(pending - 1, 0)
WHERE key IN (SELECT key FROM attempts WHERE key = ANY(@keys) ORDER BY key FOR UPDATE)`

// ReleaseAttempts implements attempts.Store.
func (s *Store) ReleaseAttempts(ctx context.Context, counters []auth.Counter) error {
	return s.exec(ctx, "release attempt", releaseAttempts, counted(counters, time.Time{}))
}

const failAttempts = `
WITH held AS (
    SELECT key, locked_until FROM attempts WHERE key = ANY(@keys) ORDER BY key FOR UPDATE
), failed AS (
    UPDATE attempts a SET
        pending = greatest(a.pending - 1, 0),
        failures = a.failures + 1,
        locked_until = CASE WHEN a.failures + 1 >= c.allowed THEN coalesce(a.locked_until, c.until) END,
        expires_at = CASE WHEN a.failures + 1 >= c.allowed THEN coalesce(a.locked_until, c.until) ELSE a.expires_at END
    FROM held JOIN unnest(@keys::bytea[], @allowed::integer[], @expire::timestamptz[]) AS c (key, allowed, until) USING (key)
    WHERE a.key = held.key
    RETURNING a.key, greatest(c.allowed - a.failures, 0) AS allowance,
        CASE WHEN held.locked_until IS NULL THEN a.locked_until END AS locked_until
), cause AS (
    SELECT FROM failed WHERE key = @first AND locked_until IS NOT NULL
)` + withEffects + `
SELECT c.key, coalesce(failed.allowance, c.allowed - 1), failed.locked_until
FROM unnest(@keys::bytea[], @allowed::integer[]) WITH ORDINALITY AS c (key, allowed, n) LEFT JOIN failed USING (key)
ORDER BY n`

// FailAttempts implements attempts.Store. A counter that was cleared meanwhile has
// nothing to lock.
func (s *Store) FailAttempts(ctx context.Context, counters []auth.Counter, now time.Time, also auth.Effects) ([]attempts.Tally, error) {
	args := counted(counters, now)
	args["first"] = counters[0].Key[:]
	args, err := effects(also, now, args)
	if err != nil {
		return nil, err
	}
	ctx, end := s.bounded(ctx, "conclude attempt")
	defer end()
	rows, _ := s.pool.Query(ctx, failAttempts, args)
	tallies, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (attempts.Tally, error) {
		var t attempts.Tally
		var key []byte
		var until *time.Time
		err := row.Scan(&key, &t.Left, &until)
		if until != nil {
			t.LockedUntil = *until
		}
		return t, err
	})
	return tallies, classify("conclude attempt", err)
}

const clearAttempts = `
WITH cause AS (SELECT), cleared AS (
    DELETE FROM attempts
    WHERE key IN (SELECT key FROM attempts WHERE key = ANY(@keys) ORDER BY key FOR UPDATE)
)` + withEffects + ` SELECT`

// ClearAttempts implements attempts.Store.
func (s *Store) ClearAttempts(ctx context.Context, keys []auth.CounterKey, now time.Time, also auth.Effects) error {
	list := [][]byte{}
	for _, key := range keys {
		list = append(list, key[:])
	}
	args, err := effects(also, now, pgx.NamedArgs{"keys": list})
	if err != nil {
		return err
	}
	return s.exec(ctx, "clear attempts", clearAttempts, args)
}

// undecided is how long an attempt may be pending at most; it takes a few seconds.
const undecided = time.Minute

// counted is the arguments that describe counters; expire is when what begins
// now would end.
func counted(counters []auth.Counter, now time.Time) pgx.NamedArgs {
	keys, allowed, expire := [][]byte{}, []int{}, []time.Time{}
	for _, c := range counters {
		keys = append(keys, c.Key[:])
		allowed = append(allowed, c.Limit.Failures)
		expire = append(expire, now.Add(c.Limit.Duration))
	}
	return pgx.NamedArgs{"keys": keys, "allowed": allowed, "expire": expire, "now": now, "abandoned": now.Add(-undecided)}
}
