// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// A counter starts again once its lock or, without a lock, its last attempt is
// a lockout's duration old. The row's lock makes announcements queue up, so
// that of any number at once at most the limit are let through.
const reserveAttempt = `
INSERT INTO login_attempts AS a (account_key, failures, last_attempt_at)
VALUES (@account, 1, @now)
ON CONFLICT (account_key) DO UPDATE SET
    failures = CASE WHEN a.locked_until <= @now OR a.last_attempt_at <= @stale THEN 1 ELSE a.failures + 1 END,
    last_attempt_at = @now,
    locked_until = NULL
WHERE coalesce(a.locked_until <= @now, a.failures < @limit OR a.last_attempt_at <= @stale)
RETURNING failures`

// ReserveAttempt implements auth.Store.
func (s *Store) ReserveAttempt(ctx context.Context, account auth.AccountKey, limit auth.AttemptLimit, now time.Time) (auth.Reservation, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	failures := 0
	err := s.pool.QueryRow(ctx, reserveAttempt, pgx.NamedArgs{
		"account": account[:], "now": now, "limit": limit.Failures, "stale": now.Add(-limit.Duration),
	}).Scan(&failures)
	switch {
	case err == nil:
		return auth.Reservation{}, nil
	case !errors.Is(err, pgx.ErrNoRows):
		return auth.Reservation{}, classify("reserve login attempt", err)
	}
	until, err := s.lockedUntil(ctx, account)
	return auth.Reservation{Refused: true, LockedUntil: until}, err
}

func (s *Store) lockedUntil(ctx context.Context, account auth.AccountKey) (time.Time, error) {
	until := (*time.Time)(nil)
	err := s.pool.QueryRow(ctx, `SELECT locked_until FROM login_attempts WHERE account_key = $1`, account[:]).Scan(&until)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, classify("read lockout", err)
	}
	if until == nil {
		return time.Time{}, nil
	}
	return *until, nil
}

// ReleaseAttempt implements auth.Store.
func (s *Store) ReleaseAttempt(ctx context.Context, account auth.AccountKey) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	_, err := s.pool.Exec(ctx,
		`UPDATE login_attempts SET failures = greatest(failures - 1, 0) WHERE account_key = $1`, account[:])
	return classify("release login attempt", err)
}

const failAttempt = `
UPDATE login_attempts SET locked_until = @until
WHERE account_key = @account AND failures >= @limit AND locked_until IS NULL
RETURNING locked_until`

// FailAttempt implements auth.Store.
func (s *Store) FailAttempt(ctx context.Context, account auth.AccountKey, limit auth.AttemptLimit, now time.Time) (time.Time, error) {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	until := time.Time{}
	err := s.pool.QueryRow(ctx, failAttempt, pgx.NamedArgs{
		"account": account[:], "limit": limit.Failures, "until": now.Add(limit.Duration),
	}).Scan(&until)
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, nil
	}
	return until, classify("conclude login attempt", err)
}
