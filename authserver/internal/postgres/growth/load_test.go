// SPDX-License-Identifier: Apache-2.0

//go:build growth

package growth

import (
	"context"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// latencies are what calls took that were answered as wanted.
type latencies struct {
	mu     sync.Mutex
	took   []time.Duration
	failed map[string]int
	span   time.Duration
}

// add counts one call. A token that another has used counts for nothing.
func (l *latencies) add(took time.Duration, done bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case err != nil:
		if l.failed == nil {
			l.failed = map[string]int{}
		}
		l.failed[err.Error()]++
	case done:
		l.took = append(l.took, took)
	}
}

func (l *latencies) failures() (n int) {
	for _, times := range l.failed {
		n += times
	}
	return n
}

// percentile is of all calls; the share is 0 to 1.
func (l *latencies) percentile(share float64) time.Duration {
	if len(l.took) == 0 {
		return 0
	}
	slices.Sort(l.took)
	return l.took[max(0, int(math.Ceil(share*float64(len(l.took))))-1)]
}

func (l *latencies) perSecond() float64 { return float64(len(l.took)) / l.span.Seconds() }

// lastingTokens are refresh tokens of sessions that live and outlive a round of pruning.
type lastingTokens struct {
	of   size
	next atomic.Int64
	mu   sync.Mutex
	// successors are for when every session has been refreshed once.
	successors []auth.TokenHash
}

// untilPruned is by how much the round of pruning is ahead: a third of all sessions has
// expired by then.
const untilPruned = 56 * time.Hour

// take is the token of a session that has not been refreshed yet, as long as there is one:
// its pages have not been touched either.
func (l *lastingTokens) take() auth.TokenHash {
	for sessions := int64(l.of.sessions()); ; {
		i := l.next.Add(1)
		if i > sessions {
			return l.takeSuccessor()
		}
		n := int(i * 104_729 % sessions)
		if n%5 > 0 && n*7919%100003 < 55_000 {
			return tokenOf(2 * n)
		}
	}
}

// takeSuccessor is the zero hash, which is no token, when all are under way.
func (l *lastingTokens) takeSuccessor() (token auth.TokenHash) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.successors) > 0 {
		token, l.successors = l.successors[0], l.successors[1:]
	}
	return token
}

func (l *lastingTokens) put(token auth.TokenHash) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.successors = append(l.successors, token)
}

// load is what pods do to a world.
type load struct {
	*world
	lasting lastingTokens
}

func newLoad(w *world) *load { return &load{world: w, lasting: lastingTokens{of: w.fill.size}} }

// refresh rotates the token of the next session, and counts from when that began.
func (d *load) refresh(ctx context.Context, began time.Time, l *latencies) {
	used, successor := d.lasting.take(), newHash()
	_, rotated, err := d.store.Rotate(ctx, rotation(used, successor, time.Now().UTC()))
	if rotated {
		d.lasting.put(successor)
	}
	l.add(time.Since(began), rotated, err)
}

// steadily refreshes so often, whether or not earlier ones were answered, until ctx
// ends. Each counts from when it was planned: what others make it wait is counted.
func (d *load) steadily(ctx context.Context, perSecond int) *latencies {
	l, began := &latencies{}, time.Now()
	var all sync.WaitGroup
	for i := 0; ctx.Err() == nil; i++ {
		planned := began.Add(time.Duration(i) * time.Second / time.Duration(perSecond))
		pause(time.Until(planned))
		all.Go(func() { d.refresh(context.WithoutCancel(ctx), planned, l) })
	}
	l.span = time.Since(began)
	all.Wait()
	return l
}

// flatOut has so many hands refresh without a pause, until ctx ends.
func (d *load) flatOut(ctx context.Context, hands int) *latencies {
	l, began := &latencies{}, time.Now()
	var all sync.WaitGroup
	for range hands {
		all.Go(func() {
			for ctx.Err() == nil {
				d.refresh(context.WithoutCancel(ctx), time.Now(), l)
			}
		})
	}
	all.Wait()
	l.span = time.Since(began)
	return l
}

// together runs do n times on so many hands.
func together(n, hands int, do func(i int) error) error {
	var next atomic.Int64
	failed := make([]error, hands)
	var all sync.WaitGroup
	for h := range hands {
		all.Go(func() {
			for i := int(next.Add(1)); i <= n && failed[h] == nil; i = int(next.Add(1)) {
				failed[h] = do(i)
			}
		})
	}
	all.Wait()
	for _, err := range failed {
		if err != nil {
			return err
		}
	}
	return nil
}

// pause lets real time go by, which is what is measured.
func pause(d time.Duration) { <-time.After(d) }
