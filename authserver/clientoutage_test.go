// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// What a secret is enough for needs no database; what must be used up or stored says
// when to come back, and nothing is usable twice afterwards.
func TestClientsWhilePostgresIsAway(t *testing.T) {
	t.Parallel()
	postgres := realmtest.NewPostgres(t, logger())
	r := newRealmOn(t, postgres.Database(t), testenv.RedisURL(t))
	web, signing := newOAuthClient("web"), newOAuthClient("signing", byKey)
	r.register(web, signing)
	s := r.serve()
	token := s.tokenFor(web, nil).Access
	used, unused := signing.assertion(t, nil), signing.assertion(t, nil)
	if a := s.show(used); a.Status != http.StatusOK {
		t.Fatalf("answered %d %s", a.Status, a.Body)
	}
	if err := postgres.Halt(); err != nil {
		t.Fatal(err)
	}
	s.tokenFor(web, nil)
	if s.introspect(web, token)["active"] != true {
		t.Error("a token is not known without PostgreSQL")
	}
	for what, a := range map[string]answer{
		"an assertion": s.show(unused), "one that was used": s.show(used), "a revocation": s.ask(web, revokePath, url.Values{"token": {token}}),
	} {
		s.refuses(a, http.StatusServiceUnavailable, "temporarily_unavailable")
		if wait := a.RetryAfter(); wait < 1 || wait > 5 {
			t.Errorf("%s: Retry-After is %d", what, wait)
		}
	}
	if err := postgres.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.eventually("PostgreSQL is used again", func() bool {
		return s.ask(web, revokePath, url.Values{"token": {"noise"}}).Status == http.StatusOK && s.show(signing.assertion(t, nil)).Status == http.StatusOK
	})
	s.refuses(s.show(used), http.StatusUnauthorized, "invalid_client")
	if s.introspect(web, token)["active"] != true {
		t.Error("what was not revoked is")
	}
	if a := s.ask(web, revokePath, url.Values{"token": {token}}); a.Status != http.StatusOK || s.introspect(web, token)["active"] != false {
		t.Errorf("the revocation is answered %d %s", a.Status, a.Body)
	}
}

func TestClientsWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	redis := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), redis.URL())
	web := newOAuthClient("web")
	r.register(web)
	s, other := r.serve(), r.serve()
	redis.Stop(t)
	token := s.tokenFor(web, nil).Access
	if other.introspect(web, token)["active"] != true {
		t.Error("a token is not known without Redis")
	}
	if a := s.ask(web, revokePath, url.Values{"token": {token}}); a.Status != http.StatusOK {
		t.Errorf("answered %d %s", a.Status, a.Body)
	}
	s.eventually("the other server has heard of it", func() bool { return other.introspect(web, token)["active"] == false })
}
