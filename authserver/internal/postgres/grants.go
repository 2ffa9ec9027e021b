// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// grantColumns are of a grant g that hangs on a session s, or has begun in it with a session
// of its own, which then lasts as long as the grant.
const grantColumns = `g.id::text, g.session_id::text, g.sid::text, g.client_id, g.scope, g.audience, coalesce(g.nonce, ''), g.claims::text,
	coalesce(g.auth_time, s.auth_time, s.created_at), coalesce(CASE WHEN g.auth_time IS NULL THEN s.amr ELSE g.amr END, ''), g.created_at, g.expires_at,
	CASE WHEN g.session_id = s.id THEN s.expires_at ELSE g.expires_at END, coalesce(g.dpop_jkt, '')`

// grantRow is what a Grant has in another form.
type grantRow struct {
	scope, audience, amr string
	claims               *string
}

// fields is where grantColumns go.
func (r *grantRow) fields(g *grant.Grant) []any {
	return []any{
		&g.ID, &g.SessionID, &g.SID, &g.ClientID, &r.scope, &r.audience, &g.Nonce, &r.claims, &g.AuthTime, &r.amr, &g.CreatedAt, &g.ExpiresAt,
		&g.SessionExpiresAt, &g.Key,
	}
}

func (r *grantRow) complete(g *grant.Grant) {
	g.Scopes, g.Audience, g.AMR = strings.Fields(r.scope), strings.Fields(r.audience), strings.Fields(r.amr)
	if r.claims != nil {
		g.Claims = []byte(*r.claims)
	}
}

// grantLives holds for a grant g whose user u may still be spoken for in the session s.
const grantLives = `g.ended_at IS NULL AND s.ended_at IS NULL AND s.expires_at > @now AND s.created_at >= @since AND u.disabled_at IS NULL`

// Touching the session asks for ended_at once more, so that a logout that commits in
// between wins. A browser's session is used by what its grants are used for; one of a
// grant's own lives as long as the grant.
const rotateGrantToken = `
WITH used AS (
    UPDATE grant_tokens t SET rotated_at = @now, successor_sealed = @sealed
    FROM grants g JOIN sessions s ON s.id = g.session_id JOIN users u ON u.id = s.user_id
    WHERE t.hash = @used AND t.rotated_at IS NULL AND t.expires_at > @now
      AND g.id = t.grant_id AND g.client_id = @client AND g.created_at >= @client_since
      AND (g.dpop_jkt IS NULL OR g.dpop_jkt = @key) AND ` + grantLives + `
    RETURNING t.grant_id, g.session_id
), lived AS (
    UPDATE sessions s SET last_used_at = @now, expires_at = greatest(s.expires_at, CASE WHEN s.client_id IS NULL THEN @session_expires::timestamptz ELSE @expires END)
    FROM used WHERE s.id = used.session_id AND s.ended_at IS NULL
    RETURNING s.*
), touched AS (
    UPDATE grants g SET last_used_at = @now, expires_at = @expires, prune_after = least(g.prune_after, ` + expiryDay + `)
    FROM used JOIN lived ON lived.id = used.session_id WHERE g.id = used.grant_id AND g.ended_at IS NULL
    RETURNING g.*
), successor AS (
    INSERT INTO grant_tokens (hash, grant_id, expires_at) SELECT @successor, id, @expires FROM touched
)
SELECT ` + grantColumns + `, ` + userColumns + `
FROM touched g JOIN lived s ON s.id = g.session_id JOIN users u ON u.id = s.user_id`

// RotateGrantToken implements grant.Store.
func (s *Store) RotateGrantToken(ctx context.Context, r grant.Rotation) (grant.Held, bool, error) {
	return s.held(ctx, "rotate token of grant", rotateGrantToken, pgx.NamedArgs{
		"used": r.Used[:], "successor": r.Successor[:], "sealed": r.Sealed, "client": r.ClientID, "client_since": r.Terms.Since, "key": orNull(r.Key),
		"since": r.SessionsSince, "now": r.Now, "expires": r.ExpiresAt, "session_expires": r.SessionExpiresAt,
	})
}

