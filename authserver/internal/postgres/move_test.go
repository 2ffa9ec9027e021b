// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// as is a place as another user sees it.
func as(t *testing.T, database, user, password, query string) realmconfig.Place {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.User, u.RawQuery = url.UserPassword(user, password), query
	return realmconfig.Place{URL: realmconfig.Credential(u.String())}
}

func guarded(t *testing.T) (p *testenv.Postgres, database string) {
	t.Helper()
	p = testenv.NewPostgres(t)
	if err := p.Prepare(t.Context(), migrate); err != nil {
		t.Fatal(err)
	}
	p.AskForPasswords(t)
	p.Execute(t, "CREATE ROLE app LOGIN PASSWORD 'first' IN ROLE pg_read_all_data, pg_write_all_data")
	return p, p.Database(t)
}

func open(t *testing.T, p realmconfig.Place) *postgres.Store {
	t.Helper()
	store, err := postgres.Open(t.Context(), p, postgres.Options{Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return store
}

// The password is another one and the store does not know it yet: two connections
// have to do for everybody, and do.
func TestARefusedConnectionFailsNobodyWhileOthersWork(t *testing.T) {
	t.Parallel()
	p, database := guarded(t)
	store := open(t, as(t, database, "app", "first", ""))
	warm(t, store)
	p.Execute(t, "ALTER ROLE app PASSWORD 'second'")
	release := holdBack(t, database)
	callers := ask(t, store)
	select {
	case <-store.Failing():
	case <-time.After(eventually.Patience):
		t.Error("nobody was told that connections are refused")
	}
	release()
	callers.Wait()
	if err := store.Look(t.Context()); err == nil || !strings.Contains(err.Error(), `password authentication failed for user "app"`) {
		t.Errorf("a look says %v", err)
	}
	if err := store.Move(t.Context(), as(t, database, "app", "third", "")); err == nil {
		t.Error("moved to where it is refused")
	}
	ask(t, store).Wait()
	if err := store.Move(t.Context(), as(t, database, "app", "second", "")); err != nil {
		t.Fatal(err)
	}
	ask(t, store).Wait()
	if err := store.Look(t.Context()); err != nil {
		t.Error(err)
	}
}

// warm returns when the connections are there that are always kept.
func warm(t *testing.T, store *postgres.Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), eventually.Patience)
	defer cancel()
	for {
		if err := store.CheckSchema(ctx); err != nil {
			t.Fatal(err)
		}
		if open, used := store.Connections(); open-used >= 2 {
			return
		}
	}
}

// holdBack keeps a database from answering CheckSchema until release, or else a
// quick one may have answered one caller before the next one asks.
func holdBack(t *testing.T, database string) (release func()) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Exec(t.Context(), "BEGIN; LOCK TABLE goose_db_version"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := conn.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// ask has more callers than a store may have connections.
func ask(t *testing.T, store *postgres.Store) *sync.WaitGroup {
	t.Helper()
	group := &sync.WaitGroup{}
	for range 12 {
		group.Go(func() {
			for range 5 {
				if err := store.CheckSchema(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	return group
}

func TestMovesUnderLoadFailNobody(t *testing.T) {
	t.Parallel()
	_, database := guarded(t)
	here, there := as(t, database, "app", "first", "pool_max_conns=3"), as(t, database, "app", "first", "pool_max_conns=2")
	store := open(t, here)
	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range 10 {
		group.Go(func() {
			for ctx.Err() == nil {
				if err := store.CheckSchema(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 10 {
		for _, place := range []realmconfig.Place{there, here} {
			if err := store.Move(t.Context(), place); err != nil {
				t.Error(err)
			}
		}
	}
	stop()
	group.Wait()
}

func TestMovesOnlyToADatabaseWithTheSchema(t *testing.T) {
	t.Parallel()
	p, database := guarded(t)
	p.Execute(t, "CREATE DATABASE bare TEMPLATE template0")
	store := open(t, as(t, database, "app", "first", ""))
	err := store.Move(t.Context(), realmconfig.Place{URL: realmconfig.Credential("postgres://app:first@" + p.Address() + "/bare")})
	if !errors.Is(err, postgres.ErrSchemaTooOld) {
		t.Errorf("error is %v", err)
	}
	if err := store.CheckSchema(t.Context()); err != nil {
		t.Errorf("the old place is not in force: %v", err)
	}
}
