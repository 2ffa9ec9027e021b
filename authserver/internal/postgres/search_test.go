// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
)

func findUsers(t *testing.T, s *postgres.Store, q admin.UserQuery) string {
	t.Helper()
	q.Limit = 100
	users, err := s.FindUsers(t.Context(), q, start)
	if err != nil {
		t.Fatal(err)
	}
	names := []string{}
	for _, u := range users {
		names = append(names, strings.TrimSuffix(u.Email, "@example.com"))
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func makeDocuments(t *testing.T, s *postgres.Store) {
	t.Helper()
	if err := admin.MakeSearchDocuments(t.Context(), s); err != nil {
		t.Fatal(err)
	}
}

// A database of the release before is full of users. They are found by the beginnings
// of their names until their documents are made, and by any part of them from then on.
func TestUsersFromBeforeSearchDocumentsAreFound(t *testing.T) {
	t.Parallel()
	url := at(t, ownFiles(t).upTo("00074"))
	conn := connect(t, url)
	const users = 6001 // more than a batch of the migration, and of the server
	if _, err := conn.Exec(t.Context(), `
		INSERT INTO users (id, email, name, password_hash, created_at)
		SELECT gen_random_uuid(), 'user-' || i || '@example.com', CASE i WHEN 6000 THEN 'Anna Élodie' ELSE 'Somebody' END, 'x', now()
		FROM generate_series(1, $1::int) AS i`, users); err != nil {
		t.Fatal(err)
	}
	if err := migrate(url); err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "user_search WHERE document IS NULL"); n != users {
		t.Errorf("%d documents are to be made, want %d", n, users)
	}
	s, err := postgres.Open(t.Context(), place(url), postgres.Options{Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Close)
	for query, want := range map[string]string{"user-6000": "user-6000", "anna": "user-6000", "elodie": ""} {
		if got := findUsers(t, s, admin.UserQuery{Text: query, Outdated: true}); got != want {
			t.Errorf("before, %s finds %q, want %q", query, got, want)
		}
	}
	var makers sync.WaitGroup
	for range 4 {
		makers.Go(func() {
			if err := admin.MakeSearchDocuments(context.Background(), s); err != nil {
				t.Error(err)
			}
		})
	}
	makers.Wait()
	if n := count(t, url, "user_search WHERE document IS NULL"); n != 0 {
		t.Errorf("%d documents are left to be made", n)
	}
	for query, want := range map[string]string{"user-6000": "user-6000", "anna": "user-6000", "elodie": "user-6000", "lodi ann": "user-6000"} {
		if got := findUsers(t, s, admin.UserQuery{Text: query}); got != want {
			t.Errorf("%s finds %q, want %q", query, got, want)
		}
	}
}

// Pods of the release before, and people with psql, write users without a thought of
// what is searched.
func TestWhateverWritesUsersOutdatesTheirDocuments(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	u := addUser(t, s, "ann@example.com")
	conn := connect(t, url)
	for _, step := range []struct{ statement, query, want string }{
		{"UPDATE users SET name = 'Þór' WHERE id = $1", "thor", "ann"},
		{"UPDATE users SET name = 'Иван' WHERE id = $1", "thor", ""},
		{"UPDATE users SET last_login_at = now() WHERE id = $1", "иван", "ann"},
		{"UPDATE users SET email = 'ivan@example.com' WHERE id = $1", "ivan@", "ivan"},
		{"DELETE FROM users WHERE id = $1", "ivan", ""},
	} {
		if _, err := conn.Exec(t.Context(), step.statement, u.ID); err != nil {
			t.Fatal(err)
		}
		makeDocuments(t, s)
		if got := findUsers(t, s, admin.UserQuery{Text: step.query}); got != step.want {
			t.Errorf("after %s, %s finds %q, want %q", step.statement, step.query, got, step.want)
		}
	}
	if n := count(t, url, "user_search"); n != 0 {
		t.Errorf("%d documents are left of a deleted user", n)
	}
}

// A user who changes while a document is made keeps no document of before.
func TestADocumentOfAnOlderEditionIsNotStored(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	u := addUser(t, s, "ann@example.com")
	outdated, err := s.OutdatedDocuments(t.Context(), "00000000-0000-0000-0000-000000000000", 10)
	if err != nil || len(outdated) != 1 || outdated[0].UserID != u.ID {
		t.Fatalf("outdated are %+v, %v", outdated, err)
	}
	rename, err := connect(t, url).Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := rename.Exec(t.Context(), "UPDATE users SET name = 'Bob' WHERE id = $1", u.ID); err != nil {
		t.Fatal(err)
	}
	outdated[0].Text = auth.SearchDocument("Ann", "ann@example.com")
	stored := make(chan error, 1)
	go func() { stored <- s.StoreDocuments(context.WithoutCancel(t.Context()), outdated) }()
	awaitWaiting(t, url)
	if err := rename.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-stored; err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "user_search WHERE document IS NULL"); n != 1 {
		t.Error("a document of the old name was stored")
	}
	makeDocuments(t, s)
	if got := findUsers(t, s, admin.UserQuery{Text: "bob"}); got != "ann" {
		t.Errorf("bob finds %q", got)
	}
}

// The index answers what few users have, and the database has the locale C.
func TestTheIndexIsAskedForWords(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	conn := connect(t, url)
	if _, err := conn.Exec(t.Context(), `
		INSERT INTO users (id, email, name, created_at)
		SELECT gen_random_uuid(), 'user-' || i || '@example.com', CASE i WHEN 7 THEN 'Иван Петров' ELSE 'Ольга Сидорова' END, now()
		FROM generate_series(1, 4000) AS i`); err != nil {
		t.Fatal(err)
	}
	makeDocuments(t, s)
	if _, err := conn.Exec(t.Context(), "VACUUM ANALYZE user_search"); err != nil {
		t.Fatal(err)
	}
	for _, query := range []string{"ван", "пе", "и", "ив петр"} {
		if got := findUsers(t, s, admin.UserQuery{Text: query}); got != "user-7" {
			t.Errorf("%s finds %q", query, got)
		}
		trigrams := []string{}
		for _, part := range auth.SearchParts(query) {
			trigrams = append(trigrams, auth.Trigrams(part)...)
		}
		plan, err := conn.Query(t.Context(), "EXPLAIN SELECT user_id FROM user_search WHERE trigrams(document) @> $1::text[]", trigrams)
		if err != nil {
			t.Fatal(err)
		}
		lines, err := pgx.CollectRows(plan, pgx.RowTo[string])
		if err != nil || !strings.Contains(fmt.Sprint(lines), "user_search_trigrams") {
			t.Errorf("%s: %v\n%s", query, err, strings.Join(lines, "\n"))
		}
	}
}