const usedGrantToken = `
SELECT ` + grantColumns + `, ` + userColumns + `,
    g.ended_at IS NOT NULL OR s.ended_at IS NOT NULL OR s.expires_at <= @now OR u.disabled_at IS NOT NULL, t.rotated_at, t.successor_sealed, s.created_at
FROM grant_tokens t JOIN grants g ON g.id = t.grant_id JOIN sessions s ON s.id = g.session_id JOIN users u ON u.id = s.user_id
WHERE t.hash = @hash`

// UsedGrantToken implements grant.Store.
func (s *Store) UsedGrantToken(ctx context.Context, token auth.TokenHash, now time.Time) (grant.UsedToken, bool, error) {
	ctx, end := s.bounded(ctx, "read token of grant")
	defer end()
	t, row := grant.UsedToken{}, grantRow{}
	fields := append(row.fields(&t.Grant), userFields(&t.User)...)
	err := s.pool.QueryRow(ctx, usedGrantToken, pgx.NamedArgs{"hash": token[:], "now": now}).
		Scan(append(fields, &t.Ended, &t.RotatedAt, &t.Sealed, &t.SessionBeganAt)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return grant.UsedToken{}, false, nil
	}
	row.complete(&t.Grant)
	return t, err == nil, classify("read token of grant", err)
}

const liveGrant = `
SELECT ` + grantColumns + `, ` + userColumns + `
FROM grants g JOIN sessions s ON s.id = g.session_id JOIN users u ON u.id = s.user_id
WHERE g.id = @grant AND ` + grantLives

// LiveGrant implements grant.Store.
func (s *Store) LiveGrant(ctx context.Context, id string, now, sessionsSince time.Time) (grant.Held, bool, error) {
	if !auth.IsID(id) {
		return grant.Held{}, false, nil // nobody's
	}
	return s.held(ctx, "read grant", liveGrant, pgx.NamedArgs{"grant": id, "now": now, "since": sessionsSince})
}

// endsGrant are the WITH queries that end the grant of a condition on it, with the
// session that is its own, and tell of it: stopped has it, if it was alive. A client that
// has given its grant back need not be told that its session has ended.
func endsGrant(condition string) string {
	return stopsGrants(condition) + `, cause AS (
    SELECT s.user_id FROM stopped JOIN sessions s ON s.id = stopped.session_id
)` + withRevoked + withEvent
}

// stopsGrants are those that end every grant of a condition, with the sessions that are
// their own: stopped has those that were alive, and ended their ids.
func stopsGrants(condition string) string {
	return `stopped AS (
    UPDATE grants SET ended_at = @now, ended_reason = @reason WHERE ` + condition + ` AND ended_at IS NULL
    RETURNING *
), own AS (
    UPDATE sessions s SET ended_at = @now, ended_reason = @reason
    FROM stopped WHERE s.id = stopped.session_id AND s.client_id IS NOT NULL AND s.ended_at IS NULL
), knowing AS (
    DELETE FROM session_clients c USING stopped WHERE c.session_id = stopped.id AND @reason = '` + string(session.EndedByRevocation) + `'
), ended AS (SELECT id FROM stopped)`
}

// EndGrant implements grant.Store.
func (s *Store) EndGrant(ctx context.Context, id string, reason session.EndReason, now time.Time, told auth.Event) (bool, error) {
	if !auth.IsID(id) {
		return false, nil // nobody's
	}
	ctx, end := s.bounded(ctx, "end grant")
	defer end()
	ended := false
	err := s.pool.QueryRow(ctx, `WITH `+endsGrant(`id = @grant`)+` SELECT EXISTS (SELECT FROM stopped)`,
		eventArgs(told, told.ActorID != "", pgx.NamedArgs{"grant": id, "reason": reason, "now": now})).Scan(&ended)
	return ended, classify("end grant", err)
}
