// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
)

// A group that does not exist is as empty as one that does. Whoever is disabled is in it still.
const emptyGroups = `
SELECT name FROM unnest(@groups::text[]) AS named (name)
WHERE NOT EXISTS (
    SELECT FROM groups g WHERE g.name = named.name AND (
        EXISTS (SELECT FROM group_members a WHERE a.group_id = g.id)
        OR EXISTS (SELECT FROM ` + speaking + ` CROSS JOIN LATERAL (
            SELECT FROM mapped_members m WHERE m.group_id = g.id AND m.provider = speaking.provider AND m.authority = speaking.authority LIMIT 1
        ) m)
    )
)
ORDER BY name`

// EmptyGroups implements requirement.Store.
func (s *Store) EmptyGroups(ctx context.Context, c requirement.Concerned) ([]string, error) {
	ctx, end := s.bounded(ctx, "look for empty groups")
	defer end()
	rows, err := s.pool.Query(ctx, emptyGroups, withSources(c.Sources, pgx.NamedArgs{"groups": c.Groups}))
	if err != nil {
		return nil, classify("look for empty groups", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return names, classify("look for empty groups", err)
}
