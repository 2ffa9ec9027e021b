// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// A pooler gives every transaction, or every connection, another session, of which
// only few exist. The realm is not told that there is one.
func TestARealmLivesBehindAPooler(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string][]string{
		"of transactions":               {"pool_mode = transaction"},
		"of transactions, in all turns": {"pool_mode = transaction", "server_round_robin = 1"},
		"of connections":                {"pool_mode = session", "default_pool_size = 50"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealmOn(t, testenv.Pooled(t, suite.postgres.Database(t), settings...), testenv.RedisURL(t))
			r.empty()
			race.Run(4, func(int) {
				if err := r.migrate(); err != nil {
					t.Error(err)
				}
			})
			servers := []*server{r.serve(), r.serve()}
			admin := servers[0].login().Access
			race.Run(16, func(i int) { servers[i%2].liveALife(admin, servers[(i+1)%2], fmt.Sprintf("user-%d@example.com", i)) })
		})
	}
}

// liveALife is all that becomes of a user, at one server and another.
func (s *server) liveALife(admin string, other *server, email string) {
	user := s.createUser(admin, email, "")
	session := s.tokensOf(s.tryLogin(email, strangerPassword))
	for range 3 {
		session = s.refresh(session.Refresh)
		session = other.refresh(session.Refresh)
	}
	if a := other.profile(session.Access); a.Status != http.StatusOK {
		s.t.Errorf("profile answered %d %s", a.Status, a.Body)
	}
	if a := s.as(session.Access, http.MethodPost, "/api/auth/logout", map[string]string{}); a.Status != http.StatusNoContent {
		s.t.Errorf("logout answered %d %s", a.Status, a.Body)
	}
	if a := other.tryRefresh(session.Refresh); a.Status != http.StatusUnauthorized {
		s.t.Errorf("after the logout, refresh answered %d %s", a.Status, a.Body)
	}
	if a := other.as(admin, http.MethodDelete, "/api/admin/users/"+user.ID, nil); a.Status != http.StatusNoContent {
		s.t.Errorf("deletion answered %d %s", a.Status, a.Body)
	}
}

func TestARealmGoesBehindAPoolerAndBackUnderLoad(t *testing.T) {
	t.Parallel()
	direct := suite.postgres.Database(t)
	r := newRealmOn(t, direct, testenv.RedisURL(t))
	s := r.serve()
	c := s.gather(4)
	c.goesOn("at first")
	for range 2 {
		s.runs(r.mountDatabase(testenv.Pooled(t, direct)))
		c.goesOn("behind the pooler")
		s.runs(r.mountDatabase(direct))
		c.goesOn("without it")
	}
	c.leaves()
}

// A role has limits, which a migration does without where it has a session to say so in.
func TestAMigrationWaitsForWhatThePoolerCannotDo(t *testing.T) {
	t.Parallel()
	p := realmtest.NewPostgres(t, logger())
	direct := p.Database(t)
	r := newRealmOn(t, direct, "redis://127.0.0.1:1/0")
	r.empty()
	reader := connectTo(t, direct) // the build of an index has to wait for it
	if _, err := reader.Exec(t.Context(), "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM pg_class"); err != nil {
		t.Fatal(err)
	}
	p.Execute(t, "ALTER ROLE postgres SET statement_timeout = '300ms'")
	r.mountDatabase(testenv.Pooled(t, direct, "server_lifetime = 1")) // as if told to RECONNECT
	ops := realmtest.Listen(t, "127.0.0.1:0")
	r.Options.Ops = ops
	migrated := make(chan error, 1)
	go func() { migrated <- r.Migrate(t.Context()) }()
	eventually.Succeeds(t, func(context.Context) error {
		return saysOfDatabase(ops.Addr(), "ALTER ROLE … SET statement_timeout = 0")
	})
	p.Execute(t, "ALTER ROLE postgres SET statement_timeout = 0")
	if err := reader.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := <-migrated; err != nil {
		t.Error(err)
	}
}

// A pooler that has connected to a standby stays there, whoever is the primary by
// then, since its connections are good.
func TestAPoolerIsLedAwayFromAStandby(t *testing.T) {
	t.Parallel()
	primary := realmtest.NewPostgres(t, logger())
	database := primary.Database(t)
	standby := primary.Standby(t)
	target := atomic.Value{}
	target.Store(primary.Address())
	relay := newBalancer(t, "127.0.0.1:0", func() []string { return []string{target.Load().(string)} })
	r := newRealmOn(t, testenv.Pooled(t, at(t, database, relay.String()), "default_pool_size = 1"), testenv.RedisURL(t))
	r.Options.DatabaseTimeout = 0 // as in a pod
	s := r.serve()
	s.login()
	try := func(status int) bool {
		a := s.tryLogin(adminEmail, adminPassword)
		if a.Status != http.StatusOK {
			a.Expect(t, http.StatusServiceUnavailable, "database_unavailable")
		}
		return a.Status == status
	}
	target.Store(standby.Address())
	if err := primary.Halt(); err != nil {
		t.Fatal(err)
	}
	there := connectTo(t, at(t, database, standby.Address()))
	s.eventually("the pooler is at the standby, where nobody can write", func() bool {
		sessions := 0
		err := there.QueryRow(t.Context(), "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'realmkeeper'").Scan(&sessions)
		return err == nil && sessions > 0 && try(http.StatusServiceUnavailable)
	})
	if err := primary.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	target.Store(primary.Address())
	s.eventually("the pooler is at the primary", func() bool { return try(http.StatusOK) })
}

// at is a database as it is reached at another address.
func at(t *testing.T, database, address string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.Host = address
	return u.String()
}

func connectTo(t *testing.T, database string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), database)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}
