// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// Everything hangs on the code or the passkey, the token and the user, in this order: a code
// that another caller has used up leaves the token to be tried with the next
// one. What a caller has used when a later one of them is no good any more is
// lost: rather a code without a session than a session without a code.
const (
	startSession    = `WITH ` + signInUser + openSession
	startDescendant = `WITH ` + parentLocked + signInUser + parentLives + openSession
)

const signInUser = useCode + `, presented AS (
    UPDATE passkeys SET sign_count = greatest(sign_count, @sign_count), backed_up = @backed_up, last_used_at = @now
    WHERE id = @passkey AND user_id = @user
    RETURNING id
), shown AS (
    SELECT FROM used UNION ALL SELECT FROM presented
), redeemed AS (
    DELETE FROM tickets WHERE hash = @token AND user_id = @user AND expires_at > @now
      AND (NOT @needs_code OR EXISTS (SELECT FROM shown))
    RETURNING hash
), cause AS (
    UPDATE users SET last_login_at = @now, password_hash = @new_hash
    WHERE id = @user AND password_hash IS NOT DISTINCT FROM @checked_hash AND disabled_at IS NULL
      AND (@token::bytea IS NULL OR EXISTS (SELECT FROM redeemed))
      AND (NOT @needs_code OR EXISTS (SELECT FROM shown))`

// expiryDay is the day on which a session expires at @expires.
const expiryDay = `(@expires::timestamptz AT TIME ZONE 'UTC')::date`

const openSession = `
    RETURNING id
), session AS (
    INSERT INTO sessions (id, user_id, created_at, auth_time, amr, last_used_at, expires_at, prune_after, user_agent, address, family)
    SELECT @session, id, @now, nullif(@auth_time::timestamptz, @now), @amr, @now, @expires, ` + expiryDay + `, @user_agent, @address, @family FROM cause
    RETURNING id
), token AS (
    INSERT INTO refresh_tokens (hash, session_id, expires_at)
    SELECT @refresh, id, @expires FROM session
), held AS (
    SELECT key FROM attempts WHERE key IN (@clears, @releases, @guesses) AND EXISTS (SELECT FROM cause) ORDER BY key FOR UPDATE
), cleared AS (
    DELETE FROM attempts WHERE key IN (SELECT key FROM held WHERE key IN (@clears, @guesses))
    RETURNING locked_until
), released AS (
    UPDATE attempts SET pending = greatest(pending - 1, 0) WHERE key IN (SELECT key FROM held WHERE key = @releases)
)` + withEffects + `
SELECT EXISTS (SELECT FROM cause), EXISTS (SELECT FROM cleared WHERE locked_until IS NOT NULL)`

// A session that descends from another one locks it, and so sees whether it has
// ended by the time that its own begins. The user comes first, as for those who
// end sessions: two that want both would else wait for each other. One of
// them then waits for the user, and either finds the parent ended here or, by the
// new login, tries to end all sessions again (see quiet).
const parentLocked = `parent_user AS MATERIALIZED (
    SELECT id FROM users WHERE id = @user FOR NO KEY UPDATE
), parent AS MATERIALIZED (
    SELECT s.id FROM sessions s JOIN parent_user u ON u.id = s.user_id
    WHERE s.id = @parent AND s.ended_at IS NULL AND s.expires_at > @now AND s.created_at >= @since
    FOR SHARE OF s
), `

const parentLives = ` AND EXISTS (SELECT FROM parent)`

// StartSession implements signin.Store.
func (s *Store) StartSession(ctx context.Context, n signin.NewSession, also auth.Effects) (signin.SessionStart, error) {
	ctx, end := s.bounded(ctx, "start session")
	defer end()
	var token []byte
	if n.Redeems != nil {
		token = n.Redeems[:]
	}
	code := n.Code
	if code == nil {
		code = &mfa.MatchedCode{UserID: n.User.ID}
	}
	shown := n.Passkey
	if shown == nil {
		shown = &passkey.Presented{}
	}
	args, err := effects(also, n.Now, codeArgs(*code, n.Now, pgx.NamedArgs{
		"needs_code": n.Code != nil || n.Passkey != nil,
		"passkey":    orNull(shown.ID), "sign_count": int64(shown.SignCount), "backed_up": shown.BackedUp,
		"checked_hash": orNull(n.User.PasswordHash), "new_hash": orNull(n.NewHash), "token": token,
		"session": n.SessionID, "refresh": n.Refresh[:], "family": n.Family, "clears": n.Clears[:], "releases": n.Releases[:],
		"user_agent": shortAgent(n.Client.UserAgent), "address": n.Client.Address,
		"auth_time": n.AuthTime, "amr": orNull(strings.Join(n.AMR, " ")), "expires": n.ExpiresAt,
		"parent": orNull(n.Parent), "since": n.Since,
	}))
	if err != nil {
		return signin.SessionStart{}, err
	}
	statement := startSession
	if n.Parent != "" {
		statement = startDescendant
	}
	start := signin.SessionStart{}
	err = s.pool.QueryRow(ctx, statement, args).Scan(&start.Started, &start.WasLocked)
	return start, classify("start session", err)
}

const addressesOf = `
SELECT address FROM sessions WHERE user_id = $1 AND user_agent IN ($2, $3)
ORDER BY last_used_at DESC LIMIT 100`

// AddressesOf implements attempts.Store. A release before has stored whole user agents.
func (s *Store) AddressesOf(ctx context.Context, userID, userAgent string) ([]string, error) {
	ctx, end := s.bounded(ctx, "read addresses of sessions")
	defer end()
	rows, _ := s.pool.Query(ctx, addressesOf, userID, userAgent, shortAgent(userAgent))
	addresses, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return addresses, classify("read addresses of sessions", err)
}

// The first reason a session ended for is kept.
const endSession = `
WITH ended AS (
    UPDATE sessions SET ended_at = @now, ended_reason = @reason
    WHERE id = @session AND ended_at IS NULL
    RETURNING id
), cause AS (SELECT FROM ended)` + withRevoked + withEffects + `
SELECT EXISTS (SELECT FROM cause)`

// EndSession implements session.Store.
func (s *Store) EndSession(ctx context.Context, sessionID string, reason session.EndReason, now time.Time, also auth.Effects) (bool, error) {
	if !auth.IsID(sessionID) {
		return false, nil // nobody's session
	}
	return s.change(ctx, "end session", endSession, pgx.NamedArgs{"session": sessionID, "reason": reason, "now": now}, now, also)
}
