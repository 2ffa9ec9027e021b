// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"sync"
	"time"
)

// maxLocalBuckets bounds each half of localBuckets: about ten megabytes in all.
const maxLocalBuckets = 50_000

// localBuckets are what one server has counted while Redis was away. When they are
// full, they forget the half that was not asked about for longest.
type localBuckets struct {
	mu          sync.Mutex
	recent, old map[string]time.Time
}

// take does what takeScript does.
func (b *localBuckets) take(key string, rate Rate, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	due, found := b.recent[key]
	if !found {
		due = b.old[key]
	}
	latest := now.Add(rate.Window)
	if due.Before(now) {
		due = now
	}
	if due.After(latest) {
		due = latest
	}
	due = due.Add(rate.interval())
	if due.After(latest) {
		return due.Sub(latest)
	}
	if len(b.recent) >= maxLocalBuckets || b.recent == nil {
		b.recent, b.old = map[string]time.Time{}, b.recent
	}
	b.recent[key] = due
	return 0
}
