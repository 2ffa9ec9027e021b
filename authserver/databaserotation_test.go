// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// guard gives the realm a PostgreSQL of its own that asks for passwords.
func guard(t *testing.T) (p *testenv.Postgres, database string) {
	t.Helper()
	p = realmtest.NewPostgres(t, logger())
	p.AskForPasswords(t)
	return p, p.Database(t)
}

// addRole makes a role that may use the tables, and returns its URL.
func addRole(t *testing.T, p *testenv.Postgres, database, role, password string) string {
	t.Helper()
	suite.secrets.used(password)
	p.Execute(t, fmt.Sprintf("CREATE ROLE %s LOGIN PASSWORD '%s' IN ROLE pg_read_all_data, pg_write_all_data", role, password))
	return asRole(t, database, role, password)
}

func changePassword(t *testing.T, p *testenv.Postgres, database, role, password string) string {
	t.Helper()
	suite.secrets.used(password)
	p.Execute(t, fmt.Sprintf("ALTER ROLE %s PASSWORD '%s'", role, password))
	return asRole(t, database, role, password)
}

func asRole(t *testing.T, database, role, password string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.UserPassword(role, password)
	return u.String()
}

// mountDatabase mounts another URL, and returns the revision that names it.
func (r *realm) mountDatabase(url string) (revision string) {
	r.t.Helper()
	r.DatabaseURL = url
	r.Mount(map[string]any{realmconfig.DatabaseURLFile: url})
	return r.credentialsRevision()
}

// credentialsRevision is what the operator computes of what is mounted.
func (r *realm) credentialsRevision() string {
	r.t.Helper()
	credentials, err := realmconfig.LoadCredentials(r.Dir, r.Config.Providers)
	if err != nil {
		r.t.Fatal(err)
	}
	return realmconfig.CredentialsRevision(r.EncryptionKeys, credentials)
}

func (s *server) runs(revision string) {
	s.t.Helper()
	s.eventually("the new credentials are in force, and all is well", func() bool {
		report := s.Report()
		return report.CredentialsRevision == revision && report.Problem+report.DatabaseProblem+report.CacheProblem == ""
	})
}

// crowd is people who log in, refresh and look at their profiles, and accept no
// failure.
type crowd struct {
	*weather
	server *server
	stop   context.CancelFunc
	people sync.WaitGroup
}

func (s *server) gather(refreshing int) *crowd {
	s.t.Helper()
	ctx, stop := context.WithCancel(s.t.Context())
	c := &crowd{weather: &weather{t: s.t}, server: s, stop: stop}
	for range refreshing {
		session := s.login()
		c.people.Go(func() { c.keepRefreshing(ctx, s, session) })
	}
	c.people.Go(func() { c.keepLoggingIn(ctx, s) })
	return c
}

// goesOn returns when everybody has been served anew.
func (c *crowd) goesOn(when string) {
	c.t.Helper()
	refreshed, loggedIn := c.refreshed.Load(), c.loggedIn.Load()
	eventually.Holds(c.t, when+", everything goes on", func() bool {
		return c.refreshed.Load() > refreshed+20 && c.loggedIn.Load() > loggedIn
	})
}

// burst is many at once: more than there are connections to a store.
func (c *crowd) burst(access string) {
	c.t.Helper()
	race.Run(40, func(int) {
		r, _ := http.NewRequest(http.MethodGet, issuer+"/api/user/profile", nil)
		r.Header.Set("Authorization", "Bearer "+access)
		c.meets(c.server, r, nil)
	})
}

func (c *crowd) leaves() {
	c.t.Helper()
	c.stop()
	c.people.Wait()
	c.t.Logf("%d refreshed, %d logged in", c.refreshed.Load(), c.loggedIn.Load())
	if lost := c.refused.Load(); lost > 0 {
		c.t.Errorf("%d requests were lost", lost)
	}
}

