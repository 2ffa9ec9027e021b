// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// subjectColumns are what a token says of a user u in a session s. A session without an
// auth_time is a sign-in, or older than that column.
const subjectColumns = `u.id::text, u.email, u.email_verified_at IS NOT NULL, u.role, s.id::text,
	coalesce(s.auth_time, s.created_at), coalesce(s.amr, '')`

// ofFamily reports whether a session s goes on by tokens of a family.
const ofFamily = `(s.continued_by IS NULL OR s.continued_by = @family)`

// subjectFields is where subjectColumns go.
func subjectFields(s *auth.Subject) []any {
	return []any{&s.UserID, &s.Email, &s.EmailVerified, &s.Role, &s.SessionID, &s.AuthTime, &s.AMR}
}

// Of any number of callers with one token, the row lock lets one through; the
// others then see rotated_at and change nothing. Touching the session again
// asks for ended_at, so that a logout that commits in between wins. A session
// that began while its user was being disabled is caught by disabled_at.
//
// A used token is traceable when its session can be found without it, by what all tokens of
// its family have in common.
//
// No index has anything to be told of the used token and of its session: a later day
// to prune it is left to pruning, and an earlier one comes only of another setting.
const rotate = `
WITH used AS (
    UPDATE refresh_tokens t SET rotated_at = @now, successor_sealed = @sealed, traceable = nullif(s.family = @family, false)
    FROM sessions s JOIN users u ON u.id = s.user_id
    WHERE t.hash = @used AND t.rotated_at IS NULL AND t.expires_at > @now
      AND s.id = t.session_id AND s.ended_at IS NULL AND s.created_at >= @since AND ` + ofFamily + ` AND u.disabled_at IS NULL
    RETURNING t.session_id
), touched AS (
    UPDATE sessions s SET last_used_at = @now, expires_at = @expires, prune_after = least(s.prune_after, ` + expiryDay + `)
    FROM used WHERE s.id = used.session_id AND s.ended_at IS NULL
    RETURNING s.id, s.user_id, s.auth_time, s.amr, s.created_at
), successor AS (
    INSERT INTO refresh_tokens (hash, session_id, expires_at)
    SELECT @successor, id, @expires FROM touched
)
SELECT ` + subjectColumns + `
FROM touched s JOIN users u ON u.id = s.user_id`

// Rotate implements session.Store.
func (s *Store) Rotate(ctx context.Context, r session.Rotation) (auth.Subject, bool, error) {
	ctx, end := s.bounded(ctx, "rotate refresh token")
	defer end()
	subject := auth.Subject{}
	err := s.pool.QueryRow(ctx, rotate, pgx.NamedArgs{
		"used": r.Used[:], "successor": r.Successor[:], "family": r.Family, "sealed": r.Sealed, "since": r.Since, "now": r.Now, "expires": r.ExpiresAt,
	}).Scan(subjectFields(&subject)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return auth.Subject{}, false, nil
	}
	return subject, err == nil, classify("rotate refresh token", err)
}

const used = `
WITH token AS MATERIALIZED (
    SELECT session_id, rotated_at, successor_sealed, false AS forgotten FROM refresh_tokens WHERE hash = @token
), known AS (
    SELECT * FROM token
    UNION ALL
    SELECT id, NULL, NULL, true FROM sessions WHERE id = @session AND family = @family AND NOT EXISTS (SELECT FROM token)
)
SELECT ` + subjectColumns + `, t.forgotten, s.ended_at IS NOT NULL OR NOT ` + ofFamily + ` OR u.disabled_at IS NOT NULL, t.rotated_at, t.successor_sealed, s.created_at, s.expires_at
FROM known t JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id`

// UsedRefreshToken implements session.Store.
func (s *Store) UsedRefreshToken(ctx context.Context, token auth.TokenHash, of session.TokenFamily) (session.UsedRefreshToken, bool, error) {
	ctx, end := s.bounded(ctx, "read spent refresh token")
	defer end()
	t := session.UsedRefreshToken{}
	err := s.pool.QueryRow(ctx, used, pgx.NamedArgs{"token": token[:], "session": orNull(of.SessionID), "family": of.Number}).Scan(append(subjectFields(&t.Subject),
		&t.Forgotten, &t.Ended, &t.RotatedAt, &t.Sealed, &t.SessionBeganAt, &t.SessionExpiresAt)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return session.UsedRefreshToken{}, false, nil
	}
	return t, err == nil, classify("read spent refresh token", err)
}
