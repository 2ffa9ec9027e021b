// SPDX-License-Identifier: Apache-2.0

package password

import "time"

// Load is what a worker has in its lanes.
type Load struct{ Lanes, Iterations int }

// Loads are those of all workers.
func (e *Engine) Loads() []Load {
	e.mu.Lock()
	defer e.mu.Unlock()
	loads := make([]Load, 0, len(e.loads))
	for _, l := range e.loads {
		loads = append(loads, Load{l.lanes, l.iterations})
	}
	return loads
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
