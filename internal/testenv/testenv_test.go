// SPDX-License-Identifier: Apache-2.0

package testenv_test

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"net/url"
	"os"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

func TestPostgresKeepsItsDataOverAHalt(t *testing.T) {
	t.Parallel()
	p, err := testenv.StartPostgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	err = p.Prepare(t.Context(), func(url string) error { return execute(t, url, "CREATE TABLE seen (n int)") })
	if err != nil {
		t.Fatal(err)
	}
	database := p.Database(t)
	if err := execute(t, database, "INSERT INTO seen VALUES (1)"); err != nil {
		t.Fatalf("a database is not a copy of the template: %v", err)
	}
	if err := p.Halt(); err != nil {
		t.Fatal(err)
	}
	if err := execute(t, database, "SELECT 1"); err == nil {
		t.Fatal("a halted server answers")
	}
	if err := p.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := execute(t, database, "SELECT 1 / count(*) FROM seen"); err != nil {
		t.Fatalf("the row is gone: %v", err)
	}
}

func TestPostgresIsConfiguredAnew(t *testing.T) {
	t.Parallel()
	p, err := testenv.StartPostgresOnDisk(t.Context(), "work_mem=7MB")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
	database := p.Database(t)
	if err := execute(t, database, "CREATE TABLE seen AS SELECT current_setting('work_mem') AS work_mem, current_setting('fsync') AS fsync"); err != nil {
		t.Fatal(err)
	}
	if err := p.Configure(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := execute(t, database, "INSERT INTO seen SELECT current_setting('work_mem'), current_setting('fsync')"); err != nil {
		t.Fatal(err)
	}
	if err := execute(t, database, "SELECT 1 / (array_agg(work_mem || ' ' || fsync) = ARRAY['7MB on', '4MB on'])::int FROM seen"); err != nil {
		t.Errorf("it has other settings: %v", err)
	}
}

func TestPostgresLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	p, err := testenv.StartPostgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	folder := ""
	conn, err := pgx.Connect(t.Context(), serverURL(t, p))
	if err != nil {
		t.Fatal(err)
	}
	if err := conn.QueryRow(t.Context(), "SHOW data_directory").Scan(&folder); err != nil {
		t.Fatal(err)
	}
	_ = conn.Close(t.Context())
	if err := p.Stop(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(folder); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%s is still there: %v", folder, err)
	}
}

func TestRedisForgetsAndComesBack(t *testing.T) {
	t.Parallel()
	r := testenv.StartRedis(t)
	r.Flush(t)
	r.Stop(t)
	u, err := url.Parse(r.URL())
	if err != nil {
		t.Fatal(err)
	}
	if conn, err := net.Dial("tcp", u.Host); err == nil {
		_ = conn.Close()
		t.Error("a stopped server answers")
	}
	r.Start(t)
	r.Flush(t)
}

func execute(t *testing.T, url, statement string) error {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(t.Context(), statement)
	return err
}

func serverURL(t *testing.T, p *testenv.Postgres) string {
	t.Helper()
	url := ""
	if err := p.Prepare(t.Context(), func(u string) error { url = u; return nil }); err != nil {
		t.Fatal(err)
	}
	return url
}
