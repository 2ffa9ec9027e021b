// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// failuresToOpen in a row open the breaker.
	failuresToOpen = 3
	// pause is how long an open breaker keeps everyone away; then one caller tries.
	pause = 2 * time.Second
)

// breaker keeps requests from waiting, each anew, for a cache that is away.
type breaker struct {
	now func() time.Time
	log *slog.Logger
	// opened rings when it opens.
	opened chan struct{}

	mu       sync.Mutex
	failures int
	retryAt  time.Time
}

func newBreaker(now func() time.Time, log *slog.Logger) *breaker {
	return &breaker{now: now, log: log, opened: make(chan struct{}, 1)}
}

func (b *breaker) isOpen() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.failures >= failuresToOpen
}

// allow reports whether to try. While open it lets one caller through per pause.
func (b *breaker) allow() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.failures < failuresToOpen {
		return true
	}
	now := b.now()
	if now.Before(b.retryAt) {
		return false
	}
	b.retryAt = now.Add(pause)
	return true
}

// record notes an outcome, and logs when the cache goes away or comes back.
func (b *breaker) record(ctx context.Context, err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if err == nil {
		if b.failures >= failuresToOpen {
			b.log.InfoContext(ctx, "cache answers again")
		}
		b.failures = 0
		return
	}
	b.failures++
	if b.failures == failuresToOpen {
		b.retryAt = b.now().Add(pause)
		b.log.WarnContext(ctx, "cache is away, asking the database alone", "error", err)
		select {
		case b.opened <- struct{}{}:
		default: // it rings already
		}
	}
}
