// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
)

// What the observer must refuse, each on the newest schema with full tables. A
// text that begins with alone is without a transaction.
func TestMigrationsThatBlockAreRefused(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"an index":                            "CREATE INDEX x ON users (name);",
		"a unique index":                      "CREATE UNIQUE INDEX x ON users (id, name);",
		"an index behind a comment":           "-- CREATE INDEX CONCURRENTLY\nCREATE INDEX x ON sessions (address);",
		"an index out of a string":            "DO $$ BEGIN EXECUTE 'CREATE IN' || 'DEX x ON users (name)'; END $$;",
		"an index of a table beside a new":    "CREATE TABLE t (id int); CREATE INDEX x ON t (id); CREATE INDEX y ON tickets (kind);",
		"a concurrent index in a transaction": "CREATE INDEX CONCURRENTLY x ON users (name);",
		"two concurrent indexes":              "alone CREATE INDEX CONCURRENTLY IF NOT EXISTS x ON users (name); CREATE INDEX CONCURRENTLY IF NOT EXISTS y ON users (locale);",
		"an index by itself":                  "alone CREATE INDEX x ON users (name);",
		"a primary key":                       "ALTER TABLE mail_quotas DROP CONSTRAINT mail_quotas_pkey, ADD PRIMARY KEY (account_key, since);",
		"a unique constraint":                 "ALTER TABLE users ADD UNIQUE (id, name);",
		"an exclusion":                        "ALTER TABLE users ADD EXCLUDE (email WITH =);",
		"a rebuilt index":                     "REINDEX INDEX users_by_role;",
		"rebuilt indexes":                     "alone REINDEX TABLE users;",
		"a check":                             "ALTER TABLE users ADD CHECK (name <> 'x');",
		"a check with a column":               "ALTER TABLE users ADD COLUMN x text CHECK (x <> 'x');",
		"a check that is validated at once":   "ALTER TABLE users ADD CONSTRAINT c CHECK (name <> 'x') NOT VALID; ALTER TABLE users VALIDATE CONSTRAINT c;",
		"a foreign key":                       "ALTER TABLE audit_events ADD FOREIGN KEY (target_id) REFERENCES users;",
		"a foreign key with a column":         "ALTER TABLE outbox ADD COLUMN x uuid DEFAULT NULL REFERENCES users; UPDATE outbox SET x = NULL;",
		"not null":                            "ALTER TABLE users ALTER COLUMN locale DROP NOT NULL; ALTER TABLE users ALTER COLUMN locale SET NOT NULL;",
		"another type":                        "ALTER TABLE attempts ALTER COLUMN failures TYPE bigint;",
		"a default of each row's own":         "ALTER TABLE users ADD COLUMN x uuid NOT NULL DEFAULT gen_random_uuid();",
		"a column that is computed":           "ALTER TABLE users ADD COLUMN x text GENERATED ALWAYS AS (lower(name)) STORED;",
		"an identity":                         "ALTER TABLE users ADD COLUMN x bigint GENERATED ALWAYS AS IDENTITY;",
		"another way of storing":              "ALTER TABLE users SET UNLOGGED;",
		"a change of every row":               "UPDATE users SET locale = 'en';",
		"a change of every row by itself":     "alone UPDATE users SET locale = 'en';",
		"a change behind a column":            "ALTER TABLE outbox ADD COLUMN x text; UPDATE audit_events SET detail = 'x' WHERE detail = 'y';",
		"a copy behind a reference":           "CREATE TABLE t (id uuid REFERENCES users); INSERT INTO t SELECT id FROM users;",
		"an end of every row":                 "DELETE FROM audit_events;",
		"an end of all rows":                  "TRUNCATE audit_events;",
		"a table that is written anew":        "alone VACUUM FULL users;",
		"a table that is sorted":              "alone CLUSTER users USING users_pkey;",
		"a column by itself":                  "alone ALTER TABLE users ADD COLUMN x text;",
		"an end of an index by itself":        "alone DROP INDEX users_by_role;",
		"a long wait for a lock":              "SET LOCAL lock_timeout = 0; ALTER TABLE users ADD COLUMN x text;",
		"a lock late in a block":              "alone DO $$ BEGIN PERFORM 1; COMMIT; ALTER TABLE users ADD COLUMN x text; END $$;",
		"what does not work":                  "ALTER TABLE nothing ADD COLUMN x text;",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			err := observed(t, text)
			if err == nil {
				t.Fatal("was let pass")
			}
			t.Log(err)
		})
	}
}

