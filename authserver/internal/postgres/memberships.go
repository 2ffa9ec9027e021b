// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"cmp"
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/group"
)

// speaking are the sources whose word counts.
const speaking = `unnest(@providers::text[], @authorities::text[]) AS speaking (provider, authority)`

// mine are the groups of @user, who may be a service account, by whatever way, each once for
// each way.
const mine = `
    SELECT a.group_id, a.added_at, NULL AS provider FROM group_members a WHERE a.user_id = @user
    UNION ALL
    SELECT s.group_id, s.added_at, NULL FROM service_account_groups s WHERE s.service_account_id = @user
    UNION ALL
    SELECT m.group_id, NULL, m.provider
    FROM identities i JOIN mapped_members m ON m.identity_id = i.id
    WHERE i.user_id = @user AND EXISTS (SELECT FROM ` + speaking + ` WHERE (speaking.provider, speaking.authority) = (m.provider, m.authority))`

// Each group is looked up by its id, however few there are just now.
const namesOf = `
SELECT g.name FROM (SELECT DISTINCT group_id FROM (` + mine + `) w) mine
CROSS JOIN LATERAL (SELECT name FROM groups WHERE id = mine.group_id OFFSET 0) g
ORDER BY g.name LIMIT @limit`

// NamesOf implements group.Store.
func (s *Store) NamesOf(ctx context.Context, userID string, sources []auth.GroupSource, limit int) ([]string, error) {
	ctx, end := s.bounded(ctx, "read groups of a user")
	defer end()
	rows, err := s.pool.Query(ctx, namesOf, withSources(sources, pgx.NamedArgs{"user": userID, "limit": limit}))
	if err != nil {
		return nil, classify("read groups of a user", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	return names, classify("read groups of a user", err)
}

const membershipsOf = `
SELECT g.id::text, g.name, g.created_at, mine.added_at, mine.providers
FROM (
    SELECT w.group_id, max(w.added_at) AS added_at, array_remove(array_agg(DISTINCT w.provider ORDER BY w.provider), NULL) AS providers
    FROM (` + mine + `) w GROUP BY w.group_id
) mine
CROSS JOIN LATERAL (SELECT id, name, created_at FROM groups WHERE id = mine.group_id OFFSET 0) g
ORDER BY g.name LIMIT @limit`

// MembershipsOf implements group.Store.
func (s *Store) MembershipsOf(ctx context.Context, userID string, sources []auth.GroupSource, limit int) ([]group.Membership, error) {
	ctx, end := s.bounded(ctx, "read memberships of a user")
	defer end()
	rows, err := s.pool.Search(ctx, membershipsOf, withSources(sources, pgx.NamedArgs{"user": userID, "limit": limit}))
	if err != nil {
		return nil, classify("read memberships of a user", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (group.Membership, error) {
		m := group.Membership{}
		return m, row.Scan(&m.Group.ID, &m.Group.Name, &m.Group.CreatedAt, &m.AddedAt, &m.Providers)
	})
	return list, classify("read memberships of a user", err)
}

// A page is made of as many members as it may have by each way, so that the index of
// each finds them in their order. Ids sort by time.
const members = `
WITH page AS MATERIALIZED (
    SELECT w.user_id FROM (
        (SELECT a.user_id FROM group_members a WHERE a.group_id = @group AND a.user_id < @before ORDER BY a.user_id DESC LIMIT @limit)
        UNION
        (SELECT m.user_id FROM ` + speaking + ` CROSS JOIN LATERAL (
            SELECT DISTINCT m.user_id FROM mapped_members m
            WHERE m.group_id = @group AND m.provider = speaking.provider AND m.authority = speaking.authority AND m.user_id < @before
            ORDER BY m.user_id DESC LIMIT @limit) m)
    ) w ORDER BY w.user_id DESC LIMIT @limit
)
SELECT ` + userColumns + `,
    (SELECT a.added_at FROM group_members a WHERE a.user_id = u.id AND a.group_id = @group),
    ARRAY(SELECT speaking.provider FROM ` + speaking + ` WHERE EXISTS (
        SELECT FROM mapped_members m
        WHERE m.group_id = @group AND m.provider = speaking.provider AND m.authority = speaking.authority AND m.user_id = u.id
    ) ORDER BY 1)
FROM page JOIN users u ON u.id = page.user_id
ORDER BY page.user_id DESC`

// Members implements group.Store.
func (s *Store) Members(ctx context.Context, q group.MemberQuery) ([]group.Member, error) {
	ctx, end := s.bounded(ctx, "list members")
	defer end()
	rows, err := s.pool.Search(ctx, members, withSources(q.Sources, pgx.NamedArgs{
		"group": q.GroupID, "before": cmp.Or(q.Before, uuid.Max.String()), "limit": q.Limit,
	}))
	if err != nil {
		return nil, classify("list members", err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (group.Member, error) {
		m := group.Member{}
		return m, row.Scan(append(userFields(&m.User), &m.AddedAt, &m.Providers)...)
	})
	return list, classify("list members", err)
}

// withSources adds the arguments of speaking.
func withSources(sources []auth.GroupSource, args pgx.NamedArgs) pgx.NamedArgs {
	providers, authorities := []string{}, []string{}
	for _, s := range sources {
		providers, authorities = append(providers, s.Provider), append(authorities, s.Authority)
	}
	args["providers"], args["authorities"] = providers, authorities
	return args
}
