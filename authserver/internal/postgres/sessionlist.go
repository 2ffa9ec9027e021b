// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// mostSessions is how many sessions a list shows.
const mostSessions = 100

// SessionsOf implements session.Store.
func (s *Store) SessionsOf(ctx context.Context, userID string, now time.Time) ([]session.Session, error) {
	ctx, end := s.bounded(ctx, "list sessions")
	defer end()
	rows, err := s.pool.Query(ctx, `
		SELECT id::text, coalesce(client_id, ''), user_agent, address, created_at, last_used_at, expires_at
		FROM sessions s WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2
		ORDER BY last_used_at DESC, s.id LIMIT $3`, userID, now, mostSessions)
	if err != nil {
		return nil, classify("list sessions", err)
	}
	whole := wholeAgents()
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (session.Session, error) {
		one := session.Session{}
		err := row.Scan(&one.ID, &one.ClientID, &one.Client.UserAgent, &one.Client.Address, &one.CreatedAt, &one.LastUsedAt, &one.ExpiresAt)
		one.Client.UserAgent = whole(one.Client.UserAgent)
		return one, err
	})
	return list, classify("list sessions", err)
}

// quiet is the user, unless they log in meanwhile. A login holds its user's row
// until its session is there. Whoever waits here for one does not see that
// session; hence the comparison with the last login that is seen, which then
// finds nothing, and the caller tries again.
const quiet = signIns + `, seen AS MATERIALIZED (
    SELECT id, last_login_at FROM users WHERE id = @user AND ` + signInsLocked + `
), quiet AS (
    SELECT u.* FROM users u JOIN seen ON seen.id = u.id
    WHERE u.last_login_at IS NOT DISTINCT FROM seen.last_login_at
    FOR NO KEY UPDATE OF u
)`

// signIns are the user's that are on their way: each waits for a second factor, or
// for an application to fetch it. They are locked before the user, as a login does
// that redeems one; hence signInsLocked, a condition that always holds, on whatever
// locks the user.
const signIns = `sign_ins AS MATERIALIZED (
    SELECT hash, session_id FROM tickets
    WHERE user_id = @user AND kind IN ('challenge', 'oauth_code')
    ORDER BY hash FOR UPDATE
)`

const signInsLocked = `(SELECT count(*) FROM sign_ins) >= 0`

const endSessions = `
WITH ` + quiet + `, ended AS (
    UPDATE sessions SET ended_at = @now, ended_reason = @reason
    WHERE user_id IN (SELECT id FROM quiet) AND ended_at IS NULL AND expires_at > @now
      AND (@only::uuid IS NULL OR id = @only) AND (@except::uuid IS NULL OR id <> @except)
    RETURNING id
), cause AS (SELECT FROM ended), overtaken AS (
    DELETE FROM tickets WHERE @only::uuid IS NULL AND EXISTS (SELECT FROM quiet)
      AND hash IN (SELECT hash FROM sign_ins WHERE @except::uuid IS NULL OR session_id IS DISTINCT FROM @except)
)` + withRevoked + withEffects + `
SELECT ARRAY(SELECT id::text FROM ended), EXISTS (SELECT FROM quiet) OR NOT EXISTS (SELECT FROM seen)`

// EndSessions implements session.Store.
func (s *Store) EndSessions(ctx context.Context, e session.SessionsEnd, also auth.Effects) ([]string, bool, error) {
	args, err := effects(also, e.Now, pgx.NamedArgs{
		"user": e.UserID, "only": orNull(e.Only), "except": orNull(e.Except), "reason": e.Reason, "now": e.Now,
	})
	if err != nil {
		return nil, false, err
	}
	ctx, end := s.bounded(ctx, "end sessions")
	defer end()
	ended, done := []string{}, false
	err = s.pool.QueryRow(ctx, endSessions, args).Scan(&ended, &done)
	return ended, done, classify("end sessions", err)
}

// An index has the sessions that have not ended by the minute in which they began, so that
// nothing to end is found at once.
func endSessionsBefore() string {
	minute := minuteOf("created_at")
	return `
WITH due AS MATERIALIZED (
    SELECT ctid AS place, ` + minute + ` AS at FROM sessions
    WHERE ` + minute + ` >= @from::timestamptz AT TIME ZONE 'UTC' AND ` + minute + ` <= ` + minuteOf("@since::timestamptz") + `
      AND created_at < @since AND ended_at IS NULL AND expires_at > @now
    ORDER BY ` + minute + ` LIMIT @batch FOR UPDATE SKIP LOCKED
), ended AS (
    UPDATE sessions SET ended_at = @now, ended_reason = @reason WHERE ctid = ANY (ARRAY(SELECT place FROM due))
    RETURNING id
)` + withRevoked + `
SELECT count(*), max(at) AT TIME ZONE 'UTC' FROM due`
}

// EndSessionsBefore implements session.Store, batch by batch like Prune, but until it
// is done.
func (s *Store) EndSessionsBefore(ctx context.Context, since time.Time, reason session.EndReason, now time.Time) error {
	_, err := s.inBatches(ctx, "end sessions before a time", endSessionsBefore(), beginning, briskly(),
		pgx.NamedArgs{"since": since, "reason": reason, "now": now})
	return err
}

// An index has the sessions of clients' own that have not ended, usually none.
const endSessionsOfClients = `
WITH gone AS (
    SELECT * FROM unnest(@clients::text[], @before::timestamptz[]) AS gone (client_id, before)
), due AS MATERIALIZED (
    SELECT s.id FROM gone CROSS JOIN LATERAL (
        SELECT id FROM sessions WHERE client_id = gone.client_id AND created_at < gone.before AND ended_at IS NULL
        ORDER BY created_at LIMIT @batch FOR UPDATE SKIP LOCKED
    ) AS s LIMIT @batch
), ended AS (
    UPDATE sessions SET ended_at = @now, ended_reason = @reason WHERE id = ANY (ARRAY(SELECT id FROM due))
    RETURNING id
)` + withRevoked + `
SELECT count(*), NULL::timestamptz FROM due`

// EndSessionsOfClients implements session.Store, batch by batch as EndSessionsBefore.
func (s *Store) EndSessionsOfClients(ctx context.Context, e session.ClientsEnd) error {
	_, err := s.inBatches(ctx, "end sessions of clients", endSessionsOfClients, beginning, briskly(),
		pgx.NamedArgs{"clients": e.ClientIDs, "before": e.Before, "reason": e.Reason, "now": e.Now})
	return err
}
