// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"cmp"
	"context"
	"errors"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// groupsOfUser are the ids of the groups of a user u, by whatever way. Each table is asked for
// one user, and not read for many.
const groupsOfUser = `(
    SELECT a.group_id FROM group_members a WHERE a.user_id = u.id
    UNION
    SELECT m.group_id FROM (SELECT id FROM identities WHERE user_id = u.id OFFSET 0) i
    CROSS JOIN LATERAL (SELECT group_id, provider, authority FROM mapped_members WHERE identity_id = i.id OFFSET 0) m
    WHERE EXISTS (SELECT FROM ` + speaking + ` WHERE (speaking.provider, speaking.authority) = (m.provider, m.authority)))`

// meetsFactors is requirement.MeetsFactors of a user u. A limit keeps PostgreSQL from reading all
// second factors for a few users.
const meetsFactors = `coalesce(
    (SELECT true FROM second_factors f WHERE f.user_id = u.id AND f.verified_at IS NOT NULL LIMIT 1),
    (SELECT true FROM passkeys p WHERE p.user_id = u.id AND (@passkeys OR NOT p.user_verified) LIMIT 1), false)`

// membersOf are the first @look members of groups of these names, behind @after. In the order of
// one index, a small group is not looked for among the members of all.
func membersOf(names string) string {
	return `
    SELECT w.user_id AS id FROM (SELECT g.id FROM groups g WHERE g.name = ANY (` + names + `)) g CROSS JOIN LATERAL (
        (SELECT a.user_id FROM (
            SELECT group_id, user_id FROM group_members WHERE (group_id, user_id) > (g.id, @after::uuid)
            ORDER BY group_id, user_id LIMIT @look
        ) a WHERE a.group_id = g.id)
        UNION
        (SELECT m.user_id FROM ` + speaking + ` CROSS JOIN LATERAL (
            SELECT DISTINCT ON (group_id, provider, authority, user_id) group_id, provider, authority, user_id FROM mapped_members
            WHERE (group_id, provider, authority, user_id) > (g.id, speaking.provider, speaking.authority, @after::uuid)
            ORDER BY group_id, provider, authority, user_id LIMIT @look
        ) m WHERE m.group_id = g.id AND m.provider = speaking.provider AND m.authority = speaking.authority)
    ) w GROUP BY w.user_id ORDER BY w.user_id LIMIT @look`
}

// concerned are the first @look of those whom a requirement concerns, behind @after, with the
// disabled among them.
func concerned(c requirement.Concerned) string {
	switch c.Who {
	case realmconfig.RequiredOfGroups:
		return membersOf("@groups")
	case realmconfig.RequiredOfAdmins:
		return `SELECT u.id FROM users u WHERE u.role = 'admin' AND u.id > @after ORDER BY u.id LIMIT @look`
	case realmconfig.RequiredOfEverybody:
		return `SELECT u.id FROM users u WHERE u.id > @after ORDER BY u.id LIMIT @look`
	case realmconfig.RequiredOfNone:
	}
	return `SELECT u.id FROM users u WHERE false`
}

func concernedArgs(c requirement.Concerned, after string, look int) pgx.NamedArgs {
	return withSources(c.Sources, pgx.NamedArgs{
		"groups": c.Groups, "passkeys": c.Passkeys, "after": cmp.Or(after, uuid.Nil.String()), "look": look,
	})
}

