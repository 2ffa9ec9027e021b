// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// filled puts parts into a statement, one for each %s.
func filled(statement string, parts ...string) string {
	for _, p := range parts {
		statement = strings.Replace(statement, "%s", p, 1)
	}
	return statement
}

// unmetFactors are the first @look of those with whom the requirement has come some way, behind
// @after.
const unmetFactors = `
    SELECT r.user_id AS id FROM requirements r WHERE r.kind = 'factors' AND r.met_at IS NULL AND r.user_id > @after
    ORDER BY r.user_id LIMIT @look`

// inGroups is a condition on a user u.
func inGroups(names string) string {
	return `EXISTS (SELECT FROM ` + groupsOfUser + ` w JOIN groups g ON g.id = w.group_id WHERE g.name = ANY (` + names + `))`
}

// concerns is a condition on a user u.
func concerns(c requirement.Concerned) string {
	switch c.Who {
	case realmconfig.RequiredOfGroups:
		return inGroups("@groups")
	case realmconfig.RequiredOfAdmins:
		return `u.role = 'admin'`
	case realmconfig.RequiredOfEverybody:
		return `true`
	case realmconfig.RequiredOfNone:
	}
	return `false`
}

// The last row is that of nobody: it says how far was looked, when there may be more behind.
const peopleWithoutFactors = `
WITH looked AS MATERIALIZED (%s), people AS MATERIALIZED (
    SELECT u.id, r.told_at, r.due_at, r.reached_at, r.met_at, CASE
        WHEN ` + meetsFactors + ` THEN 'met'
        WHEN r.reached_at IS NOT NULL AND r.met_at IS NULL THEN 'stopped'
        WHEN r.told_at IS NOT NULL THEN 'told'
        ELSE 'without'
    END AS state
    FROM looked CROSS JOIN LATERAL (SELECT id, role, disabled_at FROM users WHERE id = looked.id OFFSET 0) u
    LEFT JOIN LATERAL (SELECT * FROM requirements WHERE user_id = looked.id AND kind = 'factors' OFFSET 0) r ON true
    WHERE u.disabled_at IS NULL AND %s AND %s
)` + pageOfPeople

// pageOfPeople goes after queries called looked and people.
const pageOfPeople = `, page AS MATERIALIZED (
    SELECT * FROM people WHERE @state = '' OR state = @state ORDER BY id LIMIT @limit
)
(SELECT id::text, state, told_at, due_at, reached_at, met_at FROM page ORDER BY id)
UNION ALL
(SELECT CASE WHEN (SELECT count(*) FROM page) = @limit THEN (SELECT id::text FROM page ORDER BY id DESC LIMIT 1) ELSE id::text END, '', NULL, NULL, NULL, NULL
FROM looked
WHERE (SELECT count(*) FROM page) = @limit OR (SELECT count(*) FROM looked) = @look
ORDER BY looked.id DESC LIMIT 1)`

// peopleOf is the statement for a query. Whoever has been told or stopped has a row, and is
// looked for among those rows; others among the members of a group, or among all.
func peopleOf(q requirement.Query) string {
	among, in := concerned(q.Concerned), "true"
	if q.Group != "" {
		among, in = membersOf("ARRAY[@group::text]"), inGroups("ARRAY[@group::text]")
	}
	if q.State == requirement.Told || q.State == requirement.Stopped {
		among = unmetFactors
	}
	return filled(peopleWithoutFactors, among, concerns(q.Concerned), in)
}

// PeopleWithoutFactors implements requirement.Store.
func (s *Store) PeopleWithoutFactors(ctx context.Context, q requirement.Query) (requirement.Page, error) {
	return s.people(ctx, "list people without second factors", peopleOf(q), q)
}

// people runs a statement that ends with pageOfPeople.
func (s *Store) people(ctx context.Context, what, statement string, q requirement.Query) (requirement.Page, error) {
	ctx, end := s.bounded(ctx, what)
	defer end()
	args := concernedArgs(q.Concerned, q.After, q.Look)
	args["group"], args["state"], args["limit"] = q.Group, string(q.State), q.Limit
	rows, err := s.pool.Search(ctx, statement, args)
	if err != nil {
		return requirement.Page{}, classify(what, err)
	}
	page := requirement.Page{}
	page.People, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (requirement.Person, error) {
		p := requirement.Person{}
		return p, row.Scan(&p.User.ID, &p.State, &p.ToldAt, &p.DueAt, &p.ReachedAt, &p.MetAt)
	})
	if err != nil {
		return requirement.Page{}, classify(what, err)
	}
	if last := len(page.People) - 1; last >= 0 && page.People[last].State == "" {
		page.People, page.Next = page.People[:last], page.People[last].User.ID
	}
	return s.withUsers(ctx, page)
}

// withUsers reads who they are. Somebody who is deleted meanwhile is on no page.
func (s *Store) withUsers(ctx context.Context, page requirement.Page) (requirement.Page, error) {
	ids := []string{}
	for _, p := range page.People {
		ids = append(ids, p.User.ID)
	}
	rows, err := s.pool.Query(ctx, `SELECT `+userColumns+` FROM users u WHERE u.id = ANY ($1::uuid[])`, ids)
	if err != nil {
		return requirement.Page{}, classify("read users of a page", err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (auth.User, error) {
		u := auth.User{}
		return u, row.Scan(userFields(&u)...)
	})
	users := map[string]auth.User{}
	for _, u := range found {
		users[u.ID] = u
	}
	people := []requirement.Person{}
	for _, p := range page.People {
		if u, found := users[p.User.ID]; found {
			p.User = u
			people = append(people, p)
		}
	}
	page.People = people
	return page, classify("read users of a page", err)
}
