// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

const (
	// grown is how many users a database has that no statement may read through.
	grown = 30_000
	// little is how many rows a search may read there, of tables and of indexes, and
	// sampled how many one for a text may, which looks at a sample of all first: fifty
	// pages, half as many more by chance, and three rows for a document that is not made.
	little, sampled = 3_000, 25_000
)

// grow fills a database at once: among users of three roles, few of whom are disabled or
// unverified, are one admin of each, and the first of all is called Zoe. Many addresses
// are locked, of which few are users'.
func grow(t *testing.T, url string) {
	t.Helper()
	execute(t, url, fmt.Sprintf(`
		ALTER TABLE users DISABLE TRIGGER USER;
		INSERT INTO users (id, email, name, role, email_verified_at, disabled_at, created_at)
		SELECT lpad(to_hex(i), 32, '0')::uuid, 'user-' || i || '@example.com', CASE i WHEN 1 THEN 'Zoe' ELSE 'Anna Schulz' END,
		       CASE WHEN i IN (1, 2) THEN 'admin' WHEN i %% 3 = 0 THEN 'staff' ELSE 'user' END,
		       CASE WHEN i %% 1000 <> 1 THEN now() END, CASE WHEN i %% 1000 = 2 THEN now() END, now()
		FROM generate_series(1, %[1]d) AS i;
		ALTER TABLE users ENABLE TRIGGER USER;
		INSERT INTO user_search (user_id, document) SELECT id, '  ' || replace(lower(name), ' ', '  ') || '  ' || email FROM users;
		INSERT INTO attempts (key, pending, failures, allowed, reserved_at, expires_at, locked_until)
		SELECT account_key(email), 0, 5, 5, now(), now() + '1 hour', now() + '1 hour'
		FROM (SELECT 'nobody-' || i || '@example.com' AS email FROM generate_series(1, %[1]d) AS i
		      UNION ALL SELECT email FROM users WHERE right(email, 16) = '0001@example.com' OR role = 'admin') AS locked`, grown))
	execute(t, url, "VACUUM ANALYZE")
}

