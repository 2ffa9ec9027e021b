// SPDX-License-Identifier: Apache-2.0

package redis

import (
	"sync"
	"time"
)

// mostOwn bounds each half of an own: about ten megabytes in all.
const mostOwn = 50_000

// own is what one server has counted while Redis was away. When it is full, it
// forgets the half that was not asked about for longest.
type own struct {
	mu          sync.Mutex
	recent, old map[string]time.Time
}

// take does what takeScript does.
func (o *own) take(key string, rate Rate, now time.Time) time.Duration {
	o.mu.Lock()
	defer o.mu.Unlock()
	due, found := o.recent[key]
	if !found {
		due = o.old[key]
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
	if len(o.recent) >= mostOwn || o.recent == nil {
		o.recent, o.old = map[string]time.Time{}, o.recent
	}
	o.recent[key] = due
	return 0
}
