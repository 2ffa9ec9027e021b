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

	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// Two servers behind a balancer are replaced one after the other, twice over,
// while clients that keep their connections never stop asking.
func TestRollingRestartLosesNoRequest(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	// Long enough for every kept connection to be used, and so to be told.
	const drain = 2 * time.Second
	pods := []*server{r.launch(freeAddress(t), freeAddress(t), drain), r.launch(freeAddress(t), freeAddress(t), drain)}
	for _, p := range pods {
		p.AwaitReady()
	}
	ready := &endpoints{}
	ready.follow(t, pods)
	address := newBalancer(t, "127.0.0.1:0", ready.now).String()

	session := pods[0].login()
	ctx, stop := context.WithCancel(t.Context())
	load := &load{t: t, access: session.Access}
	var clients sync.WaitGroup
	for i := range 4 {
		transport := realmtest.NewTransport(r.Roots(), address, i%2 == 0)
		refresh := pods[0].login().Refresh
		clients.Go(func() {
			defer transport.CloseIdleConnections()
			load.run(ctx, &http.Client{Transport: transport, Timeout: realmtest.Patience}, refresh)
		})
	}
	for round := range 2 {
		for i, old := range pods {
			before := load.answered.Load()
			old.End()
			pods[i] = r.launch(old.API, old.Ops, drain)
			pods[i].AwaitReady()
			// A rollout goes on only when the cluster knows the new pod; until then
			// the other one is all there is.
			pods[i].eventually("both are in turn", func() bool { return len(ready.now()) == len(pods) })
			pods[i].eventually("requests go on", func() bool { return load.answered.Load() > before+50 })
		}
		t.Logf("round %d: %d requests answered", round, load.answered.Load())
	}
	stop()
	clients.Wait()
}

// endpoints is who is ready, as a cluster learns it: by asking, a little late.
type endpoints struct {
	mu    sync.Mutex
	ready []string
}

func (e *endpoints) now() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.ready
}

func (e *endpoints) follow(t *testing.T, pods []*server) {
	addresses := map[string]string{}
	for _, p := range pods {
		addresses[p.Ops] = p.API
	}
	probe := func() {
		ready := []string{}
		for ops, api := range addresses {
			if realmtest.Probe(ops, "/readyz") == http.StatusOK {
				ready = append(ready, api)
			}
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		e.ready = ready
	}
	probe()
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		for {
			select {
			case <-done:
				return
			case <-tick.C:
				probe()
			}
		}
	})
	t.Cleanup(func() {
		close(done)
		group.Wait()
	})
}

// load is clients that accept no failure.
type load struct {
	t        *testing.T
	access   string
	answered atomic.Int64
}

func (l *load) run(ctx context.Context, client *http.Client, refresh string) {
	for ctx.Err() == nil {
		profile, _ := http.NewRequest(http.MethodGet, issuer+"/api/user/profile", nil)
		profile.Header.Set("Authorization", "Bearer "+l.access)
		if _, ok := l.ask(client, profile); !ok {
			return
		}
		rotate, _ := http.NewRequest(http.MethodPost, issuer+"/api/auth/refresh",
			strings.NewReader(fmt.Sprintf(`{"refresh_token": %q}`, refresh)))
		rotate.Header.Set("Content-Type", "application/json")
		got, ok := l.ask(client, rotate)
		if !ok {
			return
		}
		suite.secrets.used(got.Access, got.Refresh)
		refresh = got.Refresh
	}
}

func (l *load) ask(client *http.Client, r *http.Request) (tokens, bool) {
	got := tokens{}
	response, err := client.Do(r)
	if err != nil {
		l.t.Errorf("lost a request: %v", err)
		return got, false
	}
	defer func() { _ = response.Body.Close() }()
	if err := json.NewDecoder(response.Body).Decode(&got); err != nil || response.StatusCode != http.StatusOK {
		l.t.Errorf("%s answered %d: %v", r.URL.Path, response.StatusCode, err)
		return got, false
	}
	l.answered.Add(1)
	return got, true
}
