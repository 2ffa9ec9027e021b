// SPDX-License-Identifier: Apache-2.0

package attempts

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const (
	// maxWait is how long an attempt waits for others in flight to be decided: as long as
	// leaves the request time for its own.
	maxWait = 15 * time.Second
	// maxWaitingForOne and maxWaiting bound how many wait for one counter, and for all.
	maxWaitingForOne, maxWaiting = 100, 1000
	// askAgain is how long whoever is first in line waits for the attempts of other
	// servers, of whose end this one hears nothing.
	askAgain = 250 * time.Millisecond
)

// turns are where attempts wait, in order of arrival, when others in flight have used up
// a counter's limit. Only the first of each line asks the Store. The zero value is ready.
type turns struct {
	mu      sync.Mutex
	lines   map[auth.CounterKey][]*turn
	waiting int
}

// turn is a place in a counter's line.
type turn struct {
	of  *turns
	key auth.CounterKey
	// called has a word for whoever is first: it has just become so, or an attempt was decided.
	called chan struct{}
}

// contested is the first of the counters for which somebody waits; false when there is none.
func (t *turns) contested(counters []auth.Counter) (int, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	i := slices.IndexFunc(counters, func(c auth.Counter) bool { return len(t.lines[c.Key]) > 0 })
	return i, i >= 0
}

// take waits until the caller is first in a counter's line, and must then leave it. It is
// false when too many wait, or when ctx ends before.
func (t *turns) take(ctx context.Context, key auth.CounterKey) (*turn, bool) {
	own, joined := t.join(key)
	if !joined {
		return nil, false
	}
	select {
	case <-own.called:
		return own, true
	case <-ctx.Done():
		own.leave()
		return nil, false
	}
}

func (t *turns) join(key auth.CounterKey) (*turn, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	line := t.lines[key]
	if len(line) >= maxWaitingForOne || t.waiting >= maxWaiting {
		return nil, false
	}
	if t.lines == nil {
		t.lines = map[auth.CounterKey][]*turn{}
	}
	own := &turn{of: t, key: key, called: make(chan struct{}, 1)}
	t.lines[key] = append(line, own)
	t.waiting++
	if len(line) == 0 {
		own.call()
	}
	return own, true
}

// decided calls whoever is first in the line of each counter.
func (t *turns) decided(keys ...auth.CounterKey) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, key := range keys {
		if line := t.lines[key]; len(line) > 0 {
			line[0].call()
		}
	}
}

// again waits until it may be worth asking the Store once more. It is false when ctx ends before.
func (t *turn) again(ctx context.Context) bool {
	later := time.NewTimer(askAgain)
	defer later.Stop()
	select {
	case <-t.called:
		return true
	case <-later.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// leave makes way for the next in line.
func (t *turn) leave() {
	t.of.mu.Lock()
	defer t.of.mu.Unlock()
	line := t.of.lines[t.key]
	place := slices.Index(line, t)
	line = slices.Delete(line, place, place+1)
	t.of.waiting--
	if len(line) == 0 {
		delete(t.of.lines, t.key)
		return
	}
	t.of.lines[t.key] = line
	if place == 0 {
		line[0].call()
	}
}

func (t *turn) call() {
	select {
	case t.called <- struct{}{}:
	default: // it has not yet heard of the last one
	}
}