// The password changes three times with a new role, which exists before it is
// mounted, and three times in place, where the mount follows the server.
func TestDatabasePasswordIsRotatedUnderLoad(t *testing.T) {
	t.Parallel()
	p, database := guard(t)
	r := newRealmOn(t, addRole(t, p, database, "app", rand.Text()), testenv.RedisURL(t))
	s := r.serve()
	access := s.login().Access
	c := s.gather(4)
	c.goesOn("at first")
	for round := range 3 {
		role := fmt.Sprintf("app_%d", round)
		revision := r.mountDatabase(addRole(t, p, database, role, rand.Text()))
		s.runs(revision)
		c.goesOn("with another role")

		next := changePassword(t, p, database, role, rand.Text())
		c.burst(access)
		c.goesOn("with a password that is not mounted yet")
		if now := s.Report().CredentialsRevision; now != revision {
			t.Errorf("revision %s is in force although nothing was mounted after %s", now, revision)
		}
		s.runs(r.mountDatabase(next))
		c.goesOn("with another password")
	}
	c.leaves()
}

func TestADatabaseThatDoesNotAnswerLeavesTheOldOneInForce(t *testing.T) {
	t.Parallel()
	p, database := guard(t)
	p.Execute(t, "CREATE DATABASE bare TEMPLATE template0")
	password := rand.Text()
	good := addRole(t, p, database, "app", password)
	for name, c := range map[string]struct{ url, problem string }{
		"a wrong password":      {asRole(t, database, "app", wrongPassword), `password authentication failed for user "app"`},
		"nobody listens":        {"postgres://app:" + password + "@127.0.0.1:1/app", "127.0.0.1:1 (127.0.0.1): connect: connection refused"},
		"no such host":          {"postgres://app:" + password + "@db.invalid/app", "db.invalid"},
		"no such database":      {"postgres://app:" + password + "@" + p.Address() + "/nothing", `database "nothing" does not exist`},
		"no tables":             {"postgres://app:" + password + "@" + p.Address() + "/bare", "run migrate"},
		"no TLS there":          {strings.Replace(good, "sslmode=disable", "sslmode=verify-full", 1), "refused"},
		"no URL":                {"", "must be a URL that starts with postgres://"},
		"a URL of another kind": {"mysql://app:" + password + "@db/app", "must be a URL that starts with postgres://"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealmOn(t, good, "redis://127.0.0.1:1/0")
			s := r.serve()
			before := s.Report().CredentialsRevision
			bad := r.mountDatabase(c.url)
			s.eventually("the problem is reported", func() bool { return s.Report().DatabaseProblem != "" })
			report := s.Report()
			if !strings.Contains(report.DatabaseProblem, c.problem) || len(suite.secrets.in(report.DatabaseProblem)) > 0 {
				t.Errorf("the problem is %q, want %q", report.DatabaseProblem, c.problem)
			}
			if report.CredentialsRevision != before || before == bad {
				t.Errorf("revision %s is in force, was %s, and %s cannot be", report.CredentialsRevision, before, bad)
			}
			s.refresh(s.login().Refresh)

			r.mountDatabase(good)
			s.eventually("the problem is over", func() bool { return s.Report().DatabaseProblem == "" })
			if after := s.Report().CredentialsRevision; after != before {
				t.Errorf("revision %s is in force, was %s", after, before)
			}
		})
	}
}

// The server's certificate is of a new CA before that is mounted: the connections
// there are serve. A CA that fits nothing leaves the good one in force.
func TestDatabaseCAIsTakenUpLive(t *testing.T) {
	t.Parallel()
	p := realmtest.NewPostgres(t, logger())
	first := p.ServeTLS(t)
	p.Execute(t, "CREATE ROLE app LOGIN IN ROLE pg_read_all_data, pg_write_all_data")
	r := newRealmOn(t, strings.Replace(asRole(t, p.Database(t), "app", "unused"), "sslmode=disable", "sslmode=verify-full", 1), testenv.RedisURL(t))
	mountCA := func(ca string) string {
		r.Mount(map[string]any{realmconfig.DatabaseCAFile: ca})
		return r.credentialsRevision()
	}
	old := mountCA(first)
	s := r.serve()
	s.runs(old)
	access := s.login().Access
	c := s.gather(2)
	c.goesOn("with the first CA")
	second := p.ServeTLS(t)
	c.burst(access)
	c.goesOn("with a certificate of another CA")
	s.runs(mountCA(second))
	c.goesOn("with the second CA")
	c.leaves()

	mountCA(first)
	s.eventually("the problem is reported", func() bool {
		return strings.Contains(s.Report().DatabaseProblem, "certificate signed by unknown authority")
	})
	s.login()
	s.runs(mountCA(second))
}
