// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// mostSessions is how many sessions a list shows.
const mostSessions = 100

// SessionsOf implements auth.SessionList.
func (s *Store) SessionsOf(ctx context.Context, userID string, now time.Time) ([]auth.Session, error) {
	ctx, end := bounded(ctx, "list sessions")
	defer end()
	rows, err := s.pool.Query(ctx, `
		SELECT id::text, user_agent, address, created_at, last_used_at, expires_at
		FROM sessions WHERE user_id = $1 AND ended_at IS NULL AND expires_at > $2
		ORDER BY last_used_at DESC, id LIMIT $3`, userID, now, mostSessions)
	if err != nil {
		return nil, classify("list sessions", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (auth.Session, error) {
		one := auth.Session{}
		err := row.Scan(&one.ID, &one.Client.UserAgent, &one.Client.Address, &one.CreatedAt, &one.LastUsedAt, &one.ExpiresAt)
		return one, err
	})
	return list, classify("list sessions", err)
}

const endSessions = `
WITH cause AS (
    UPDATE sessions SET ended_at = @now, ended_reason = @reason
    WHERE user_id = @user AND ended_at IS NULL AND expires_at > @now
      AND (@only::uuid IS NULL OR id = @only) AND (@except::uuid IS NULL OR id <> @except)
    RETURNING id
)` + withEffects + `
SELECT coalesce(array_agg(id::text), '{}') FROM cause`

// EndSessions implements auth.SessionList.
func (s *Store) EndSessions(ctx context.Context, e auth.SessionsEnd, also auth.Effects) ([]string, error) {
	args, err := effects(also, e.Now, pgx.NamedArgs{
		"user": e.UserID, "only": orNull(e.Only), "except": orNull(e.Except), "reason": e.Reason, "now": e.Now,
	})
	if err != nil {
		return nil, err
	}
	ctx, end := bounded(ctx, "end sessions")
	defer end()
	ended := []string{}
	err = s.pool.QueryRow(ctx, endSessions, args).Scan(&ended)
	return ended, classify("end sessions", err)
}
