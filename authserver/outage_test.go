// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

func TestRedisAwayLogsNobodyOut(t *testing.T) {
	t.Parallel()
	redis := testenv.StartRedis(t)
	s := newRealmOn(t, suite.postgres.Database(t), redis.URL()).serve()
	session := s.login()
	works := func(when string) {
		t.Helper()
		session = s.refresh(session.Refresh)
		if a := s.profile(session.Access); a.status != http.StatusOK {
			t.Errorf("%s: profile answered %d %s", when, a.status, a.body)
		}
	}
	works("at first")
	redis.Flush(t)
	works("flushed")
	redis.Stop(t)
	for range 3 {
		works("stopped")
	}
	s.login()
	if got := s.metric("realmkeeper_cache_away"); got != "1" {
		t.Errorf("cache_away is %q while Redis is stopped", got)
	}
	redis.Start(t)
	works("started again")
	s.eventually("Redis is used again", func() bool {
		works("coming back")
		return s.metric("realmkeeper_cache_away") == "0"
	})
}

func TestServerStartsWithoutRedis(t *testing.T) {
	t.Parallel()
	s := newRealmOn(t, suite.postgres.Database(t), "redis://127.0.0.1:1/0").serve()
	s.refresh(s.login().Refresh)
}

func TestPostgresAwayIsSurvived(t *testing.T) {
	t.Parallel()
	postgres, err := testenv.StartPostgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := postgres.Stop(); err != nil {
			t.Error(err)
		}
	})
	if err := prepareTemplate(postgres); err != nil {
		t.Fatal(err)
	}
	s := newRealmOn(t, postgres.Database(t), testenv.RedisURL(t)).serve()
	session := s.login()
	tab := s.refresh(session.Refresh)

	if err := postgres.Halt(); err != nil {
		t.Fatal(err)
	}
	for name, a := range map[string]answer{
		"login":   s.tryLogin(adminEmail, adminPassword),
		"refresh": s.tryRefresh(tab.Refresh),
		"profile": s.profile(tab.Access),
	} {
		a.expect(t, http.StatusServiceUnavailable, "database_unavailable")
		if wait := a.retryAfter(); wait < 1 || wait > 5 {
			t.Errorf("%s: Retry-After is %d", name, wait)
		}
	}
	if again := s.refresh(session.Refresh); again.Refresh != tab.Refresh {
		t.Error("a retry that Redis knows needed PostgreSQL")
	}
	if a := s.do(newRequest(t, http.MethodGet, "/.well-known/jwks.json", nil)); a.status != http.StatusOK {
		t.Errorf("keys answered %d", a.status)
	}
	s.profile("nonsense").expect(t, http.StatusUnauthorized, "token_invalid")
	if status := s.opsStatus("/readyz"); status != http.StatusOK {
		t.Errorf("readyz is %d: taking every pod out would hide the reason from clients", status)
	}

	if err := postgres.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.eventually("PostgreSQL is used again", func() bool { return s.profile(tab.Access).status == http.StatusOK })
	s.refresh(tab.Refresh)
	s.login()
}
