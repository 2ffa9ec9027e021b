// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

// textSearch is what is asked of the text of users.
type textSearch struct {
	// indexed are the ids of those who have it, by the index of trigrams.
	indexed string
	// matches holds for a user u and their document s, and sampled for a document alone.
	matches, sampled string
}

// Every part has a trigram, so that the index is asked about each.
const found = `SELECT user_id FROM user_search WHERE trigrams(document) @> @trigrams::text[] AND document LIKE ALL (@parts::text[])`

// rowBegins holds for a user u whose own row begins with what is looked for, which
// counts as long as there is no document.
const rowBegins = `(u.email LIKE @email OR lower(u.name) LIKE lower(@name) OR split_part(u.email, '@', 2) LIKE @domain)`

// searchText is nil for a query that asks nothing of the text of users.
func searchText(q admin.UserQuery, args pgx.NamedArgs) *textSearch {
	parts, trigrams := []string{}, []string{}
	for _, part := range auth.SearchParts(q.Text) {
		parts, trigrams = append(parts, "%"+literalLike(part)+"%"), append(trigrams, covering(part)...)
	}
	if len(parts) == 0 {
		return nil
	}
	args["parts"], args["trigrams"] = parts, trigrams
	const matches = `s.document LIKE ALL (@parts::text[])`
	if !q.Outdated {
		return &textSearch{found, matches, matches}
	}
	email, domain := mailaddress.Prefix(q.Text)
	args["email"], args["name"], args["domain"] = literalLike(email)+"%", literalLike(q.Text)+"%", nil
	if domain != "" {
		args["domain"] = literalLike(domain) + "%"
	}
	const outdated = `CASE WHEN s.document IS NULL THEN ` + rowBegins + ` ELSE ` + matches + ` END`
	return &textSearch{
		found + ` UNION ALL SELECT s.user_id FROM user_search s JOIN users u ON u.id = s.user_id WHERE s.document IS NULL AND ` + rowBegins,
		outdated,
		`(SELECT ` + outdated + ` FROM users u WHERE u.id = s.user_id)`,
	}
}

// covering are trigrams of a part that have all of its letters. The others would only
// be looked up for nothing: each is a list to be read, and LIKE has the last word.
func covering(part string) (chosen []string) {
	all := auth.Trigrams(part)
	last := len(all) - 1
	for i := 0; i < last; i += auth.Trigram {
		chosen = append(chosen, all[i])
	}
	return append(chosen, all[last])
}

// findText finds users who have a text. The index of trigrams has them in no order, so
// that all of them would be read for the first page. Where the text is frequent, looking
// through the newest users is quicker, and where few users come into question, looking
// through those.
func (s *Store) findText(ctx context.Context, t textSearch, c candidates, limit int, args pgx.NamedArgs) ([]auth.User, error) {
	w, err := s.weigh(ctx, t, c, args)
	if err != nil {
		return nil, err
	}
	if within := w.lookThrough(limit); within > 0 {
		args["within"] = within
		users, err := s.findUsers(ctx, candidates{
			from: `(` + c.newest(`u.*`, `@within`) + `) u`, id: `u.id`,
			where: conditions{`(SELECT ` + t.matches + ` FROM user_search s WHERE s.user_id = u.id)`},
		}, args)
		if err != nil || w.few() || len(users) == limit {
			return users, err
		}
	}
	c.where.add(c.id + ` IN (` + t.indexed + `)`)
	return s.findUsers(ctx, c, args)
}

// weight is how many users come into question, counted up to one more than fewUsers,
// and how many of a sample of all documents have the text.
type weight struct {
	candidates    int
	looked, found float64
	// percent is how much of all documents the sample was asked to be.
	percent float64
}

const (
	// fewUsers are looked through in some milliseconds.
	fewUsers = 1000
	// sampledPages have some thousands of documents.
	sampledPages = 50
)

func (w weight) few() bool { return w.candidates <= fewUsers }

// lookThrough is how many of the newest users to look through; 0 for none. That costs
// no more than to read all that the index would find, even if none of them has the text.
func (w weight) lookThrough(limit int) int {
	all, matches := w.looked*100/w.percent, w.found*100/w.percent
	// A page of matches is expected among so many, and twice as many are looked through.
	among := 2 * float64(limit) * all / max(1, matches)
	switch {
	case w.few():
		return 2 * fewUsers // all of them, also if some were added meanwhile
	case among < matches:
		return int(matches)
	default:
		return 0
	}
}

// percent is how much of the documents sampledPages of their pages are.
const percent = `least(100, 100.0 * @pages * current_setting('block_size')::int / greatest(1, pg_relation_size('user_search')))`

// weigh looks at little, however many users there are.
func (s *Store) weigh(ctx context.Context, t textSearch, c candidates, args pgx.NamedArgs) (weight, error) {
	ctx, end := s.bounded(ctx, "weigh search")
	defer end()
	args["most"], args["pages"] = fewUsers+1, sampledPages
	rows, err := s.pool.Search(ctx, `
		SELECT (SELECT count(*) FROM (SELECT FROM `+c.String()+` LIMIT @most) AS c), `+percent+`::float8,
			count(*)::float8, (count(*) FILTER (WHERE `+t.sampled+`))::float8
		FROM user_search s TABLESAMPLE SYSTEM (`+percent+`)`, args)
	if err != nil {
		return weight{}, classify("weigh search", err)
	}
	w, err := pgx.CollectExactlyOneRow(rows, func(row pgx.CollectableRow) (weight, error) {
		w := weight{}
		return w, row.Scan(&w.candidates, &w.percent, &w.looked, &w.found)
	})
	return w, classify("weigh search", err)
}
