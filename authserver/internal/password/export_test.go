// SPDX-License-Identifier: Apache-2.0

package password

import (
	"slices"
	"time"
)

// BusiestWorker is how many lanes the worker with the most has in use.
func (e *Engine) BusiestWorker() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Max(e.busy)
}

// PretendGuestWork makes it look as if guests with so much work were ahead.
func (e *Engine) PretendGuestWork(d time.Duration) (finish func()) {
	add := func(d time.Duration) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.guests.ahead += d
	}
	add(d)
	return func() { add(-d) }
}
