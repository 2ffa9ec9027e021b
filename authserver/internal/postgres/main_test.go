// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// server is set by TestMain alone.
var server *testenv.Postgres

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	started, err := testenv.SharedPostgres(context.Background())
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = started.Stop() }()
	server = started
	if err := server.Prepare(context.Background(), migrate); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return m.Run()
}

func migrate(url string) error {
	return postgres.Migrate(context.Background(), realmconfig.Place{URL: realmconfig.Credential(url)}, slog.New(slog.DiscardHandler))
}

// patience lets a statement take its time on a machine that is busy with other things.
const patience = 20 * time.Second

func newStore(t *testing.T) *postgres.Store {
	t.Helper()
	store, _ := newStoreAt(t)
	return store
}

// newStoreAt also gives the database's URL, to look at the rows themselves.
func newStoreAt(t *testing.T) (*postgres.Store, string) {
	t.Helper()
	url := server.Database(t)
	store, err := postgres.Open(t.Context(), realmconfig.Place{URL: realmconfig.Credential(url)}, postgres.Options{Timeout: patience})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return store, url
}

func execute(t *testing.T, url, statement string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func count(t *testing.T, url, table string) int {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	n := 0
	if err := conn.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}
