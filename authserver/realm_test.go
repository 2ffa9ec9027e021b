// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

const (
	issuer     = "https://auth.example.com"
	issuerHost = realmfolder.IssuerHost
	audience   = "https://api.example.com"
)

// realm is one of this suite: all have the same issuer, and one log.
type realm struct {
	*realmtest.Realm
	t *testing.T
}

// newRealm is a realm that nobody serves yet.
func newRealm(t *testing.T) *realm {
	t.Helper()
	return newRealmOn(t, suite.postgres.Database(t), testenv.RedisURL(t))
}

func newRealmOn(t *testing.T, database, cache string) *realm {
	t.Helper()
	return &realm{realmtest.New(t, realmtest.WithDatabase(database), realmtest.WithCache(cache),
		realmtest.WithLog(logger()), realmtest.WithSettings(func(c *realmconfig.Config) {
			c.Issuer, c.Tokens.Audience = issuer, []string{audience}
		})), t}
}

// server is one that serves such a realm, and whose every answer is held against
// the API's description.
type server struct {
	*realmtest.Server
	t     *testing.T
	realm *realm
}

// serve runs a server until the test ends, and returns once it is ready.
func (r *realm) serve() *server {
	r.t.Helper()
	return &server{r.Serve(), r.t, r}
}

func (r *realm) launch(api, ops string, drain time.Duration) *server {
	r.t.Helper()
	return &server{r.Launch(api, ops, drain), r.t, r}
}

// eventually polls, for what the server does by itself.
func (s *server) eventually(what string, holds func() bool) {
	s.t.Helper()
	eventually.Holds(s.t, what, holds)
}

// query reads one value from the realm's database.
func query[T any](r *realm, statement string, args ...any) T {
	r.t.Helper()
	return realmtest.Query[T](r.Realm, statement, args...)
}

func (r *realm) cheapen() {
	r.t.Helper()
	if err := realmtest.Cheapen(r.t.Context(), r.DatabaseURL); err != nil {
		r.t.Fatal(err)
	}
}
