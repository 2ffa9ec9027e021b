// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// The user is locked before their sessions, as by those who end them. The token of the
// session that has begun goes over to the earlier one, of which no token of another family
// is worth anything from then on.
const continueSession = `
WITH begun AS MATERIALIZED (
    SELECT s.* FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id
    WHERE t.hash = @begun AND t.rotated_at IS NULL AND s.ended_at IS NULL AND s.family IS NOT NULL
), owner AS MATERIALIZED (
    SELECT u.* FROM users u JOIN begun ON begun.user_id = u.id WHERE u.disabled_at IS NULL FOR NO KEY UPDATE OF u
), earlier AS (
    SELECT s.id FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id JOIN owner ON owner.id = s.user_id JOIN begun ON begun.id <> s.id
    WHERE t.hash = @earlier AND (t.rotated_at IS NULL OR t.rotated_at > @used_since)
      AND s.ended_at IS NULL AND s.expires_at > @now AND s.created_at >= @since AND ` + ofFamily + `
), continued AS (
    UPDATE sessions s SET auth_time = coalesce(begun.auth_time, begun.created_at), amr = begun.amr, continued_by = begun.family,
        last_used_at = @now, expires_at = begun.expires_at, prune_after = least(s.prune_after, begun.prune_after), user_agent = begun.user_agent, address = begun.address
    FROM earlier, begun WHERE s.id = earlier.id AND s.ended_at IS NULL
    RETURNING s.*, begun.id AS begun_id
), moved AS (
    UPDATE refresh_tokens t SET session_id = continued.id FROM continued WHERE t.hash = @begun
), gone AS (
    DELETE FROM sessions WHERE id IN (SELECT begun_id FROM continued)
)
SELECT ` + subjectColumns + ` FROM continued s JOIN owner u ON u.id = s.user_id`

// ContinueSession implements session.Store.
func (s *Store) ContinueSession(ctx context.Context, c session.Continuation) (auth.Subject, bool, error) {
	ctx, end := s.bounded(ctx, "continue session")
	defer end()
	subject := auth.Subject{}
	err := s.pool.QueryRow(ctx, continueSession, pgx.NamedArgs{
		"begun": c.Begun[:], "earlier": c.Earlier[:], "family": c.EarlierFamily, "used_since": c.UsedSince, "since": c.Since, "now": c.Now,
	}).Scan(subjectFields(&subject)...)
	if errors.Is(err, pgx.ErrNoRows) {
		return auth.Subject{}, false, nil
	}
	return subject, err == nil, classify("continue session", err)
}