func TestMigrationsThatDoNotBlockPass(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"an index beside others":        "alone CREATE INDEX CONCURRENTLY IF NOT EXISTS x ON users (name);",
		"a unique index beside others":  "alone CREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS x ON users (id, name);",
		"an index that is there":        "alone CREATE INDEX CONCURRENTLY IF NOT EXISTS users_by_role ON users (role);",
		"an end of an index":            "DROP INDEX users_by_role;",
		"an end of an index in peace":   "alone DROP INDEX CONCURRENTLY IF EXISTS users_by_role;",
		"an index that is rebuilt":      "alone REINDEX INDEX CONCURRENTLY users_by_role;",
		"a column":                      "ALTER TABLE users ADD COLUMN x text;",
		"a column with a constant":      "ALTER TABLE users ADD COLUMN x boolean NOT NULL DEFAULT false;",
		"columns of two tables":         "ALTER TABLE users ADD COLUMN x text; ALTER TABLE sessions ADD COLUMN x text;",
		"a column that goes":            "ALTER TABLE users DROP COLUMN last_login_at;",
		"a table":                       "CREATE TABLE t (id uuid PRIMARY KEY REFERENCES users ON DELETE CASCADE, n int NOT NULL); CREATE INDEX x ON t (n); INSERT INTO t SELECT gen_random_uuid(), 1 WHERE false;",
		"a table that goes":             "DROP TABLE text_codes;",
		"a copy":                        "CREATE TABLE t AS SELECT id FROM users;",
		"a check for later":             "ALTER TABLE users ADD CONSTRAINT c CHECK (name <> 'x') NOT VALID;",
		"a check that is validated":     "ALTER TABLE users VALIDATE CONSTRAINT users_name_check;",
		"a foreign key for later":       "ALTER TABLE tickets ADD FOREIGN KEY (session_id) REFERENCES sessions NOT VALID;",
		"a change of few rows":          "UPDATE users SET locale = 'en' WHERE name = 'nobody';",
		"changes in many transactions":  "alone DO $$ DECLARE r record; n int := 0; BEGIN LOOP UPDATE users SET locale = 'en' WHERE id IN (SELECT id FROM users WHERE locale = '' LIMIT 50); EXIT WHEN NOT FOUND; COMMIT; END LOOP; END $$;",
		"a word in a comment":           "-- LOCK TABLE users, then CREATE INDEX\nALTER TABLE users ADD COLUMN x text;",
		"another type of the same form": "ALTER TABLE identities ALTER COLUMN email TYPE varchar;",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if err := observed(t, text); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMigrationsOfRelease8WouldBeRefused(t *testing.T) {
	t.Parallel()
	o := newObserver(t, bare(t))
	refused := []string{}
	for _, m := range filesOfRelease8(t, "99999").read(t) {
		if err := o.observe(m); err != nil {
			refused = append(refused, m.Name())
			t.Log(m.Name(), err)
			o.apply(m)
		}
		o.fill()
	}
	if want := "00002_accounts.sql 00006_mailed_links.sql 00008_administration.sql"; strings.Join(refused, " ") != want {
		t.Errorf("refused %v, want %s", refused, want)
	}
}

// What few rows do not show is seen in the text.
func TestMigrationsThatAreMisspeltAreRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, problem string }{
		"an index that would not be found": {"alone CREATE INDEX CONCURRENTLY x ON users (name);", "an unfinished one is not found"},
		"an index in other words":          {"alone create index concurrently if not exists x on users (name);", "an unfinished one is not found"},
		"several statements":               {"alone SELECT 1; SELECT 2;", "not one statement"},
		"a lock":                           {"LOCK TABLE users;", "locks a table"},
		"a lock without a table":           {"LOCK users;", "locks a table"},
		"locks of rows":                    {"SELECT count(id) FROM (SELECT id FROM users FOR UPDATE) u;", "locks rows"},
		"a rest":                           {"ALTER TABLE users ADD COLUMN x text; SELECT pg_sleep(60);", "waits"},
		"another limit":                    {"SET LOCAL lock_timeout = '1h'; ALTER TABLE users ADD COLUMN x text;", "sets how long to wait"},
		"a text in a block":                {"DO $$ BEGIN EXECUTE 'SELECT 1'; END $$;", "nobody has read"},
		"a text with a name":               {"DO $$ BEGIN EXECUTE format('DROP TABLE %I', 'x'); END $$;", "nobody has read"},
	} {
		problems := strings.Join(spellingProblems(migrationOf(t, c.text)), "; ")
		if !strings.Contains(problems, c.problem) {
			t.Errorf("%s: says %q, want %q", name, problems, c.problem)
		}
	}
	for _, m := range ownFiles(t).read(t) {
		if problems := spellingProblems(m); len(problems) > 0 {
			t.Errorf("%s: %v", m.Name(), problems)
		}
	}
}

func migrationOf(t *testing.T, text string) postgres.Migration {
	t.Helper()
	head := ""
	if rest, alone := strings.CutPrefix(text, "alone "); alone {
		head, text = "-- +goose NO TRANSACTION\n", rest
	}
	return files{"99999_case.sql": head + "-- +goose Up\n" + text + "\n-- +goose Down\n"}.read(t)[0]
}

func observed(t *testing.T, text string) error {
	t.Helper()
	o := newObserver(t, server.Database(t))
	o.fill()
	return o.observe(migrationOf(t, text))
}

// apply runs a migration without looking.
func (o *observer) apply(m postgres.Migration) {
	o.t.Helper()
	if _, err := o.other.Exec(o.t.Context(), m.Up()); err != nil {
		o.t.Fatal(err)
	}
}
