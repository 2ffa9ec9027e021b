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
	salt       [bcrypt.SaltSize]byte
	cost       int
	iterations int // left, of 1<<cost
	since      time.Time
	foreign    foreign.Hash // a guest's, in place of salt, cost and iterations
	answer     chan answer  // of one place, so that a worker never waits for a caller

	abandoned bool // the caller has given up; under the engine's lock

	// These are the worker's alone.
	hash *bcrypt.Computation
	sum  [bcrypt.SumSize]byte
}

type answer struct {
	sum   [bcrypt.SumSize]byte
	right bool // a guest's answer, which has no sum
	err   error
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

// free is how many lanes nobody has.
func (e *Engine) free() int {
	free := len(e.loads) * bcrypt.Lanes
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
	return time.Duration(e.pace) * time.Duration(e.ahead/(len(e.loads)*bcrypt.Lanes))
}
