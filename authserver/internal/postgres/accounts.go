// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const addUser = `
WITH cause AS (
    INSERT INTO users (id, email, password_hash, role, name, locale, email_verified_at, created_at)
    VALUES (@user, @email, @password_hash, @role, @name, @locale, @verified, @now)
    ON CONFLICT (email) DO NOTHING
    RETURNING id
), ticket AS (
    INSERT INTO tickets (hash, kind, user_id, email, created_at, expires_at)
    SELECT @ticket, @kind, id, @email, @now, @expires FROM cause WHERE @ticket::bytea IS NOT NULL
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// AddUser implements auth.Accounts.
func (s *Store) AddUser(ctx context.Context, u auth.User, mailed *auth.Ticket, also auth.Effects) (bool, error) {
	args := pgx.NamedArgs{
		"user": u.ID, "email": u.Email, "password_hash": orNull(u.PasswordHash), "role": u.Role,
		"name": u.Name, "locale": u.Locale, "verified": u.EmailVerifiedAt, "now": u.CreatedAt,
		"ticket": []byte(nil), "kind": "", "expires": u.CreatedAt,
	}
	if mailed != nil {
		args["ticket"], args["kind"], args["expires"] = mailed.Hash[:], mailed.Kind, mailed.ExpiresAt
	}
	return s.decide(ctx, "add user", addUser, also, u.CreatedAt, args)
}

// The ticket's lock lets one of any number of callers through; the others then
// find no ticket.
const proveEmail = `
WITH proof AS (
    SELECT user_id, email FROM tickets
    WHERE hash = @ticket AND kind = @kind AND expires_at > @now
    FOR UPDATE
), cause AS (
    UPDATE users u SET email = proof.email, email_verified_at = @now
    FROM proof
    WHERE u.id = proof.user_id AND u.disabled_at IS NULL AND (@kind = 'change_email' OR u.email = proof.email)
    RETURNING u.id
), redeemed AS (
    DELETE FROM tickets t USING cause
    WHERE t.user_id = cause.id AND (t.hash = @ticket OR @kind = 'change_email')
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// ProveEmail implements auth.Accounts.
func (s *Store) ProveEmail(ctx context.Context, kind auth.TicketKind, ticket auth.TokenHash, also auth.Effects, now time.Time) (bool, error) {
	proved, err := s.decide(ctx, "prove address", proveEmail, also, now, pgx.NamedArgs{
		"ticket": ticket[:], "kind": string(kind), "now": now,
	})
	const unique = "23505"
	var refused *pgconn.PgError
	if errors.As(err, &refused) && refused.Code == unique {
		return false, &auth.Error{Code: auth.EmailTaken}
	}
	return proved, err
}

const updateProfile = `
WITH cause AS (
    UPDATE users SET name = coalesce(@name, name), locale = coalesce(@locale, locale)
    WHERE id = @user
    RETURNING *
)` + withEffects + `
SELECT ` + userColumns + ` FROM cause u`

// UpdateProfile implements auth.Accounts.
func (s *Store) UpdateProfile(ctx context.Context, userID string, c auth.ProfileChange, also auth.Effects, now time.Time) (auth.User, bool, error) {
	args, err := effects(also, now, pgx.NamedArgs{"user": userID, "name": c.Name, "locale": c.Locale})
	if err != nil {
		return auth.User{}, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	return scanUser(s.pool.QueryRow(ctx, updateProfile, args))
}

// Whoever would make an admin one less locks all of them first, in one order, so
// that two at once cannot each count on the other. Tokens and tickets are locked
// before the user they go with: that is the order of those who redeem them.
const deleteUser = `
WITH admins AS (
    SELECT id FROM users
    WHERE role = 'admin' AND disabled_at IS NULL
      AND EXISTS (SELECT FROM users WHERE id = @user AND role = 'admin')
    ORDER BY id FOR UPDATE
), tokens AS (
    SELECT t.hash FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id
    WHERE s.user_id = @user ORDER BY t.hash FOR UPDATE OF t
), promises AS (
    SELECT hash FROM tickets WHERE user_id = @user ORDER BY hash FOR UPDATE
), cause AS (
    DELETE FROM users
    WHERE id = @user AND (SELECT count(*) FROM tokens) >= 0 AND (SELECT count(*) FROM promises) >= 0
      AND (NOT EXISTS (SELECT FROM admins WHERE id = @user) OR (SELECT count(*) FROM admins) > 1)
    RETURNING id
), cleared AS (
    DELETE FROM login_attempts WHERE account_key = @account AND EXISTS (SELECT FROM cause)
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause),
    EXISTS (SELECT FROM admins WHERE id = @user) AND NOT EXISTS (SELECT FROM cause),
    (SELECT coalesce(array_agg(id::text), '{}') FROM sessions WHERE user_id = @user AND ended_at IS NULL)`

// DeleteUser implements auth.Accounts.
func (s *Store) DeleteUser(ctx context.Context, userID string, account auth.AccountKey, also auth.Effects, now time.Time) (auth.Deletion, error) {
	args, err := effects(also, now, pgx.NamedArgs{"user": userID, "account": account[:]})
	if err != nil {
		return auth.Deletion{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
	defer cancel()
	d := auth.Deletion{}
	err = s.pool.QueryRow(ctx, deleteUser, args).Scan(&d.Deleted, &d.LastAdmin, &d.Ended)
	return d, classify("delete user", err)
}
