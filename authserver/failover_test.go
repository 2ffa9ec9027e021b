// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto/rand"
	"fmt"
	"net/http"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// The URL names a primary and its standby. The primary goes for good, the standby
// is promoted, and the realm goes on there: the same users, the same sessions, no
// restart.
func TestAPromotedStandbyIsFound(t *testing.T) {
	t.Parallel()
	primary := testenv.NewPostgres(t)
	password := rand.Text()
	suite.secrets.used(password)
	primary.Execute(t, fmt.Sprintf("CREATE ROLE app LOGIN PASSWORD '%s'", password))
	primary.Execute(t, "CREATE DATABASE realm OWNER app")
	primary.AskForPasswords(t)
	standby := primary.Standby(t)
	r := newRealmOn(t, fmt.Sprintf("postgres://app:%s@%s,%s/realm?sslmode=disable&target_session_attrs=read-write",
		password, standby.Address(), primary.Address()), testenv.RedisURL(t))
	if err := r.migrate(); err != nil {
		t.Fatal(err)
	}
	s := r.serve()
	session := s.refresh(s.login().Refresh)
	primary.AwaitCopy(t)

	if err := primary.Halt(); err != nil {
		t.Fatal(err)
	}
	s.eventually("the problem is told", func() bool {
		a := s.profile(session.Access)
		return a.Status == http.StatusServiceUnavailable && a.Problem.Code == "database_unavailable"
	})
	s.eventually("the problem is reported", func() bool { return s.Report().DatabaseProblem != "" })
	standby.Promote(t)
	s.eventually("the standby is used", func() bool { return s.profile(session.Access).Status == http.StatusOK })
	s.refresh(session.Refresh)
	s.login()
	s.eventually("the problem is over", func() bool { return s.Report().DatabaseProblem == "" })
}

// A server that turns read-only keeps its connections. They lead nowhere, so new
// ones are opened, to the other host.
func TestAServerThatTurnsReadOnlyIsLeft(t *testing.T) {
	t.Parallel()
	first, second := testenv.NewPostgres(t), testenv.NewPostgres(t)
	for _, p := range []*testenv.Postgres{first, second} {
		p.Execute(t, "CREATE DATABASE realm")
	}
	at := func(servers string) string {
		return "postgres://postgres:unused@" + servers + "/realm?sslmode=disable&target_session_attrs=read-write"
	}
	r := newRealmOn(t, at(second.Address()), testenv.RedisURL(t))
	if err := r.migrate(); err != nil {
		t.Fatal(err)
	}
	r.mountDatabase(at(first.Address() + "," + second.Address()))
	if err := r.migrate(); err != nil {
		t.Fatal(err)
	}
	s := r.serve()
	s.login()
	first.Execute(t, "ALTER SYSTEM SET default_transaction_read_only = on")
	first.Execute(t, "SELECT pg_reload_conf()")
	s.eventually("logins go on at the other host", func() bool {
		a := s.tryLogin(adminEmail, adminPassword)
		if a.Status != http.StatusOK {
			a.Expect(t, http.StatusServiceUnavailable, "database_unavailable")
		}
		return a.Status == http.StatusOK
	})
}