const withoutFactors = `
WITH looked AS MATERIALIZED (%s), people AS MATERIALIZED (
    SELECT u.id, NOT ` + meetsFactors + ` AS without
    FROM looked CROSS JOIN LATERAL (SELECT id, disabled_at FROM users WHERE id = looked.id OFFSET 0) u
    WHERE u.disabled_at IS NULL
), grouped AS MATERIALIZED (
    SELECT w.group_id, count(*) AS without FROM people u CROSS JOIN LATERAL ` + groupsOfUser + ` w
    WHERE u.without GROUP BY w.group_id
), named AS MATERIALIZED (
    SELECT g.name, grouped.without FROM grouped CROSS JOIN LATERAL (SELECT name FROM groups WHERE id = grouped.group_id OFFSET 0) g
)
SELECT (SELECT count(*) FROM people), (SELECT count(*) FROM people WHERE without),
       coalesce((SELECT id::text FROM looked ORDER BY id OFFSET @look - 1), ''),
       ARRAY(SELECT name FROM named ORDER BY name), ARRAY(SELECT without FROM named ORDER BY name)`

// WithoutFactors implements requirement.Store.
func (s *Store) WithoutFactors(ctx context.Context, b requirement.Batch) (requirement.Tally, error) {
	return s.tally(ctx, "count second factors", filled(withoutFactors, concerned(b.Concerned)), b)
}

// tally runs a statement that answers as withoutFactors does.
func (s *Store) tally(ctx context.Context, what, statement string, b requirement.Batch) (requirement.Tally, error) {
	ctx, end := s.bounded(ctx, what)
	defer end()
	tally, names, without := requirement.Tally{ByGroup: map[string]int{}}, []string{}, []int{}
	err := s.pool.QueryRow(ctx, statement, concernedArgs(b.Concerned, b.After, b.Limit)).
		Scan(&tally.Covered, &tally.Without, &tally.Last, &names, &without)
	for i, name := range names {
		tally.ByGroup[name] = without[i]
	}
	return tally, classify(what, err)
}

const beginCount = `
INSERT INTO requirement_counts AS c (kind, claimed_until) VALUES (@kind, @until)
ON CONFLICT (kind) DO UPDATE SET claimed_until = excluded.claimed_until
WHERE (c.claimed_until IS NULL OR c.claimed_until <= @now)
  AND (c.counted_at IS NULL OR c.counted_at <= @since OR c.question IS DISTINCT FROM @question)
RETURNING kind`

// BeginCount implements requirement.Store.
func (s *Store) BeginCount(ctx context.Context, c requirement.CountClaim) (bool, error) {
	return s.happened(ctx, "begin to count", beginCount, pgx.NamedArgs{
		"kind": c.Kind, "question": c.Question, "since": c.Since, "until": c.Until, "now": c.Now,
	})
}

// AbandonCount implements requirement.Store.
func (s *Store) AbandonCount(ctx context.Context, kind requirement.Kind) error {
	return s.exec(ctx, "abandon count", `UPDATE requirement_counts SET claimed_until = NULL WHERE kind = @kind`, pgx.NamedArgs{"kind": kind})
}

// StoreCount implements requirement.Store.
func (s *Store) StoreCount(ctx context.Context, kind requirement.Kind, c requirement.Count) error {
	return s.exec(ctx, "store count", `
		UPDATE requirement_counts SET claimed_until = NULL, question = @question, covered = @covered, without = @without,
		       by_group = @by_group, counted_at = @at
		WHERE kind = @kind`, pgx.NamedArgs{
		"kind": kind, "question": c.Question, "covered": c.Covered, "without": c.Without, "by_group": c.ByGroup, "at": c.CountedAt,
	})
}

// CountOf implements requirement.Store.
func (s *Store) CountOf(ctx context.Context, kind requirement.Kind) (requirement.Count, bool, error) {
	ctx, end := s.bounded(ctx, "read count")
	defer end()
	c := requirement.Count{}
	err := s.pool.QueryRow(ctx, `SELECT question, covered, without, by_group, counted_at FROM requirement_counts
		WHERE kind = $1 AND counted_at IS NOT NULL`, kind).Scan(&c.Question, &c.Covered, &c.Without, &c.ByGroup, &c.CountedAt)
	if errors.Is(err, pgx.ErrNoRows) {
		return requirement.Count{}, false, nil
	}
	return c, err == nil, classify("read count", err)
}
