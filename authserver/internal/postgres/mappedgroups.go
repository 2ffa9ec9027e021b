// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/group"
)

// Of two sign-ins with one identity, the second waits for the row of the identity, finds
// another version of it than the one whose groups it has seen, and does nothing; then its
// caller tries again. So does one that misses a group which another has made just now.
//
// What another authority said of the user's identities at the provider goes with it:
// nobody will replace it any more.
const mapGroups = `
WITH seen AS MATERIALIZED (
    SELECT id, xmin AS version FROM identities WHERE provider = @provider AND issuer = @issuer AND subject = @subject
), said AS MATERIALIZED (
    SELECT s.id, s.name, (SELECT g.id FROM groups g WHERE g.name = s.name) AS known
    FROM unnest(@ids::uuid[], @names::text[]) AS s (id, name)
), made AS (
    INSERT INTO groups (id, name, created_at)
    SELECT id, name, @now FROM said WHERE known IS NULL AND EXISTS (SELECT FROM seen) ORDER BY name
    ON CONFLICT (name) DO NOTHING
    RETURNING id
), named AS MATERIALIZED (
    SELECT id FROM made UNION ALL SELECT known FROM said WHERE known IS NOT NULL
), owner AS MATERIALIZED (
    UPDATE identities i SET last_used_at = @now FROM seen
    WHERE i.id = seen.id AND i.xmin = seen.version AND (SELECT count(*) FROM named) = (SELECT count(*) FROM said)
    RETURNING i.id, i.user_id
), removed AS (
    DELETE FROM mapped_members m USING owner, identities i
    WHERE i.user_id = owner.user_id AND i.provider = @provider AND m.identity_id = i.id
      AND CASE WHEN i.id = owner.id THEN m.group_id NOT IN (SELECT id FROM named) ELSE m.authority <> @authority END
    RETURNING m.group_id
), mapped AS (
    INSERT INTO mapped_members AS m (identity_id, group_id, user_id, provider, authority, mapped_at)
    SELECT owner.id, named.id, owner.user_id, @provider, @authority, @now FROM owner, named ORDER BY named.id
    ON CONFLICT (identity_id, group_id) DO UPDATE SET authority = excluded.authority, mapped_at = excluded.mapped_at
    WHERE m.authority <> excluded.authority
    RETURNING m.group_id
), cause AS (
    SELECT FROM (TABLE removed UNION ALL TABLE mapped) c LIMIT 1
)` + withEffects + `
SELECT EXISTS (SELECT FROM owner), EXISTS (SELECT FROM cause)`

// MapGroups implements group.Store.
func (s *Store) MapGroups(ctx context.Context, m group.Mapped, also auth.Effects) (group.Mapping, error) {
	ids, names := []string{}, []string{}
	for _, g := range m.Groups {
		ids, names = append(ids, g.ID), append(names, g.Name)
	}
	args, err := effects(also, m.At, pgx.NamedArgs{
		"provider": m.Provider, "issuer": m.Issuer, "subject": m.Subject, "authority": m.Authority, "ids": ids, "names": names, "now": m.At,
	})
	if err != nil {
		return group.Mapping{}, err
	}
	ctx, end := s.bounded(ctx, "map groups")
	defer end()
	done := group.Mapping{}
	err = s.pool.QueryRow(ctx, mapGroups, args).Scan(&done.Done, &done.Changed)
	if state(err) == foreignKeyViolation {
		return group.Mapping{}, nil // a group was deleted meanwhile
	}
	return done, classify("map groups", err)
}
