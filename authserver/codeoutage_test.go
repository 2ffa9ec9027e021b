// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
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

func TestWhoMayUseAnApplication(t *testing.T) {
	t.Parallel()
	staff := newWebClient(func(c *realmconfig.Client) { c.Access = &realmconfig.ClientAccess{Groups: []string{"staff"}} })
	asking := newWebClient(func(c *realmconfig.Client) { c.ID, c.Consent = "apps.asking", realmconfig.AskConsent })
	s := newRealmOfClients(t, staff, asking).serve()
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	b.open(s.newApplication(staff, "openid").newFlow().address())
	b.sees("/oauth2/authorize", http.StatusForbidden, "You may not use this application.")
	if b.away != nil {
		t.Errorf("sent to %v", b.away)
	}
	f := s.newApplication(asking, "openid").newFlow()
	b.open(f.address())
	if got := f.answered(b); got.Get("error") != "consent_required" {
		t.Errorf("the answer is %v", got)
	}
}
