//go:build full

// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// patience is how long anybody may wait for an answer while there is no primary: a
// few statements, of which each gives up after three seconds, on a busy machine.
const patience = 20 * time.Second

// The primary changes in good order, then by the loss of its machine, then back,
// while people log in and refresh through PgBouncer. All they may see is an answer or
// the documented problem, soon; and everything that was answered holds afterwards.
func TestAFailoverBehindAPoolerCostsNobodyASession(t *testing.T) {
	t.Parallel()
	p := testenv.StartPatroni(t)
	p.Execute(t, "CREATE DATABASE realm")
	service := newBalancer(t, "127.0.0.1:0", func() []string {
		if primary := p.Primary(t.Context()); primary != nil {
			return []string{primary.Address()}
		}
		return nil
	})
	through := testenv.Pooled(t, "postgres://postgres:unused@"+service.String()+"/realm")
	r := newRealmOn(t, through, testenv.RedisURL(t))
	r.Options.DatabaseTimeout = 0 // as in a pod
	if err := r.migrate(); err != nil {
		t.Fatal(err)
	}
	servers := []*server{r.serve(), r.serve()}
	for _, s := range servers {
		s.HTTP.Timeout = patience
	}
	f := &failover{weather: &weather{t: t}, servers: servers}
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	users := sync.WaitGroup{}
	for i := range 4 {
		session := servers[0].login()
		users.Go(func() { f.keepRefreshing(ctx, servers[i%2], session) })
	}
	for _, s := range servers {
		users.Go(func() { f.keepLoggingIn(ctx, s) })
	}
	f.goesOn("at first")

	p.SwitchOver(t)
	f.goesOn("after a switchover")
	p.AwaitStandby(t)
	lost := p.Primary(t.Context())
	lost.Kill(t)
	f.goesOn("after the loss of the primary")
	lost.Start(t)
	p.AwaitStandby(t)
	f.goesOn("with a standby again")
	p.SwitchOver(t)
	f.goesOn("on the machine that was lost")

	stop()
	users.Wait()
	t.Logf("%d refreshed, %d logged in, %d told to come back", f.refreshed.Load(), f.loggedIn.Load(), f.refused.Load())
	for i, session := range f.sessions {
		servers[i%2].refresh(session)
	}
}

// failover remembers every session that was acknowledged.
type failover struct {
	*weather
	servers []*server

	mu       sync.Mutex
	sessions []string
}

func (f *failover) keepLoggingIn(ctx context.Context, s *server) {
	for ctx.Err() == nil {
		got := tokens{}
		if f.meets(s, asJSON("/api/auth/login", fmt.Sprintf(`{"email": %q, "password": %q}`, adminEmail, adminPassword)), &got) {
			suite.secrets.used(got.Access, got.Refresh, got.Device)
			f.loggedIn.Add(1)
			f.mu.Lock()
			f.sessions = append(f.sessions, got.Refresh)
			f.mu.Unlock()
		}
	}
}

// goesOn returns when everybody is served anew, and says how soon that was.
func (f *failover) goesOn(when string) {
	f.t.Helper()
	began := time.Now()
	for _, s := range f.servers {
		s.eventually(when+", people log in", func() bool { return s.tryLogin(adminEmail, adminPassword).Status == http.StatusOK })
	}
	f.t.Logf("%s, people log in after %s", when, time.Since(began).Round(10*time.Millisecond))
	refreshed, loggedIn := f.refreshed.Load(), f.loggedIn.Load()
	f.servers[0].eventually(when+", everything goes on", func() bool {
		return f.refreshed.Load() > refreshed+20 && f.loggedIn.Load() > loggedIn
	})
}
