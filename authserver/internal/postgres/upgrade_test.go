// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

func place(url string) realmconfig.Place { return realmconfig.Place{URL: realmconfig.Credential(url)} }

// at is a database as a release has left it that ended with these files.
func at(t *testing.T, f files) string {
	t.Helper()
	url := bare(t)
	if err := postgres.MigrateWith(t.Context(), place(url), f.fs(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	return url
}

// schema is what there is, line by line.
func schema(t *testing.T, url string) []string {
	t.Helper()
	found, err := connect(t, url).Query(t.Context(), `
		SELECT 'column ' || c.relname || ' ' || a.attname || ' ' || format_type(a.atttypid, a.atttypmod) || ' ' || a.attnotnull
		    || coalesce(' ' || pg_get_expr(d.adbin, d.adrelid), '')
		FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace
		LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
		WHERE a.attnum > 0 AND NOT a.attisdropped
		UNION ALL
		SELECT 'constraint ' || conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) || ' ' || convalidated
		FROM pg_constraint WHERE connamespace = 'public'::regnamespace
		UNION ALL
		SELECT 'index ' || pg_get_indexdef(i.indexrelid) || ' ' || i.indisvalid
		FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid AND c.relnamespace = 'public'::regnamespace
		ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := pgx.CollectRows(found, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return lines
}

func sameSchema(t *testing.T, have, want []string) {
	t.Helper()
	for _, line := range have {
		if !slices.Contains(want, line) {
			t.Errorf("too much: %s", line)
		}
	}
	for _, line := range want {
		if !slices.Contains(have, line) {
			t.Errorf("missing: %s", line)
		}
	}
}

func TestEveryPathLeadsToTheSameSchema(t *testing.T) {
	t.Parallel()
	fresh := schema(t, server.Database(t))
	for version, from := range map[string]files{
		"1": filesOfRelease8(t, "00001"), "5": filesOfRelease8(t, "00005"), "6": filesOfRelease8(t, "00006"), "8": filesOfRelease8(t, "00008"),
	} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			url := at(t, from)
			if err := migrate(url); err != nil {
				t.Fatal(err)
			}
			sameSchema(t, schema(t, url), fresh)
		})
	}
}

// A reader, such as a backup, has the table for a while. Those who come after the
// migration wait for it no longer than it waits itself.
func TestAMigrationThatWaitsLetsOthersPass(t *testing.T) {
	t.Parallel()
	url := at(t, filesOfRelease8(t, "00005"))
	reader := connect(t, url)
	if _, err := reader.Exec(t.Context(), "BEGIN; SELECT FROM users"); err != nil {
		t.Fatal(err)
	}
	log := &bytes.Buffer{}
	migrated := make(chan error, 1)
	go func() {
		migrated <- postgres.Migrate(context.WithoutCancel(t.Context()), place(url), slog.New(slog.NewTextHandler(log, nil)))
	}()
	other := connect(t, url)
	for waits := 0; waits < 2; {
		waiting := false
		if err := other.QueryRow(t.Context(), `SELECT EXISTS (
			SELECT FROM pg_locks WHERE relation = 'users'::regclass AND mode = 'AccessExclusiveLock' AND NOT granted)`).Scan(&waiting); err != nil {
			t.Fatal(err)
		}
		if !waiting {
			continue
		}
		began := time.Now()
		if _, err := other.Exec(t.Context(), "SET lock_timeout = '3s'; UPDATE users SET last_login_at = now()"); err != nil {
			t.Fatalf("after %s: %v", time.Since(began), err)
		}
		waits++
	}
	if err := reader.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-migrated; err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "others use the table") {
		t.Errorf("the log says nothing of the wait:\n%s", log)
	}
}

// Rows of links that open nothing do not keep the index of good ones away.
func TestLinksOfRelease5DoNotStandInTheWay(t *testing.T) {
	t.Parallel()
	url := at(t, filesOfRelease8(t, "00005"))
	conn := connect(t, url)
	if _, err := conn.Exec(t.Context(), `
		INSERT INTO users (id, email, password_hash, created_at) VALUES (gen_random_uuid(), 'ann@example.com', 'hash', now());
		INSERT INTO tickets (hash, kind, user_id, created_at, expires_at)
		SELECT sha256(i::text::bytea), CASE WHEN i <= 2 THEN 'reset' ELSE 'challenge' END, id, now(), now()
		FROM users, generate_series(1, 4) AS i`); err != nil {
		t.Fatal(err)
	}
	if err := migrate(url); err != nil {
		t.Fatal(err)
	}
	if n := count(t, url, "tickets WHERE kind = 'challenge'"); n != 2 {
		t.Errorf("%d other tickets are left", n)
	}
	if n := count(t, url, "tickets"); n != 2 {
		t.Errorf("%d tickets are left", n)
	}
}

// Down undoes what Up has done, for those who have to act by hand.
func TestEveryMigrationCanBeTakenBackAndDoneAgain(t *testing.T) {
	t.Parallel()
	url := bare(t)
	conn := connect(t, url)
	run := func(name, statement string) {
		if _, err := conn.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	all := ownFiles(t).read(t)
	for _, m := range all {
		run(m.Name(), m.Up())
	}
	before := schema(t, url)
	for _, m := range slices.Backward(all) {
		run(m.Name(), m.Down())
	}
	if left := schema(t, url); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
	for _, m := range all {
		run(m.Name(), m.Up())
	}
	sameSchema(t, schema(t, url), before)
}

// A role may have limits that are made for requests.
func TestLimitsOfTheRoleDoNotEndAMigration(t *testing.T) {
	t.Parallel()
	private, url := guarded(t)
	private.Execute(t, "ALTER ROLE postgres SET statement_timeout = '300ms'")
	private.Execute(t, "ALTER ROLE postgres SET lock_timeout = '100ms'")
	conn := connect(t, url)
	if _, err := conn.Exec(t.Context(), "SET statement_timeout = 0; DROP SCHEMA public CASCADE; CREATE SCHEMA public"); err != nil {
		t.Fatal(err)
	}
	if err := postgres.MigrateWith(t.Context(), place(url), filesOfRelease8(t, "00005").fs(), slog.New(slog.DiscardHandler)); err != nil {
		t.Fatal(err)
	}
	reader := connect(t, url) // which the build of an index has to wait for
	if _, err := reader.Exec(t.Context(), "SET statement_timeout = 0; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM sessions"); err != nil {
		t.Fatal(err)
	}
	migrated := make(chan error, 1)
	go func() {
		migrated <- postgres.Migrate(context.WithoutCancel(t.Context()), place(url), slog.New(slog.DiscardHandler))
	}()
	eventually.Holds(t, "an index waits for the reader for longer than the role may", func() bool {
		waits := false
		if err := conn.QueryRow(t.Context(), `SELECT EXISTS (SELECT FROM pg_stat_activity
			WHERE query LIKE '%INDEX CONCURRENTLY%' AND wait_event = 'virtualxid' AND now() - query_start > interval '1s')`).Scan(&waits); err != nil {
			t.Fatal(err)
		}
		return waits
	})
	if err := reader.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-migrated; err != nil {
		t.Fatal(err)
	}
}
