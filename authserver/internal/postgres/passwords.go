// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// A login that commits while this statement waits for the user's row opens a
// session that its snapshot does not have and that it could not end. Hence the
// condition on the last login: then nothing happens at all, the ticket stays
// good, and the caller tries again. Tickets are locked before the user, as a
// login does that redeems one.
//
// Whoever had the account before its address was first proved may not have been
// its owner, and must not keep a way in.
const setPassword = `
WITH promises AS (
    SELECT hash, kind, email, expires_at FROM tickets WHERE user_id = @user ORDER BY hash FOR UPDATE
), good AS (
    SELECT count(*) AS tickets FROM promises
    WHERE hash = @ticket AND kind = 'reset' AND email = @email AND expires_at > @now
), cause AS (
    UPDATE users SET password_hash = @new_hash, password_changed_at = @now,
        email_verified_at = CASE WHEN good.tickets > 0 THEN coalesce(email_verified_at, @now) ELSE email_verified_at END
    FROM good
    WHERE id = @user AND email = @email AND disabled_at IS NULL
      AND last_login_at IS NOT DISTINCT FROM @last_login
      AND CASE WHEN @ticket::bytea IS NULL THEN password_hash IS NOT DISTINCT FROM @checked_hash ELSE good.tickets > 0 END
    RETURNING id, good.tickets > 0 AND email_verified_at = @now AS first_proof
), redeemed AS (
    DELETE FROM tickets t USING cause WHERE t.user_id = cause.id
), unlinked AS (
    DELETE FROM identities i USING cause WHERE i.user_id = cause.id AND cause.first_proof
), ended AS (
    UPDATE sessions s SET ended_at = @now, ended_reason = @reason
    FROM cause WHERE s.user_id = cause.id AND s.ended_at IS NULL AND (@keep::uuid IS NULL OR s.id <> @keep)
    RETURNING s.id
)` + withRevoked + `, cleared AS (
    DELETE FROM attempts
    WHERE key = @account AND @ticket::bytea IS NOT NULL AND EXISTS (SELECT FROM cause)
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause), (SELECT coalesce(array_agg(id::text), '{}') FROM ended)`

// SetPassword implements auth.Accounts.
func (s *Store) SetPassword(ctx context.Context, p auth.NewPassword, also auth.Effects) (auth.PasswordChange, error) {
	ticket := []byte(nil)
	if p.Redeems != nil {
		ticket = p.Redeems[:]
	}
	args, err := effects(also, p.Now, pgx.NamedArgs{
		"user": p.User.ID, "email": p.User.Email, "last_login": p.User.LastLoginAt, "account": p.Account[:],
		"checked_hash": orNull(p.User.PasswordHash), "new_hash": p.Hash, "ticket": ticket,
		"keep": orNull(p.KeepSession), "reason": auth.EndedByPassword, "now": p.Now,
	})
	if err != nil {
		return auth.PasswordChange{}, err
	}
	ctx, end := bounded(ctx, "set password")
	defer end()
	c := auth.PasswordChange{}
	err = s.pool.QueryRow(ctx, setPassword, args).Scan(&c.Changed, &c.Ended)
	return c, classify("set password", err)
}
