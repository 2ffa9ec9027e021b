// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// While PostgreSQL is away, an application and the person in front of the browser are told
// to come back, and nothing is usable twice afterwards.
func TestTheCodeFlowWhilePostgresIsAway(t *testing.T) {
	t.Parallel()
	suite.secrets.used(shopSecret)
	postgres := realmtest.NewPostgres(t, logger())
	r := newRealmOn(t, postgres.Database(t), testenv.RedisURL(t))
	c := newWebClient()
	r.Clients = []realmconfig.Client{c}
	r.Update()
	s := r.serve()
	a, b := s.newApplication(c, "openid"), s.newPageBrowser()
	first := a.newFlow()
	h := first.signIn(b)
	f := a.newFlow()
	b.open(f.address())
	code := f.code(b)
	if err := postgres.Halt(); err != nil {
		t.Fatal(err)
	}
	refused(t, a.token(f.redemption(code)), http.StatusServiceUnavailable, "temporarily_unavailable")
	refused(t, a.tryRefresh(h.RefreshToken), http.StatusServiceUnavailable, "temporarily_unavailable")
	refused(t, s.userInfo(h.AccessToken), http.StatusServiceUnavailable, "temporarily_unavailable")
	other := a.newFlow()
	b.open(other.address())
	if got := other.answered(b); got.Get("error") != "temporarily_unavailable" {
		t.Errorf("the answer is %v", got)
	}
	if err := postgres.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.eventually("PostgreSQL is used again", func() bool { return s.userInfo(h.AccessToken).Status == http.StatusOK })
	first.refresh(h.RefreshToken)
	f.exchange(code)
	refused(t, a.token(f.redemption(code)), http.StatusBadRequest, "invalid_grant")
}

// However PostgreSQL comes and goes while many show a code, one of them is given tokens for
// it at most, and nobody afterwards.
func TestACodeIsUsedOnceHoweverPostgresGoes(t *testing.T) {
	t.Parallel()
	suite.secrets.used(shopSecret)
	postgres := realmtest.NewPostgres(t, logger())
	r := newRealmOn(t, postgres.Database(t), testenv.RedisURL(t))
	c := newWebClient()
	r.Clients = []realmconfig.Client{c}
	r.Update()
	r.Clock.Stop() // within the code's minute, however long it takes
	s := r.serve()
	f, b := s.newApplication(c, "openid").newFlow(), s.newPageBrowser()
	b.open(f.address())
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	code := f.code(b)
	given := func(a answer) bool { return a.Status == http.StatusOK }
	winners := race.Winners(51, func(i int) answer {
		if i > 0 {
			return f.a.token(f.redemption(code))
		}
		if err := errors.Join(postgres.Halt(), postgres.Start(t.Context())); err != nil {
			t.Error(err)
		}
		return answer{}
	}, given)
	s.eventually("PostgreSQL is used again", func() bool { return f.a.tryRefresh("rkg_"+strings.Repeat("A", 43)).Status == http.StatusBadRequest })
	winners = append(winners, race.Winners(50, func(int) answer { return f.a.token(f.redemption(code)) }, given)...)
	for _, a := range winners {
		got := decode[clientTokens](t, a, http.StatusOK)
		suite.secrets.used(got.Access, got.Refresh)
	}
	if len(winners) > 1 {
		t.Errorf("%d were given tokens for one code", len(winners))
	}
	if n := query[int](r, "SELECT count(*) FROM grants"); n > 1 {
		t.Errorf("%d grants have begun", n)
	}
	refused(t, f.a.token(f.redemption(code)), http.StatusBadRequest, "invalid_grant")
}

// Redis is needed for nothing.
func TestTheCodeFlowWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	suite.secrets.used(shopSecret)
	redis := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), redis.URL())
	c := newWebClient()
	r.Clients = []realmconfig.Client{c}
	r.Update()
	s, other := r.serve(), r.serve()
	redis.Stop(t)
	f, b := s.newApplication(c, "openid").newFlow(), s.newPageBrowser()
	b.open(f.address())
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	code := f.code(b)
	h := f.refresh(f.exchange(code).RefreshToken)
	if a := other.userInfo(h.AccessToken); a.Status != http.StatusOK {
		t.Errorf("UserInfo answered %d %s", a.Status, a.Body)
	}
	refused(t, f.a.token(f.redemption(code)), http.StatusBadRequest, "invalid_grant")
	refused(t, f.a.tryRefresh(h.RefreshToken), http.StatusBadRequest, "invalid_grant") // a code in two hands ends it all
	refused(t, other.userInfo(h.AccessToken), http.StatusUnauthorized, "invalid_token")
}

func TestWhoMayUseAnApplication(t *testing.T) {
	t.Parallel()
	staff := newWebClient(forStaff)
	s := newRealmOfClients(t, staff).serve()
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	b.open(s.newApplication(staff, "openid").newFlow().address())
	b.sees("/oauth2/authorize", http.StatusForbidden, "You may not use this application.")
	if b.away != nil {
		t.Errorf("sent to %v", b.away)
	}
}
