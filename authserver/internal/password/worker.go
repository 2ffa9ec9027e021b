// SPDX-License-Identifier: Apache-2.0

package password

import (
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password/bcrypt"
)

// work is the life of one worker: between two steps it lets finished and abandoned
// tasks go and new ones in.
func (e *Engine) work(worker int) {
	hashers := newHashers()
	lanes := make([]*task, 0, bcrypt.Lanes)
	var last step
	var turn time.Duration
	for {
		if turn += last.took; turn >= longestTurn {
			letOthersIn()
			turn = 0
		}
		var open bool
		if lanes, open = e.between(worker, lanes, last); !open {
			return
		}
		started := e.options.Now()
		last.iterations = hashers[lanes[0].by].step(lanes)
		last.took = e.options.Now().Sub(started)
	}
}

// step is what a worker has done to each task in its lanes, and in which time.
type step struct {
	iterations int
	took       time.Duration
}

// longestTurn is how long a worker hashes before it lets others in.
const longestTurn = 3 * time.Millisecond

// between clears and fills a worker's lanes after its last step, and waits while
// there is nothing to do. The second result is false when the engine is closed and
// the lanes are empty.
func (e *Engine) between(worker int, lanes []*task, last step) ([]*task, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if len(lanes) > 0 {
		e.paces[lanes[0].by].learn(len(lanes), last.iterations, last.took)
	}
	lanes = slices.DeleteFunc(lanes, func(t *task) bool { return e.finished(t, last.iterations) })
	e.loads[worker] = load{pause: max(e.loads[worker].pause-1, 0)}
	for _, t := range lanes {
		e.loads[worker].add(t)
	}
	for {
		by := e.options.Implementation()
		for e.mayTake(worker, by) {
			t := e.line.next()
			if e.options.Now().Sub(t.since) > e.options.MaxWait {
				e.refuse(t, &BusyError{e.wait()})
				continue
			}
			t.by = by
			lanes = append(lanes, t)
			e.loads[worker].add(t)
			e.loads[worker].pause = min(apart, t.iterations/bcrypt.Lanes)
		}
		if len(lanes) > 0 {
			return lanes, true
		}
		if e.closed {
			return nil, false
		}
		e.wake.Wait()
	}
}

// finished accounts for the iterations that t has just had, answers it if they
// were the last, and says whether t leaves its lane.
func (e *Engine) finished(t *task, iterations int) bool {
	e.ahead -= iterations
	t.iterations -= iterations
	switch {
	case t.iterations == 0:
		e.counts.Hashed++
		t.answer <- t.done
		return true
	case t.abandoned:
		e.ahead -= t.iterations
		e.counts.Abandoned++
		t.computation.Wipe()
		return true
	}
	return false
}

// apart is how many iterations lie between two hashes that begin on one core
// while more wait than lanes are free: some 15 ms, longer than what their callers
// do next. Hashes that begin together end together, so that those after them begin
// together as well, and each round ends with a burst of work for all other threads.
const apart = 256

// load is what a worker has in its lanes, and for how many iterations it pauses
// before it takes more while it is saturated.
type load struct{ lanes, iterations, pause int }

func (l *load) add(t *task) {
	l.lanes++
	l.iterations += t.iterations
}

// lighter reports whether a hash would rather join l: where it shares the core
// with fewer others, and then with those that leave it sooner.
func (l load) lighter(than load) bool {
	if l.lanes != than.lanes {
		return l.lanes < than.lanes
	}
	return l.iterations < than.iterations
}

// mayTake reports whether worker should take the next task in line, to have it
// computed by an implementation. Its lanes never hold tasks of two: those of
// Interleaved leave one after another, and that of Standard fills the worker.
func (e *Engine) mayTake(worker int, by Implementation) bool {
	own := e.loads[worker]
	if own.lanes > 0 && own.pause > 0 && e.line.waiting > e.free() {
		return false
	}
	return e.line.waiting > 0 && own.lanes < e.paces[by].lanes &&
		!slices.ContainsFunc(e.loads, func(other load) bool { return other.lighter(own) })
}
