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
SELECT id::text, email FROM users
WHERE (NOT is_mail_address(email) OR email LIKE '%xn--%') AND id > @after
ORDER BY id LIMIT @limit`

// FormerAddresses implements account.FormerAddresses.
func (s *Store) FormerAddresses(ctx context.Context, after string, limit int) ([]account.FormerAddress, error) {
	ctx, end := bounded(ctx, "read former addresses")
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
    UPDATE attempts SET key = sha256(convert_to(@to, 'UTF8'))
    WHERE key = sha256(convert_to(@from, 'UTF8')) AND EXISTS (SELECT FROM cause)
      AND NOT EXISTS (SELECT FROM attempts WHERE key = sha256(convert_to(@to, 'UTF8')))
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

const reportAddress = `
INSERT INTO audit_events (id, at, action, outcome, target_id, account_key)
SELECT @event, @at, @action, @outcome, id, @account FROM users WHERE id = @user AND email = @email
ON CONFLICT (id) DO NOTHING`

// ReportAddress implements account.FormerAddresses.
func (s *Store) ReportAddress(ctx context.Context, a account.FormerAddress, e auth.Event) (bool, error) {
	ctx, end := bounded(ctx, "report address")
	defer end()
	tag, err := s.pool.Exec(ctx, reportAddress, pgx.NamedArgs{
		"event": e.ID, "at": e.At, "action": string(e.Action), "outcome": e.Outcome, "account": e.Account[:],
		"user": a.UserID, "email": a.Email,
	})
	return tag.RowsAffected() == 1, classify("report address", err)
}
