// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// The token's lock lets one of any number of callers through; the others then
// find no token. Whoever ended the session that asked for an address, other than
// by a logout, did not trust it: its token is worth nothing. That session is
// looked at after its user is locked, as those do who end sessions.
const proveEmail = `
WITH proof AS (
    SELECT user_id, email, session_id FROM tickets
    WHERE hash = @token AND kind = @kind AND expires_at > @now
    FOR UPDATE
), owner AS MATERIALIZED (
    SELECT u.id, proof.session_id FROM users u JOIN proof ON u.id = proof.user_id
    WHERE proof.session_id IS NOT NULL
    FOR NO KEY UPDATE OF u
), asked AS MATERIALIZED (
    SELECT s.id FROM sessions s JOIN owner ON s.id = owner.session_id
    WHERE s.ended_at IS NULL OR s.ended_reason = 'logout'
    FOR SHARE OF s
), cause AS (
    UPDATE users u SET email = proof.email, email_verified_at = @now
    FROM proof
    WHERE u.id = proof.user_id AND u.disabled_at IS NULL AND (@kind = 'change_email' OR u.email = proof.email)
      AND (proof.session_id IS NULL OR EXISTS (SELECT FROM asked))
    RETURNING u.id
), redeemed AS (
    DELETE FROM tickets t USING cause
    WHERE t.user_id = cause.id AND (t.hash = @token OR @kind = 'change_email')
), moved AS (
    DELETE FROM recoveries r USING cause WHERE r.user_id = cause.id AND @kind = 'change_email' RETURNING r.mail
), unannounced AS (
    DELETE FROM outbox o USING moved WHERE o.id = moved.mail
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// ProveEmail implements account.Store.
func (s *Store) ProveEmail(ctx context.Context, kind auth.OneTimeTokenKind, token auth.TokenHash, also auth.Effects, now time.Time) (bool, error) {
	proved, err := s.change(ctx, "prove address", proveEmail, pgx.NamedArgs{
		"token": token[:], "kind": string(kind), "now": now,
	}, now, also)
	switch {
	case isTaken(err):
		return false, &auth.Error{Code: auth.EmailTaken}
	case state(err) == checkViolation:
		return false, nil // a link from before the rule that its address is against
	default:
		return proved, err
	}
}

const updateProfile = `
WITH cause AS (
    UPDATE users SET name = coalesce(@name, name), locale = coalesce(@locale, locale)
    WHERE id = @user
    RETURNING *
)` + withEffects + `
SELECT ` + userColumns + ` FROM cause u`

// UpdateProfile implements account.Store.
func (s *Store) UpdateProfile(ctx context.Context, userID string, c account.ProfileChange, also auth.Effects, now time.Time) (auth.User, bool, error) {
	args, err := effects(also, now, pgx.NamedArgs{"user": userID, "name": c.Name, "locale": c.Locale})
	if err != nil {
		return auth.User{}, false, err
	}
	ctx, end := s.bounded(ctx, "update profile")
	defer end()
	return scanUser(s.pool.QueryRow(ctx, updateProfile, args))
}
