// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// load is a handful of logged-in apps that keep asking, over HTTP/1.1 and
// HTTP/2, until it is stopped. Nothing is retried: every failure counts.
type load struct {
	stop     context.CancelFunc
	done     sync.WaitGroup
	clients  []*realmtest.App
	mu       sync.Mutex
	requests int
	failures []string
}

const (
	loadClients = 8
	loadPause   = 25 * time.Millisecond
)

func startLoad(t *testing.T, r realm) *load {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	l := &load{stop: stop}
	t.Cleanup(func() { l.finish() })
	for i := range loadClients {
		c := r.client(t, i%2 == 0)
		r.loginAsAdmin(t, c)
		l.clients = append(l.clients, c)
	}
	for i, c := range l.clients {
		l.done.Go(func() { l.run(ctx, i, c) })
	}
	return l
}

// run never cancels a request that is under way: a cancelled request would look
// like a failed one.
func (l *load) run(ctx context.Context, worker int, c *realmtest.App) {
	pause := time.NewTicker(loadPause)
	defer pause.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		what := "refresh"
		var err error
		if n%5 == 0 {
			err = c.Refresh(context.Background())
		} else {
			what = "profile"
			_, err = c.Profile(context.Background())
		}
		l.count(worker, what, err)
	}
}

func (l *load) count(worker int, what string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests++
	if err != nil {
		l.failures = append(l.failures, fmt.Sprintf("%s worker %d %s: %v",
			time.Now().Format(time.TimeOnly), worker, what, err))
	}
}

// answered says how many requests were answered so far.
func (l *load) answered() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.requests - len(l.failures)
}

// flow waits for n more answers, so that a disturbance has load before and after it.
func (l *load) flow(t *testing.T, n int) {
	t.Helper()
	from := l.answered()
	eventually(t, patience, func() string {
		if got := l.answered() - from; got < n {
			return fmt.Sprintf("%d of %d requests answered; failures: %v", got, n, l.failuresSoFar())
		}
		return ""
	})
}

func (l *load) failuresSoFar() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.failures...)
}

// finish ends the load and returns every failure.
func (l *load) finish() []string {
	l.stop()
	l.done.Wait()
	return l.failuresSoFar()
}