// reading says how many rows PostgreSQL has read for what is done with a store.
func reading(t *testing.T, url string, do func(*postgres.Store)) int64 {
	t.Helper()
	observer := connect(t, url)
	count := func() (rows int64) {
		eventually.Holds(t, "the store is closed and its reading counted", func() bool {
			others := 0
			err := observer.QueryRow(t.Context(), `
				SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()`).Scan(&others)
			return err == nil && others == 0
		})
		if err := observer.QueryRow(t.Context(), `
			SELECT (SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_user_tables)
			     + (SELECT sum(idx_tup_read) FROM pg_stat_user_indexes)`).Scan(&rows); err != nil {
			t.Fatal(err)
		}
		return rows
	}
	before := count()
	store, err := postgres.Open(t.Context(), place(url), postgres.Options{Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	do(store)
	store.Close()
	return count() - before
}

func TestFewRowsAreReadForAPageOfUsers(t *testing.T) {
	t.Parallel()
	url := server.Database(t)
	grow(t, url)
	newest, oldest := "user-30000@example.com", "user-1@example.com"
	for name, c := range map[string]struct {
		query admin.UserQuery
		first string // address
		found int
	}{
		"all":                            {admin.UserQuery{}, newest, 50},
		"at the far end":                 {admin.UserQuery{Before: "00000000-0000-0000-0000-000000000004"}, "user-3@example.com", 3},
		"a rare role":                    {admin.UserQuery{Role: auth.AdminRole}, "user-2@example.com", 2},
		"a frequent role":                {admin.UserQuery{Role: "staff"}, newest, 50},
		"no role":                        {admin.UserQuery{Role: "nobody"}, "", 0},
		"disabled":                       {admin.UserQuery{Status: admin.DisabledStatus}, "user-29002@example.com", 30},
		"disabled with a role":           {admin.UserQuery{Status: admin.DisabledStatus, Role: "staff"}, "user-28002@example.com", 10},
		"disabled admins":                {admin.UserQuery{Status: admin.DisabledStatus, Role: auth.AdminRole}, "user-2@example.com", 1},
		"unverified":                     {admin.UserQuery{Status: admin.UnverifiedStatus}, "user-29001@example.com", 30},
		"unverified admins":              {admin.UserQuery{Status: admin.UnverifiedStatus, Role: auth.AdminRole}, oldest, 1},
		"unverified at the far end":      {admin.UserQuery{Status: admin.UnverifiedStatus, Before: "00000000-0000-0000-0000-000000000004"}, oldest, 1},
		"locked":                         {admin.UserQuery{Status: admin.LockedStatus}, "user-20001@example.com", 4},
		"locked admins":                  {admin.UserQuery{Status: admin.LockedStatus, Role: auth.AdminRole}, "user-2@example.com", 2},
		"locked at the far end":          {admin.UserQuery{Status: admin.LockedStatus, Before: "00000000-0000-0000-0000-000000000002"}, oldest, 1},
		"a rare word":                    {admin.UserQuery{Text: "zoe"}, oldest, 1},
		"a word of all":                  {admin.UserQuery{Text: "example"}, newest, 50},
		"words of all":                   {admin.UserQuery{Text: "schulz ann"}, newest, 50},
		"words of all with a role":       {admin.UserQuery{Text: "schulz ann", Role: "staff"}, newest, 50},
		"words of all with a rare role":  {admin.UserQuery{Text: "schulz ann", Role: auth.AdminRole}, "user-2@example.com", 1},
		"words of all at the far end":    {admin.UserQuery{Text: "schulz ann", Before: "00000000-0000-0000-0000-000000000004"}, "user-3@example.com", 2},
		"words of all who are disabled":  {admin.UserQuery{Text: "schulz ann", Status: admin.DisabledStatus}, "user-29002@example.com", 30},
		"a word of all who are locked":   {admin.UserQuery{Text: "user", Status: admin.LockedStatus}, "user-20001@example.com", 4},
		"a word of nobody":               {admin.UserQuery{Text: "xyzzy"}, "", 0},
		"a rare word of the unverified":  {admin.UserQuery{Text: "zoe", Status: admin.UnverifiedStatus}, oldest, 1},
		"a whole address":                {admin.UserQuery{Text: "user-17171@example.com"}, "user-17171@example.com", 1},
		"a word of all, documents owing": {admin.UserQuery{Text: "example", Outdated: true}, newest, 50},
	} {
		t.Run(name, func(t *testing.T) { // one after another: what all have read is counted together
			users := []auth.User{}
			read := reading(t, url, func(s *postgres.Store) {
				c.query.Limit, c.query.LongestLock = 50, time.Hour
				var err error
				if users, err = s.FindUsers(t.Context(), c.query, time.Now()); err != nil {
					t.Fatal(err)
				}
			})
			if len(users) != c.found || c.found > 0 && users[0].Email != c.first {
				t.Errorf("found %d users, want %d, of whom %s is the first", len(users), c.found, c.first)
			}
			if read > little && (c.query.Text == "" || read > sampled) {
				t.Errorf("%d rows were read", read)
			}
		})
	}
}

// What is asked every few seconds must cost nothing when there is nothing to do, and
// little when there is much.
func TestFewRowsAreReadNowAndThen(t *testing.T) {
	t.Parallel()
	url := server.Database(t)
	grow(t, url)
	execute(t, url, fmt.Sprintf(`
		INSERT INTO second_factors (user_id, method, enrolment, sealed, created_at, verified_at)
		SELECT id, 'totp', id, convert_to('key-1 ' || id, 'UTF8'), now(), now() FROM users;
		INSERT INTO outbox (id, channel, kind, sealed, created_at, due_at)
		SELECT gen_random_uuid(), CASE WHEN i %% 2 = 0 THEN 'mail' ELSE 'sms' END, 'code', '', now() - i * interval '1 second', now() - i * interval '1 second'
		FROM generate_series(1, %[1]d) AS i;
		INSERT INTO revocations (about, revoked_at) SELECT id, now() - interval '1 minute' FROM users;
		UPDATE users SET email = 'xn--' || email WHERE id = '00000000-0000-0000-0000-000000000007'`, grown))
	execute(t, url, "VACUUM ANALYZE")
	for name, c := range map[string]struct {
		do   func(ctx context.Context, s *postgres.Store) error
		most int64
	}{
		"messages that are due": {func(ctx context.Context, s *postgres.Store) error {
			claimed, err := s.ClaimMessages(ctx, notify.Claim{Channel: auth.ByMail, Limit: 16, Now: time.Now(), Until: time.Now().Add(time.Minute)})
			if len(claimed) != 16 {
				t.Errorf("claimed %d messages", len(claimed))
			}
			return err
		}, 200},
		"messages that wait": {func(ctx context.Context, s *postgres.Store) error {
			b, err := s.Backlog(ctx)
			if b.Messages != grown || time.Since(b.Oldest) < grown*time.Second {
				t.Errorf("the backlog is %+v", b)
			}
			return err
		}, 21_000},
		"values of other keys, when there are none": {func(ctx context.Context, s *postgres.Store) error {
			list, err := s.SealedWithOtherKeys(ctx, []byte("key-1 "), auth.SealedValue{}, 100)
			if len(list) != 0 {
				t.Errorf("found %d values", len(list))
			}
			return err
		}, 10},
		"values of other keys": {func(ctx context.Context, s *postgres.Store) error {
			list, err := s.SealedWithOtherKeys(ctx, []byte("key-2 "), auth.SealedValue{}, 100)
			if len(list) != 100 {
				t.Errorf("found %d values", len(list))
			}
			return err
		}, 300},
		"how many values of other keys there are, when there are none": {func(ctx context.Context, s *postgres.Store) error {
			_, err := s.CountSealedWithOtherKeys(ctx, []byte("key-1 "))
			return err
		}, 10},
		"documents, when all are made": {func(ctx context.Context, s *postgres.Store) error {
			return admin.MakeSearchDocuments(ctx, s)
		}, 20},
		"a page of former addresses": {func(ctx context.Context, s *postgres.Store) error {
			list, err := s.FormerAddresses(ctx, uuid.Nil.String(), 10)
			if len(list) != 1 {
				t.Errorf("found %d addresses", len(list))
			}
			return err
		}, 10},
		"a page of revocations": {func(ctx context.Context, s *postgres.Store) error {
			list, err := s.RevokedWithin(ctx, time.Hour, session.Revocation{}, 100)
			if len(list) != 100 {
				t.Errorf("found %d revocations", len(list))
			}
			return err
		}, 300},
	} {
		t.Run(name, func(t *testing.T) {
			read := reading(t, url, func(s *postgres.Store) {
				for range 7 { // the plan of the sixth time may be one for any arguments
					if err := c.do(t.Context(), s); err != nil {
						t.Fatal(err)
					}
				}
			})
			if read > 7*c.most {
				t.Errorf("%d rows were read each time", read/7)
			}
		})
	}
}

// Deleting a row looks for all that refer to it. Whatever equals it is not null, so that an
// index of all that are not null has them, too.
func TestWhateverRefersToAnotherRowHasAnIndex(t *testing.T) {
	t.Parallel()
	url := server.Database(t)
	var without []string
	if err := connect(t, url).QueryRow(t.Context(), `
		SELECT array_agg(conname::text) FROM pg_constraint f
		WHERE contype = 'f' AND NOT EXISTS (
			SELECT FROM pg_index i JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
			WHERE i.indrelid = f.conrelid AND coalesce(pg_get_expr(i.indpred, i.indrelid) = '(' || a.attname || ' IS NOT NULL)' AND cardinality(f.conkey) = 1, true)
			AND (i.indkey::int2[])[0:cardinality(f.conkey) - 1] @> f.conkey)`).Scan(&without); err != nil {
		t.Fatal(err)
	}
	if len(without) > 0 {
		t.Errorf("no index begins with the columns of %v", without)
	}
}
