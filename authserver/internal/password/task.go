// SPDX-License-Identifier: Apache-2.0

package password

import (
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password/bcrypt"
	"github.com/realmkeeper/realmkeeper/authserver/internal/password/foreign"
)

// task is one hash that somebody waits for.
type task struct {
	source     string
	password   []byte
	hash       bcrypt.Hash // to make, or to check the password against
	check      bool
	iterations int // left, of 1<<hash.Cost
	since      time.Time
	foreign    foreign.Hash // another program's, in place of hash and iterations
	answer     chan answer  // of one place, so that a worker never waits for a caller

	by        Implementation // what computes it, from when it begins
	abandoned bool           // the caller has given up; under the engine's lock
	patience  int            // how many the line will have served when t should be next

	// These are the worker's alone.
	computation *bcrypt.Computation
	done        answer
}

type answer struct {
	encoded string // the hash that was made
	right   bool   // the password is that of the hash
	err     error
}

// join puts t in the line, or answers at once that there is no use in waiting.
func (e *Engine) join(t *task) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		t.answer <- answer{err: ErrClosed}
		return
	}
	e.ahead += t.iterations
	turnedAway := e.line.join(t)
	wait := e.wait()
	if turnedAway == nil && wait > e.options.MaxWait && e.line.remove(t) {
		turnedAway = t
	}
	if turnedAway != nil {
		e.refuse(turnedAway, &BusyError{wait})
	}
	e.wake.Signal()
}

// leave forgets t, whose caller has given up. A running hash stops at its next iteration.
func (e *Engine) leave(t *task) {
	e.mu.Lock()
	defer e.mu.Unlock()
	t.abandoned = true
	if e.line.remove(t) {
		e.ahead -= t.iterations
		e.counts.Abandoned++
	}
}

// refuse answers a task that is in no lane and no line.
func (e *Engine) refuse(t *task, err error) {
	e.ahead -= t.iterations
	e.counts.Refused++
	t.answer <- answer{err: err}
}

// room is how many hashes all workers can have at once.
func (e *Engine) room() int { return len(e.loads) * e.pace().lanes }

// free is how many of them nobody has.
func (e *Engine) free() int {
	free := e.room()
	for _, l := range e.loads {
		free -= l.lanes
	}
	return free
}

// wait is how long the newest task in line would wait for its turn.
func (e *Engine) wait() time.Duration {
	if e.line.waiting <= e.free() {
		return 0
	}
	return e.pace().iteration * time.Duration(e.ahead/e.room())
}
