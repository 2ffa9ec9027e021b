// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// withRevoked goes after a WITH query called ended that returns the ids of the
// sessions which a statement has ended. Every statement that ends sessions has it,
// or their access tokens would live on (see session.Revocation).
const withRevoked = `
, revoked AS (
    INSERT INTO revocations (about) SELECT id FROM ended
    ON CONFLICT (about) DO NOTHING
)`

// withRoleInForce goes after a WITH query called cause that returns users, each
// with the role that counts from now on in a column in_force: empty for none, and
// NULL where it is what it was. Whoever changes a user holds the row until then,
// so that of two changes the later one has the later time.
const withRoleInForce = `
, in_force AS (
    INSERT INTO revocations (about, role) SELECT id, in_force FROM cause WHERE in_force IS NOT NULL
    ON CONFLICT (about) DO UPDATE SET role = excluded.role, revoked_at = excluded.revoked_at
    RETURNING role, revoked_at
)`

// RevokeToken implements session.Store.
func (s *Store) RevokeToken(ctx context.Context, id string) error {
	ctx, end := s.bounded(ctx, "revoke token")
	defer end()
	_, err := s.pool.Exec(ctx, `INSERT INTO revocations (about) VALUES (@id) ON CONFLICT (about) DO NOTHING`, pgx.NamedArgs{"id": id})
	return classify("revoke token", err)
}

// The bound is a stable expression, which an index can be searched for. Without the
// table's name, about in the order would be the text of the same name, and sorted.
const revokedWithin = `
SELECT about::text, role, revoked_at FROM revocations r
WHERE revoked_at > now() - @within::interval AND (revoked_at, about) > (@after, @after_about)
ORDER BY revoked_at, r.about LIMIT @limit`

// RevokedWithin implements session.Store.
func (s *Store) RevokedWithin(ctx context.Context, d time.Duration, after session.Revocation, limit int) ([]session.Revocation, error) {
	about := after.About
	if about == "" {
		about = uuid.Nil.String()
	}
	ctx, end := s.bounded(ctx, "read revocations")
	defer end()
	rows, err := s.pool.Query(ctx, revokedWithin, pgx.NamedArgs{
		"within": d, "after": after.At, "after_about": about, "limit": limit,
	})
	if err != nil {
		return nil, classify("read revocations", err)
	}
	page, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (session.Revocation, error) {
		r := session.Revocation{}
		err := row.Scan(&r.About, &r.Role, &r.At)
		return r, err
	})
	return page, classify("read revocations", err)
}
