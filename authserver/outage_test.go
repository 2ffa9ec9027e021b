// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

func TestRedisAwayLogsNobodyOut(t *testing.T) {
	t.Parallel()
	redis := testenv.StartRedis(t)
	s := newRealmOn(t, suite.postgres.Database(t), redis.URL()).serve()
	session := s.login()
	works := func(when string) {
		t.Helper()
		session = s.refresh(session.Refresh)
		if a := s.profile(session.Access); a.Status != http.StatusOK {
			t.Errorf("%s: profile answered %d %s", when, a.Status, a.Body)
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
	if got := s.Metric("realmkeeper_cache_away"); got != "1" {
		t.Errorf("cache_away is %q while Redis is stopped", got)
	}
	redis.Start(t)
	works("started again")
	s.eventually("Redis is used again", func() bool {
		works("coming back")
		return s.Metric("realmkeeper_cache_away") == "0"
	})
}

func TestServerStartsWithoutRedis(t *testing.T) {
	t.Parallel()
	s := newRealmOn(t, suite.postgres.Database(t), "redis://127.0.0.1:1/0").serve()
	s.refresh(s.login().Refresh)
}

func TestPostgresAwayIsSurvived(t *testing.T) {
	t.Parallel()
	postgres := realmtest.NewPostgres(t, logger())
	r := newRealmOn(t, postgres.Database(t), testenv.RedisURL(t))
	r.Config.Tokens.RefreshGracePeriod = realmconfig.Duration(time.Minute)
	r.Update()
	s := r.serve()
	session := s.login()
	tab := s.refresh(session.Refresh)

	if err := postgres.Halt(); err != nil {
		t.Fatal(err)
	}
	if again := s.refresh(session.Refresh); again.Refresh != tab.Refresh {
		t.Error("a retry that Redis knows needed PostgreSQL")
	}
	for name, a := range map[string]answer{
		"login":   s.tryLogin(adminEmail, adminPassword),
		"refresh": s.tryRefresh(tab.Refresh),
		"profile": s.profile(tab.Access),
	} {
		a.Expect(t, http.StatusServiceUnavailable, "database_unavailable")
		if wait := a.RetryAfter(); wait < 1 || wait > 5 {
			t.Errorf("%s: Retry-After is %d", name, wait)
		}
	}
	if a := s.do(newRequest(t, http.MethodGet, "/.well-known/jwks.json", nil)); a.Status != http.StatusOK {
		t.Errorf("keys answered %d", a.Status)
	}
	s.profile("nonsense").Expect(t, http.StatusUnauthorized, "token_invalid")
	if status := s.OpsStatus("/readyz"); status != http.StatusOK {
		t.Errorf("readyz is %d: taking every pod out would hide the reason from clients", status)
	}

	if err := postgres.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.eventually("PostgreSQL is used again", func() bool { return s.profile(tab.Access).Status == http.StatusOK })
	s.refresh(tab.Refresh)
	s.login()
}
