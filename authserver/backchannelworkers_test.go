// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// endForeign has as many sessions end of which a client is to be told, each of another
// user.
func (r *realm) endForeign(c realmconfig.Client, n int) {
	r.t.Helper()
	r.Exec(`INSERT INTO logouts (client_id, user_id, sid, granted_at) SELECT $1, gen_random_uuid(), gen_random_uuid(), $3 FROM generate_series(1, $2::int)`,
		c.ID, n, r.Clock.Now())
}

// expectOneOfEach reports a session of whose end the client was told twice.
func (r *receiver) expectOneOfEach(n int) {
	r.t.Helper()
	expectOneOfEach(r.t, r.await(n), n)
}

func expectOneOfEach(t *testing.T, tokens []string, n int) {
	t.Helper()
	sessions := map[any]int{}
	for _, token := range tokens {
		said := map[string]any{}
		if err := json.Unmarshal(part(t, token, 1), &said); err != nil {
			t.Fatal(err)
		}
		sessions[said["sid"]]++
	}
	for sid, times := range sessions {
		if times != 1 {
			t.Errorf("it was told %d times of the end of %v", times, sid)
		}
	}
	if len(sessions) != n {
		t.Errorf("it was told of %d sessions, not %d", len(sessions), n)
	}
}

// Three servers share what clients are to be told; each is told by one of them.
func TestEachClientIsToldOnceByManyServers(t *testing.T) {
	t.Parallel()
	const each = 150
	shop, other := newReceiver(t), newReceiver(t)
	c, d := newWebClient(shop.client), newClient("apps.other", other.client)
	r := newRealmThatTells(t, c, d)
	servers := []*server{r.serve(), r.serve(), r.serve()}
	for range 10 {
		r.endForeign(c, each/10)
		r.endForeign(d, each/10)
	}
	servers[0].eventually("nothing waits", func() bool { return r.logouts() == 0 })
	shop.expectOneOfEach(each)
	other.expectOneOfEach(each)
	for i, s := range servers {
		if told := s.clientLogouts("delivered"); told == 2*each {
			t.Errorf("server %d has told all", i)
		}
	}
}

// A client that does not answer holds up neither another one nor a sign-out, however much
// waits for it.
func TestAClientThatHangsHoldsUpNobody(t *testing.T) {
	t.Parallel()
	const each = 300
	hanging, well := newReceiver(t), newReceiver(t)
	hanging.answerBy(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c, d := newWebClient(hanging.client), newClient("apps.other", well.client)
	r := newRealmThatTells(t, c, d)
	s := r.serve()
	r.endForeign(c, each)
	hanging.await(1)
	b := s.newPageBrowser()
	s.newApplication(c, "openid").newFlow().signIn(b)
	s.newApplication(d, "openid").newFlow().signIn(b)
	b.open("/account")
	b.submit("/signout", nil)
	b.sees("/signed-out", http.StatusOK)
	well.await(1)
	r.endForeign(d, each)
	well.expectOneOfEach(each + 1)
	s.eventually("it is put off", func() bool { return s.clientLogouts("postponed") > 0 })
	if got := r.logouts(); got < each {
		t.Errorf("of %d logouts %d wait for the client that hangs", each+1, got)
	}
	hanging.answerBy(func(http.ResponseWriter, *http.Request) {})
	s.eventually("nothing waits", func() bool { r.hurry(); return r.logouts() == 0 })
}

// A client that has heard while nobody could write that down is not told again. One whose
// answer nobody waited for, on a busy machine, has not heard.
func TestPostgresAwayTellsNobodyTwice(t *testing.T) {
	t.Parallel()
	suite.secrets.used(shopSecret)
	database := realmtest.NewPostgres(t, logger())
	told, release := newReceiver(t), make(chan struct{})
	var mu sync.Mutex
	heard := []string(nil)
	told.answerBy(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-r.Context().Done():
		case <-release:
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, r.PostFormValue("logout_token"))
		}
	})
	c := newWebClient(told.client)
	r := newRealmOn(t, database.Database(t), testenv.RedisURL(t))
	r.Clients = []realmconfig.Client{c}
	r.Config.Clients.AllowPrivateNetworks = true
	r.Update()
	servers := []*server{r.serve(), r.serve()} // each tries one, since the client has not answered yet
	r.endForeign(c, 2)
	told.await(2)
	if err := database.Halt(); err != nil {
		t.Fatal(err)
	}
	close(release)
	if err := database.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	servers[0].eventually("nothing waits", func() bool { r.hurry(); return r.logouts() == 0 })
	mu.Lock()
	defer mu.Unlock()
	expectOneOfEach(t, heard, 2)
}

// Redis is needed for nothing.
func TestClientsAreToldWhileRedisIsAway(t *testing.T) {
	t.Parallel()
	redis, told := testenv.StartRedis(t), newReceiver(t)
	c := newWebClient(told.client)
	suite.secrets.used(shopSecret)
	r := newRealmOn(t, suite.postgres.Database(t), redis.URL())
	r.Clients = []realmconfig.Client{c}
	r.Config.Clients.AllowPrivateNetworks = true
	r.Update()
	s := r.serve()
	b := s.newPageBrowser()
	s.newApplication(c, "openid").newFlow().signIn(b)
	redis.Stop(t)
	b.open("/account")
	b.submit("/signout", nil)
	told.await(1)
}

// A server that is told to stop finishes what it has in hand.
func TestAClientThatIsBeingToldIsToldBeforeTheEnd(t *testing.T) {
	t.Parallel()
	told, release := newReceiver(t), make(chan struct{})
	told.answerBy(func(http.ResponseWriter, *http.Request) { <-release })
	c := newWebClient(told.client)
	r := newRealmThatTells(t, c)
	s := r.serve()
	r.endForeign(c, 1)
	told.await(1)
	s.Stop()
	s.eventually("no more requests are taken", func() bool { return s.OpsStatus("/readyz") != http.StatusOK })
	close(release)
	s.End()
	told.expectOneOfEach(1)
	if r.logouts() != 0 {
		t.Error("it would be told again")
	}
}

// A token of a client is worth nothing once the browser's session is over, though nobody
// has ended it.
func TestATokenDoesNotOutliveItsSession(t *testing.T) {
	t.Parallel()
	c := newWebClient() // whose tokens are good for an hour
	r := newRealmOfClients(t, c)
	r.Config.Tokens.RefreshTokenLifetime = realmconfig.Duration(30 * time.Minute)
	r.Update()
	s := r.serve()
	f := s.newApplication(c, "openid").newFlow()
	h := f.signIn(s.newPageBrowser())
	if left := h.Expiry.Sub(r.Clock.Now()); left > 30*time.Minute || left < 15*time.Minute {
		t.Errorf("it is good for %s", left)
	}
	active := func() any {
		return decode[map[string]any](t, f.a.ask("/oauth2/introspect", map[string][]string{"token": {h.AccessToken}}), http.StatusOK)["active"]
	}
	r.Clock.Advance(20 * time.Minute)
	if active() != true {
		t.Error("it is not active while the session lives")
	}
	r.Clock.Advance(11 * time.Minute)
	if active() != false {
		t.Error("it is active although the session has expired")
	}
	refused(t, s.userInfo(h.AccessToken), http.StatusUnauthorized, "invalid_token")
}
