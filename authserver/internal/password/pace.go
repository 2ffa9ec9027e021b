// SPDX-License-Identifier: Apache-2.0

package password

import (
	"math"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password/bcrypt"
)

// pace is how long one iteration with every lane in use takes on this machine: now,
// and undisturbed.
type pace struct {
	iteration, undisturbed time.Duration
	lanes                  int // of one worker
}

// calibrate hashes at the lowest cost, several times: the fastest was disturbed least.
func calibrate(h hasher, now func() time.Time) pace {
	const (
		iterations = 1 << bcrypt.MinCost
		rounds     = 8
	)
	fastest := time.Duration(math.MaxInt64)
	for range rounds {
		tasks := make([]*task, h.lanes())
		for i := range tasks {
			tasks[i] = &task{hash: bcrypt.Hash{Minor: 'b', Cost: bcrypt.MinCost}, check: true, iterations: iterations}
		}
		started := now()
		for done := 0; done < iterations; {
			done += h.step(tasks)
		}
		fastest = min(fastest, now().Sub(started))
	}
	return pace{fastest / iterations, fastest / iterations, h.lanes()}
}

// learn follows the machine's speed with an average that forgets: within a tenth
// of a second, and not sooner, or a worker that the kernel kept from its core for
// a moment would have logins refused that had time enough.
func (p *pace) learn(lanes, iterations int, took time.Duration) {
	const memory = 1024 // iterations
	if lanes == p.lanes {
		p.iteration += (took - time.Duration(iterations)*p.iteration) / time.Duration(memory+iterations)
	}
}

// pace is that of the implementation in force.
func (e *Engine) pace() pace { return e.paces[e.options.Implementation()] }

// Rate is how many hashes of a cost the engine makes in a second when it is busy.
func (e *Engine) Rate(cost int) float64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return inASecond(e.pace().iteration<<cost, e.room())
}

// RateOf is how many hashes of a cost so many cores of this machine make in a second
// while nobody else has anything to do.
func (e *Engine) RateOf(cores, cost int) float64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	p := e.pace()
	return inASecond(p.undisturbed<<cost, cores*p.lanes)
}

func inASecond(hash time.Duration, atOnce int) float64 {
	return float64(time.Second) / float64(max(hash/time.Duration(atOnce), 1))
}

// Counts are what an engine has done since it started.
type Counts struct {
	Hashed, Refused, Abandoned int
}

// State is what an engine is doing.
type State struct {
	Counts
	// Lanes is how many hashes are under way, Waiting how many wait for a lane
	// or, made by another program, for their turn.
	Lanes, Waiting int
	// Wait is what a request that comes now would wait for its turn.
	Wait time.Duration
}

// State is a consistent look at the engine.
func (e *Engine) State() State {
	e.mu.Lock()
	defer e.mu.Unlock()
	s := State{Counts: e.counts, Waiting: e.line.waiting + e.foreign.line.waiting, Wait: e.wait()}
	for _, l := range e.loads {
		s.Lanes += l.lanes
	}
	return s
}
