// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

func (r *realm) migrate() error {
	return r.Migrate(r.t.Context())
}

// empty takes away what the template has brought.
func (r *realm) empty() {
	r.t.Helper()
	r.Exec("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
}

func TestMigrateManyAtOnce(t *testing.T) {
	t.Parallel()
	r := newRealmOn(t, suite.postgres.Database(t), "redis://127.0.0.1:1/0")
	r.empty()
	race.Run(8, func(int) {
		if err := r.migrate(); err != nil {
			t.Error(err)
		}
	})
	if users := query[int](r, "SELECT count(*) FROM users WHERE role = 'admin'"); users != 1 {
		t.Errorf("%d initial admins", users)
	}
	r.serve().login()
}

func TestMigrateKeepsAnExistingUser(t *testing.T) {
	t.Parallel()
	r := newRealmOn(t, suite.postgres.Database(t), "redis://127.0.0.1:1/0")
	r.Mount(map[string]any{
		realmconfig.InitialAdminEmailFile: " ADMIN@example.com ", realmconfig.InitialAdminPasswordFile: "another one",
	})
	if err := r.migrate(); err != nil {
		t.Fatal(err)
	}
	r.serve().login() // with the first password
}

func TestMigrateWithoutAnInitialAdmin(t *testing.T) {
	t.Parallel()
	r := newRealmOn(t, suite.postgres.Database(t), "redis://127.0.0.1:1/0")
	r.empty()
	if err := os.RemoveAll(filepath.Join(r.Dir, "initial-admin")); err != nil {
		t.Fatal(err)
	}
	if err := r.migrate(); err != nil {
		t.Fatal(err)
	}
	if users := query[int](r, "SELECT count(*) FROM users"); users != 0 {
		t.Errorf("%d users", users)
	}
}

func TestMigrateRefusesABadInitialAdmin(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ email, password, problem string }{
		"no address":          {"admin", "secret-1", "initial-admin/email: must be an e-mail address"},
		"no password":         {adminEmail, "", "initial-admin/password: must be 1 to 72 bytes"},
		"a password too long": {adminEmail, strings.Repeat("secret-2", 10), "initial-admin/password: must be 1 to 72 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealmOn(t, suite.postgres.Database(t), "redis://127.0.0.1:1/0")
			r.Mount(map[string]any{
				realmconfig.InitialAdminEmailFile: c.email, realmconfig.InitialAdminPasswordFile: c.password,
			})
			err := r.migrate()
			if err == nil || err.Error() != c.problem {
				t.Errorf("error is %v, want %s", err, c.problem)
			}
		})
	}
}

func TestMigrateWaitsForTheDatabase(t *testing.T) {
	t.Parallel()
	// An address that refuses at first and then leads to the real server.
	address := freeAddress(t)
	direct := suite.postgres.Database(t)
	config, err := pgx.ParseConfig(direct)
	if err != nil {
		t.Fatal(err)
	}
	target := net.JoinHostPort(config.Host, strconv.Itoa(int(config.Port)))
	r := newRealmOn(t, strings.Replace(direct, target, address, 1), "redis://127.0.0.1:1/0")

	migrated := make(chan error, 1)
	go func() { migrated <- r.migrate() }()
	select {
	case err := <-migrated:
		t.Fatalf("did not wait: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
	newBalancer(t, address, func() []string { return []string{target} })
	if err := <-migrated; err != nil {
		t.Fatal(err)
	}
}

func TestMigrateSaysWhatItWaitsForAndFollowsTheMount(t *testing.T) {
	t.Parallel()
	r := newRealmOn(t, "postgres://app:hunter2@127.0.0.1:1/app", "redis://127.0.0.1:1/0")
	ops := realmtest.Listen(t, "127.0.0.1:0")
	migrated := make(chan error, 1)
	r.Options.Ops = ops
	go func() { migrated <- r.Migrate(t.Context()) }()
	says := func(words string) {
		t.Helper()
		eventually.Succeeds(t, func(context.Context) error { return saysOfDatabase(ops.Addr(), words) })
	}
	says("connection refused")
	r.Mount(map[string]any{realmconfig.DatabaseURLFile: "mysql://app:hunter2@db/app"})
	says("must be a URL that starts with postgres://")
	good := suite.postgres.Database(t)
	r.mountDatabase(testenv.Pooled(t, good, "pool_mode = statement"))
	says("it must have pool_mode = transaction, or session")
	r.mountDatabase(good)
	if err := <-migrated; err != nil {
		t.Fatal(err)
	}
}

// saysOfDatabase returns an error unless a migration that waits says so.
func saysOfDatabase(ops net.Addr, words string) error {
	response, err := http.Get("http://" + ops.String() + realmconfig.ReportPath)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	var report realmconfig.Report
	if err := json.NewDecoder(response.Body).Decode(&report); err != nil {
		return err
	}
	switch said := report.DatabaseProblem; {
	case len(suite.secrets.in(said)) > 0:
		return errors.New("it tells a secret")
	case !strings.Contains(said, words):
		return fmt.Errorf("it says %q, want %q", said, words)
	}
	return nil
}

func TestServeRefusesAnOldSchema(t *testing.T) {
	t.Parallel()
	r := newRealmOn(t, suite.postgres.Database(t), "redis://127.0.0.1:1/0")
	r.empty()
	r.Options.API, r.Options.Ops = realmtest.Listen(t, "127.0.0.1:0"), realmtest.Listen(t, "127.0.0.1:0")
	err := authserver.Run(t.Context(), r.Options)
	if err == nil || !strings.Contains(err.Error(), "run migrate") {
		t.Errorf("error is %v", err)
	}
}

func TestServeAcceptsANewerSchema(t *testing.T) {
	t.Parallel()
	r := newRealmOn(t, suite.postgres.Database(t), "redis://127.0.0.1:1/0")
	query[int](r, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (99999, true) RETURNING id")
	r.serve().login()
}
