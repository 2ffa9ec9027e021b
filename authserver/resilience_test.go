// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// Both stores are stopped and started, one after the other and together, while
// people log in, refresh and look at their profiles through two servers. All they
// may see is an answer or the documented problem; nobody loses a session; nobody
// restarts a server.
func TestStoresThatComeAndGoCostNobodyASession(t *testing.T) {
	t.Parallel()
	postgres := realmtest.NewPostgres(t, logger())
	redis := testenv.StartRedis(t)
	r := newRealmOn(t, postgres.Database(t), redis.URL())
	r.Config.Tokens.RefreshGracePeriod = realmconfig.Duration(time.Minute) // longer than an outage
	r.Update()
	servers := []*server{r.serve(), r.serve()}

	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	users := sync.WaitGroup{}
	w := &weather{t: t}
	for i := range 4 {
		s, session := servers[i%2], servers[0].login()
		users.Go(func() { w.keepRefreshing(ctx, s, session) })
	}
	users.Go(func() { w.keepLoggingIn(ctx, servers[1]) })

	halt := func() {
		if err := postgres.Halt(); err != nil {
			t.Fatal(err)
		}
	}
	start := func() {
		if err := postgres.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	goesOn := func(when string) {
		t.Helper()
		refreshed, loggedIn := w.refreshed.Load(), w.loggedIn.Load()
		servers[0].eventually(when+", everything goes on", func() bool {
			return w.refreshed.Load() > refreshed+20 && w.loggedIn.Load() > loggedIn
		})
	}
	isRefused := func(when string) {
		t.Helper()
		refused := w.refused.Load()
		servers[0].eventually(when+", the problem is told", func() bool { return w.refused.Load() > refused+10 })
	}
	goesOn("at first")
	for range 2 {
		redis.Stop(t)
		goesOn("without Redis")
		redis.Start(t)
		goesOn("with an empty Redis")
		halt()
		isRefused("without PostgreSQL")
		start()
		goesOn("with PostgreSQL again")
		halt()
		redis.Stop(t)
		isRefused("without both")
		redis.Start(t)
		start()
		goesOn("with both again")
	}
	stop()
	users.Wait()
	t.Logf("%d refreshed, %d logged in, %d told to come back", w.refreshed.Load(), w.loggedIn.Load(), w.refused.Load())
}

// weather is what the users of a realm meet.
type weather struct {
	t                            *testing.T
	refreshed, loggedIn, refused atomic.Int64
}

// keepRefreshing presents a token until it is answered, as a client should.
func (w *weather) keepRefreshing(ctx context.Context, s *server, session tokens) {
	for ctx.Err() == nil {
		profile, _ := http.NewRequest(http.MethodGet, issuer+"/api/user/profile", nil)
		profile.Header.Set("Authorization", "Bearer "+session.Access)
		w.meets(s, profile, nil)
		got := tokens{}
		if w.meets(s, asJSON("/api/auth/refresh", fmt.Sprintf(`{"refresh_token": %q}`, session.Refresh)), &got) {
			suite.secrets.used(got.Access, got.Refresh)
			session = got
			w.refreshed.Add(1)
		}
	}
}

func (w *weather) keepLoggingIn(ctx context.Context, s *server) {
	for ctx.Err() == nil {
		got := tokens{}
		if w.meets(s, asJSON("/api/auth/login", fmt.Sprintf(`{"email": %q, "password": %q}`, adminEmail, adminPassword)), &got) {
			suite.secrets.used(got.Access, got.Refresh, got.Device)
			w.loggedIn.Add(1)
		}
	}
}

func asJSON(path, body string) *http.Request {
	r, _ := http.NewRequest(http.MethodPost, issuer+path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	return r
}

// meets reports success, and fails the test at anything that is not documented.
func (w *weather) meets(s *server, r *http.Request, into any) bool {
	response, err := s.HTTP.Do(r) //nolint:gosec // the server that the test has started
	if err != nil {
		w.t.Errorf("no answer: %v", err)
		return false
	}
	defer func() { _ = response.Body.Close() }()
	body := readAll(w.t, response.Body)
	if response.StatusCode == http.StatusOK {
		if into != nil && json.Unmarshal([]byte(body), into) != nil {
			w.t.Errorf("answered %s", body)
		}
		return true
	}
	w.refused.Add(1)
	away := strings.Contains(body, `"code":"database_unavailable"`) && response.Header.Get("Retry-After") != ""
	if response.StatusCode != http.StatusServiceUnavailable || !away {
		w.t.Errorf("%s answered %d %s", r.URL.Path, response.StatusCode, body)
	}
	return false
}
