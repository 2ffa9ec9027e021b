// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// PostgresURLVariable names the environment variable that replaces the server
// of SharedPostgres: a URL whose user may create databases.
const PostgresURLVariable = "REALMKEEPER_TEST_POSTGRES_URL"

// Postgres is a real PostgreSQL server that lasts as long as its tests.
type Postgres struct {
	url      *url.URL
	folder   string // empty when the server is not ours
	port     int
	daemon   *daemon
	settings []string // "name=value", over what PostgreSQL has by itself
	template string
	made     atomic.Int64
}

// SharedPostgres is the server that the environment names, or a new one.
func SharedPostgres(ctx context.Context) (*Postgres, error) {
	given := os.Getenv(PostgresURLVariable)
	if given == "" {
		return StartPostgres(ctx)
	}
	u, err := url.Parse(given)
	if err != nil {
		return nil, fmt.Errorf("read %s: it is not a URL", PostgresURLVariable)
	}
	return &Postgres{url: u}, nil
}

// quick are the settings of a server that is not durable: nothing is ever flushed to
// the disk.
func quick() []string {
	return []string{"fsync=off", "full_page_writes=off", "max_connections=300", "shared_buffers=32MB", "autovacuum=off"}
}

// StartPostgres runs a new server in a temporary folder. It is quick, not durable.
func StartPostgres(ctx context.Context) (*Postgres, error) {
	folder, err := newFolder("postgres")
	if err != nil {
		return nil, err
	}
	return startPostgres(ctx, folder, quick())
}

// StartPostgresOnDisk runs a new server with the settings that PostgreSQL has by
// itself, and those that are given ("name=value"), in a temporary folder on a disk: it
// may grow beyond the memory, and does all that a database in service does.
func StartPostgresOnDisk(ctx context.Context, settings ...string) (*Postgres, error) {
	folder, err := os.MkdirTemp(os.TempDir(), "realmkeeper-postgres-")
	if err != nil {
		return nil, fmt.Errorf("make folder for postgres: %w", err)
	}
	if err := own(folder); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return startPostgres(ctx, folder, settings)
}

func startPostgres(ctx context.Context, folder string, settings []string) (*Postgres, error) {
	p := &Postgres{folder: folder, settings: settings}
	if err := p.initialise(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	if err := p.startFirst(ctx); err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	return p, nil
}

// startFirst starts the server at an address of its own, which stays its address.
func (p *Postgres) startFirst(ctx context.Context) (err error) {
	if p.port, err = FreePort(); err != nil {
		return err
	}
	p.url = &url.URL{
		Scheme: "postgres", User: url.UserPassword("postgres", "unused"),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port)), Path: "/postgres", RawQuery: "sslmode=disable",
	}
	return p.Start(ctx)
}

// debianPostgres is where Debian keeps the servers, one folder for each major
// version. It comes before PATH, which may hold somebody's wrapper.
const debianPostgres = "/usr/lib/postgresql/*/bin"

func (p *Postgres) initialise(ctx context.Context) error {
	return p.run(ctx, "initdb", "--no-sync", "--auth=trust", "--username=postgres",
		"--encoding=UTF8", "--locale=C", "--pgdata="+p.data())
}

// run runs one of PostgreSQL's programs as the user of the server.
func (p *Postgres) run(ctx context.Context, name string, args ...string) error {
	path, err := program(name, debianPostgres)
	if err != nil {
		return err
	}
	credential, err := unprivileged()
	if err != nil {
		return err
	}
	command := exec.CommandContext(ctx, path, args...)
	command.Dir = p.folder
	command.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", name, err, out)
	}
	return nil
}

func (p *Postgres) data() string { return filepath.Join(p.folder, "data") }

// Start starts the server again after a Halt, at the same address.
func (p *Postgres) Start(ctx context.Context) (err error) {
	server, err := program("postgres", debianPostgres)
	if err != nil {
		return err
	}
	argv := []string{server, "-D", p.data(), "-p", strconv.Itoa(p.port), "-h", "127.0.0.1", "-k", p.folder}
	for _, s := range p.settings {
		argv = append(argv, "-c", s)
	}
	if p.daemon, err = startDaemon(p.folder, "INT", argv...); err != nil {
		return err
	}
	return p.daemon.await(ctx, p.ping)
}

func (p *Postgres) ping(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, p.url.String())
	if err != nil {
		return err
	}
	return conn.Close(ctx)
}

// Configure starts the server anew with other settings in place of those it was
// started with.
func (p *Postgres) Configure(ctx context.Context, settings ...string) error {
	p.settings = settings
	return errors.Join(p.Halt(), p.Start(ctx))
}

// Log is the file to which the server writes what happens.
func (p *Postgres) Log() string { return filepath.Join(p.folder, "log") }

// Halt stops the server and ends its connections; its data stays for a Start.
func (p *Postgres) Halt() error {
	err := p.daemon.halt()
	p.daemon = nil
	return err
}

// Stop ends the server and removes its folder. A server that the environment
// named goes on, without the template.
func (p *Postgres) Stop() error {
	switch {
	case p.daemon != nil:
		return p.daemon.stop()
	case p.folder != "":
		return os.RemoveAll(p.folder)
	case p.template != "":
		return p.execute(context.Background(), "DROP DATABASE "+p.template)
	default:
		return nil
	}
}

// Prepare makes the template that every later Database is a copy of, and lets
// fill bring it into shape.
func (p *Postgres) Prepare(ctx context.Context, fill func(url string) error) error {
	name := fmt.Sprintf("template_%d", os.Getpid())
	if err := p.execute(ctx, "CREATE DATABASE "+name); err != nil {
		return err
	}
	if err := fill(p.urlOf(name)); err != nil {
		return fmt.Errorf("fill template database: %w", err)
	}
	p.template = name
	return nil
}

// Prepared reports whether there is a template.
func (p *Postgres) Prepared() bool { return p.template != "" }

// Database is the URL of a new database of the test's own, a copy of the
// template if there is one.
func (p *Postgres) Database(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("test_%d_%d", os.Getpid(), p.made.Add(1))
	statement := "CREATE DATABASE " + name
	if p.template != "" {
		// The default writes every page to the log too, which takes three times as long.
		statement += " TEMPLATE " + p.template + " STRATEGY file_copy"
	}
	if err := p.execute(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if p.folder != "" && p.daemon == nil {
			return // a server that was halted for good takes its databases with it
		}
		// The context of t is done by now.
		if err := p.execute(context.Background(), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)"); err != nil {
			t.Errorf("drop database: %v", err)
		}
	})
	return p.urlOf(name)
}

func (p *Postgres) urlOf(database string) string {
	u := *p.url
	u.Path = "/" + database
	return u.String()
}

func (p *Postgres) execute(ctx context.Context, statement string) error {
	conn, err := pgx.Connect(ctx, p.url.String())
	if err != nil {
		return fmt.Errorf("connect to test server: %w", err)
	}
	defer func() { _ = conn.Close(ctx) }()
	if _, err := conn.Exec(ctx, statement); err != nil {
		return fmt.Errorf("%s: %w", statement, err)
	}
	return nil
}
