// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"cmp"
	"context"
	"log/slog"
	"strings"
	"testing"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// use has many callers write and read at once through a store.
func use(t *testing.T, s *postgres.Store, callers int) {
	t.Helper()
	started := raceOf(t, callers, func(int) (bool, error) {
		for range 5 {
			ann := auth.User{ID: uuid.NewString(), Email: uuid.NewString() + "@example.com", Role: auth.UserRole, CreatedAt: start}
			if _, err := s.AddUser(t.Context(), ann, nil, auth.Effects{}); err != nil {
				return false, err
			}
			if _, found, err := s.UserByEmail(t.Context(), mailaddress.Address(ann.Email)); err != nil || !found {
				return false, err
			}
			if _, err := s.RevokedWithin(t.Context(), 1, session.Revocation{}, 1); err != nil {
				return false, err
			}
		}
		return true, nil
	})
	if started != callers {
		t.Errorf("%d of %d callers were served", started, callers)
	}
}

// What is prepared for one session is not there in the next.
func TestAStoreWorksThroughEveryPoolerThatHasTransactions(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		settings []string
		query    string
		problem  string // that is told, although everybody is served
		prepares bool
		callers  int // at once; as many as elsewhere when zero
	}{
		"transactions":                         {},
		"transactions, one after another":      {settings: []string{"server_round_robin = 1"}},
		"transactions, in one session":         {settings: []string{"default_pool_size = 1"}},
		"connections":                          {settings: []string{"pool_mode = session", "default_pool_size = 20"}},
		"fewer sessions than connections":      {settings: []string{"pool_mode = session", "default_pool_size = 2"}, problem: "no session of PostgreSQL to spare", callers: 8},
		"connections, whose sessions are kept": {settings: []string{"pool_mode = session", "default_pool_size = 20"}, query: "&default_query_exec_mode=cache_statement", prepares: true},
		"a pooler that the URL denies":         {query: "&default_query_exec_mode=cache_statement"},
		"a pooler, and a URL that is wrong":    {query: "&default_query_exec_mode=describe_exec"},
		"a pooler, and a URL that keeps none":  {query: "&statement_cache_capacity=0", prepares: true},
		"a pooler, and nothing to describe by": {query: "&description_cache_capacity=0"},
		"a pooler that the URL knows of":       {query: "&default_query_exec_mode=exec", prepares: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			through := place(testenv.Pooled(t, server.Database(t), c.settings...) + c.query)
			store := open(t, through)
			if err := store.CheckSchema(t.Context()); err != nil { // with a connection that others can wait for
				t.Error(err)
			}
			use(t, store, cmp.Or(c.callers, callers))
			extend(t, store, start, week) // which takes several statements in one session
			if err := store.Look(t.Context()); (err != nil) != (c.problem != "") || err != nil && !strings.Contains(err.Error(), c.problem) {
				t.Errorf("a look says %v", err)
			}
			if store.Prepares() != c.prepares {
				t.Errorf("goes by the URL: %t", !c.prepares)
			}
			if c.problem != "" {
				return
			}
			for range 2 {
				if err := store.Move(t.Context(), through); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

// Those that are refused wait for those that are there.
func TestAPoolerThatRefusesMoreConnectionsFailsNobody(t *testing.T) {
	t.Parallel()
	store := open(t, place(testenv.Pooled(t, server.Database(t), "max_client_conn = 3")))
	eventually.Succeeds(t, store.CheckSchema)
	use(t, store, callers)
}

func TestStatementsArePreparedWhereSessionsAreOurs(t *testing.T) {
	t.Parallel()
	store := newStore(t)
	use(t, store, callers)
	if !store.Prepares() {
		t.Error("a session of one's own was taken for a pooler's")
	}
}

func TestWhatAPoolerCannotDoIsSaid(t *testing.T) {
	t.Parallel()
	url := server.Database(t)
	for name, c := range map[string]struct {
		query, problem string
		settings       []string
	}{
		"transactions": {
			settings: []string{"pool_mode = statement"},
			problem:  "the pooler gives every statement another session, and migrations need transactions: it must have pool_mode = transaction, or session",
		},
		"parameters of sessions": {
			query:   "&search_path=app",
			problem: "unsupported startup parameter: search_path; a pooler takes no parameters for sessions from the URL: set them for the role, by ALTER ROLE … SET",
		},
		"any more connections": {settings: []string{"max_client_conn = 0"}, problem: "no more connections allowed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			through := place(testenv.Pooled(t, url, c.settings...) + c.query)
			if err := look(t, through); err == nil || !strings.Contains(err.Error(), c.problem) {
				t.Errorf("a look says %v", err)
			}
			store := open(t, place(url))
			if err := store.Move(t.Context(), through); err == nil || !strings.Contains(err.Error(), c.problem) {
				t.Errorf("a move says %v", err)
			}
			use(t, store, callers)
		})
	}
}

// Where sessions are others' in the next moment, nobody can do without a limit of
// the role for the length of one statement.
func TestAMigrationSaysWhatItNeedsASessionFor(t *testing.T) {
	t.Parallel()
	private, url := guarded(t)
	conn := connect(t, url)
	if _, err := conn.Exec(t.Context(), "DROP SCHEMA public CASCADE; CREATE SCHEMA public"); err != nil {
		t.Fatal(err)
	}
	migrateWith := func(f files, through string) error {
		return postgres.MigrateWith(context.WithoutCancel(t.Context()), place(through), f.fs(), slog.New(slog.DiscardHandler))
	}
	if err := migrateWith(ownFiles(t).upTo("00006"), url); err != nil {
		t.Fatal(err)
	}
	reader := connect(t, url) // which the build of an index has to wait for
	if _, err := reader.Exec(t.Context(), "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM sessions"); err != nil {
		t.Fatal(err)
	}
	private.Execute(t, "ALTER ROLE postgres SET statement_timeout = '300ms'")
	err := migrateWith(ownFiles(t), testenv.Pooled(t, url))
	if err == nil || !strings.Contains(err.Error(), "ALTER ROLE … SET statement_timeout = 0") {
		t.Errorf("error is %v", err)
	}
	private.Execute(t, "ALTER ROLE postgres SET statement_timeout = 0")
	migrated := make(chan error, 1)
	go func() { migrated <- migrateWith(ownFiles(t), testenv.Pooled(t, url)) }()
	eventually.Holds(t, "the index is built again", func() bool {
		return count(t, url, "pg_stat_progress_create_index WHERE datname = current_database()") == 1
	})
	if err := reader.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-migrated; err != nil {
		t.Error(err)
	}
}
