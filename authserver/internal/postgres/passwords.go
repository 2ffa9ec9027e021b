// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// A login that commits while this statement waits for the user's row opens a
// session that its snapshot does not have and that it could not end. Hence the
// condition on the last login: then nothing happens at all, the token stays
// good, and the caller tries again.
//
// Whoever had the account before its address was first proved may not have been
// its owner, and must not keep a way in.
const setPassword = `
WITH ` + locked + `, cause AS (
    UPDATE users u SET password_hash = @new_hash, password_changed_at = @now,
        email_verified_at = CASE WHEN good.tickets > 0 THEN coalesce(email_verified_at, @now) ELSE email_verified_at END,
        name = CASE WHEN @reclaims THEN '' ELSE name END, locale = CASE WHEN @reclaims THEN '' ELSE locale END
    FROM good, seen
    WHERE u.id = seen.id AND email = @email AND disabled_at IS NULL
      AND last_login_at IS NOT DISTINCT FROM @last_login
      AND CASE WHEN @token::bytea IS NULL THEN password_hash IS NOT DISTINCT FROM @checked_hash
          ELSE good.tickets > 0 AND (email_verified_at IS NULL) = @reclaims AND u.xmin = seen.version END
    RETURNING u.id, @reclaims AS first_proof
)` + dropped + withEffects + reclaimed

// SetPassword implements account.Store.
func (s *Store) SetPassword(ctx context.Context, p account.NewPassword, also auth.Effects) (account.PasswordChange, error) {
	var token []byte
	if p.Redeems != nil {
		token = p.Redeems[:]
	}
	args, err := effects(also, p.Now, pgx.NamedArgs{
		"user": p.User.ID, "email": p.User.Email, "last_login": p.User.LastLoginAt, "reclaims": p.Reclaims(),
		"checked_hash": orNull(p.User.PasswordHash), "new_hash": p.Hash,
		"token": token, "kind": auth.ResetPasswordToken, "clears": counterKeys(p.Clears),
		"keep": orNull(p.KeepSession), "reason": session.EndedByPassword, "now": p.Now,
	})
	if err != nil {
		return account.PasswordChange{}, err
	}
	ctx, end := s.bounded(ctx, "set password")
	defer end()
	c := account.PasswordChange{}
	err = s.pool.QueryRow(ctx, setPassword, args).Scan(&c.Changed, &c.Ended)
	return c, classify("set password", err)
}
