// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

// The condition is that of the index users_former_address.
const formerAddresses = `
SELECT u.id::text, u.email FROM users u
WHERE (NOT is_mail_address(u.email) OR u.email LIKE '%xn--%') AND u.id > @after
ORDER BY u.id LIMIT @limit`

// FormerAddresses implements account.FormerAddresses.
func (s *Store) FormerAddresses(ctx context.Context, after string, limit int) ([]account.FormerAddress, error) {
	ctx, end := s.bounded(ctx, "read former addresses")
	defer end()
	rows, err := s.pool.Query(ctx, formerAddresses, pgx.NamedArgs{"after": after, "limit": limit})
	if err != nil {
		return nil, classify("read former addresses", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (account.FormerAddress, error) {
		a := account.FormerAddress{}
		return a, row.Scan(&a.UserID, &a.Email)
	})
	return list, classify("read former addresses", err)
}

// What is counted for an account has a key that is made of its address.
const rewriteAddress = `
WITH cause AS (
    UPDATE users SET email = @to
    WHERE id = @user AND email = @from AND NOT EXISTS (SELECT FROM users WHERE email = @to)
    RETURNING id
), links AS (
    UPDATE tickets t SET email = @to FROM cause WHERE t.user_id = cause.id AND t.email = @from
), guesses AS (
    UPDATE attempts SET key = account_key(@to)
    WHERE key = account_key(@from) AND EXISTS (SELECT FROM cause)
      AND NOT EXISTS (SELECT FROM attempts WHERE key = account_key(@to))
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// RewriteAddress implements account.FormerAddresses.
func (s *Store) RewriteAddress(ctx context.Context, a account.FormerAddress, to mailaddress.Address, also auth.Effects, now time.Time) (bool, error) {
	done, err := s.change(ctx, "rewrite address", rewriteAddress, pgx.NamedArgs{
		"user": a.UserID, "from": a.Email, "to": string(to),
	}, now, also)
	if isTaken(err) {
		return false, nil
	}
	return done, err
}

// Of several who report at once, each waits for the one before it, and then sees its
// event: the trail is kept by time, so that no index keeps an id from coming twice. The
// two go in one message, which is one transaction.
const reportAddress = `
SELECT FROM users WHERE id = @user::uuid AND email = @email FOR NO KEY UPDATE;
INSERT INTO audit_events (id, at, action, outcome, target_id, account_key)
SELECT @event::uuid, @at::timestamptz, @action, @outcome, id, @account::bytea FROM users
WHERE id = @user::uuid AND email = @email
  AND NOT EXISTS (SELECT FROM audit_events WHERE target_id = @user::uuid AND id = @event::uuid)`

// ReportAddress implements account.FormerAddresses.
func (s *Store) ReportAddress(ctx context.Context, a account.FormerAddress, e auth.Event) (bool, error) {
	ctx, end := s.bounded(ctx, "report address")
	defer end()
	tag, err := s.pool.Exec(ctx, reportAddress, pgx.QueryExecModeSimpleProtocol, pgx.NamedArgs{
		"event": e.ID, "at": e.At, "action": string(e.Action), "outcome": e.Outcome, "account": e.Account[:],
		"user": a.UserID, "email": a.Email,
	})
	return tag.RowsAffected() == 1, classify("report address", err)
}
