// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/backchannel"
)

// Clients for whom something waits are found by one step into an index for each, however
// much waits: one that does not answer has thousands. The locks and SKIP LOCKED are as in
// claimMessages.
const claimLogouts = `
WITH RECURSIVE waiting AS (
    (SELECT client_id FROM logouts ORDER BY client_id LIMIT 1)
    UNION ALL
    SELECT (SELECT l.client_id FROM logouts l WHERE l.client_id > w.client_id ORDER BY l.client_id LIMIT 1)
    FROM waiting w WHERE w.client_id IS NOT NULL
), chosen AS MATERIALIZED (
    SELECT client_id, CASE WHEN client_id = ANY (@proven::text[]) THEN @each ELSE 1 END AS at_once FROM waiting
    WHERE client_id <> ALL (@spared::text[]) AND EXISTS (SELECT FROM logouts l WHERE l.client_id = waiting.client_id AND due_at <= @now)
    ORDER BY random() LIMIT @limit
), due AS MATERIALIZED (
    SELECT l.id FROM chosen CROSS JOIN LATERAL (
        SELECT id FROM logouts WHERE client_id = chosen.client_id AND due_at <= @now
        ORDER BY due_at LIMIT chosen.at_once FOR UPDATE SKIP LOCKED
    ) AS l LIMIT @limit
)
UPDATE logouts SET due_at = @until, attempts = attempts + 1
WHERE id = ANY (ARRAY(SELECT id FROM due))
RETURNING id, client_id, user_id::text, sid::text, granted_at, ended_at, attempts`

// ClaimLogouts implements backchannel.Store.
func (s *Store) ClaimLogouts(ctx context.Context, c backchannel.Claim) ([]backchannel.Logout, error) {
	ctx, end := s.bounded(ctx, "claim logouts")
	defer end()
	rows, err := s.pool.Query(ctx, claimLogouts, pgx.NamedArgs{
		"limit": c.Limit, "each": c.Each, "now": c.Now, "until": c.Until,
		"spared": append([]string{}, c.Spared...), "proven": append([]string{}, c.Proven...), // no NULL
	})
	if err != nil {
		return nil, classify("claim logouts", err)
	}
	claimed, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (backchannel.Logout, error) {
		l := backchannel.Logout{}
		err := row.Scan(&l.ID, &l.ClientID, &l.UserID, &l.SID, &l.GrantedAt, &l.EndedAt, &l.Attempt)
		return l, err
	})
	return claimed, classify("claim logouts", err)
}

// ForgetLogout implements backchannel.Store.
func (s *Store) ForgetLogout(ctx context.Context, id int64) error {
	return s.exec(ctx, "forget logout", `DELETE FROM logouts WHERE id = @id`, pgx.NamedArgs{"id": id})
}

// PostponeLogout implements backchannel.Store.
func (s *Store) PostponeLogout(ctx context.Context, l backchannel.Logout, until time.Time) error {
	return s.exec(ctx, "postpone logout", `UPDATE logouts SET due_at = @until WHERE id = @id AND attempts = @attempt`,
		pgx.NamedArgs{"id": l.ID, "attempt": l.Attempt, "until": until})
}

// What waits longest for a client stands first in the index, or was tried before.
const forgetLogoutsOf = `
WITH old AS MATERIALIZED (
    SELECT id FROM logouts WHERE client_id = @client AND ended_at < @before
    ORDER BY due_at LIMIT @batch FOR UPDATE SKIP LOCKED
), gone AS (
    DELETE FROM logouts WHERE id = ANY (ARRAY(SELECT id FROM old))
)
SELECT count(*) FROM old`

// ForgetLogoutsOf implements backchannel.Store.
func (s *Store) ForgetLogoutsOf(ctx context.Context, clientID string, before time.Time, batch int) (int, error) {
	ctx, end := s.bounded(ctx, "forget logouts of client")
	defer end()
	n := 0
	err := s.pool.QueryRow(ctx, forgetLogoutsOf, pgx.NamedArgs{"client": clientID, "before": before, "batch": batch}).Scan(&n)
	return n, classify("forget logouts of client", err)
}

// As in backlog; ids are given in the order of time.
const logoutBacklog = `
SELECT CASE WHEN n < @most THEN n ELSE greatest(n, (SELECT reltuples::bigint FROM pg_class WHERE oid = 'logouts'::regclass)) END,
    (SELECT ended_at FROM logouts ORDER BY id LIMIT 1)
FROM (SELECT count(*) AS n FROM (SELECT FROM logouts ORDER BY id LIMIT @most) AS l) AS counted`

// LogoutBacklog implements backchannel.Store.
func (s *Store) LogoutBacklog(ctx context.Context) (backchannel.Backlog, error) {
	ctx, end := s.bounded(ctx, "measure logouts")
	defer end()
	b, oldest := backchannel.Backlog{}, (*time.Time)(nil)
	err := s.pool.QueryRow(ctx, logoutBacklog, pgx.NamedArgs{"most": mostCounted}).Scan(&b.Logouts, &oldest)
	if oldest != nil {
		b.Oldest = *oldest
	}
	return b, classify("measure logouts", err)
}
