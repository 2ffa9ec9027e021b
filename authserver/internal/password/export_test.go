// SPDX-License-Identifier: Apache-2.0

package password

import (
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password/bcrypt"
)

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

// PretendForeignWork makes it look as if foreign hashes with so much work were ahead.
func (e *Engine) PretendForeignWork(d time.Duration) (finish func()) {
	add := func(d time.Duration) {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.foreign.ahead += d
	}
	add(d)
	return func() { add(-d) }
}

// Beginnings are the iterations of a single worker at which n hashes begin that
// all wait from the start.
func Beginnings(n, cost int) []int {
	e := &Engine{line: newLine(n), loads: make([]load, 1), closed: true, options: Options{
		Now: time.Now, MaxWait: time.Hour, Implementation: func() Implementation { return Interleaved },
	}}
	e.paces[Interleaved].lanes = bcrypt.Lanes
	for range n {
		e.line.join(&task{iterations: 1 << cost, since: time.Now(), answer: make(chan answer, 1)})
	}
	var lanes []*task
	var beginnings []int
	for iteration := 0; ; iteration++ {
		running := slices.Clone(lanes)
		var open bool
		if lanes, open = e.between(0, lanes, step{iterations: 1}); !open {
			return beginnings
		}
		for _, t := range lanes {
			if !slices.Contains(running, t) {
				beginnings = append(beginnings, iteration)
			}
		}
	}
}
