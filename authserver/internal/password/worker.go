// SPDX-License-Identifier: Apache-2.0

package password

import (
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password/bcrypt"
)

// work is the life of one worker: between two iterations it lets finished and
// abandoned tasks go and new ones in.
func (e *Engine) work(worker int) {
	lanes := make([]*task, 0, bcrypt.Lanes)
	batch := e.origin.NewBatch()
	var took, turn time.Duration
	for {
		if turn += took; turn >= longestTurn {
			letOthersIn()
			turn = 0
		}
		var open bool
		if lanes, open = e.between(worker, lanes, took); !open {
			return
		}
		for _, t := range lanes {
			if t.hash == nil {
				t.hash = batch.Start(t.password, t.salt, t.cost)
				clear(t.password)
			}
		}
		started := e.options.Now()
		batch.Step()
		took = e.options.Now().Sub(started)

		for _, t := range lanes {
			if t.hash.Done() {
				t.sum = t.hash.Sum()
			}
		}
	}
}

// longestTurn is how long a worker hashes before it lets others in.
const longestTurn = 3 * time.Millisecond

// between clears and fills a worker's lanes after an iteration that took so long,
// and waits while there is nothing to do. The second result is false when the
// engine is closed and the lanes are empty.
func (e *Engine) between(worker int, lanes []*task, took time.Duration) ([]*task, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pace.learn(len(lanes), took)
	lanes = slices.DeleteFunc(lanes, func(t *task) bool { return e.finished(t) })
	e.loads[worker] = load{pause: max(e.loads[worker].pause-1, 0)}
	for _, t := range lanes {
		e.loads[worker].add(t)
	}
	for {
		for e.mayTake(worker) {
			t := e.line.next()
			if e.options.Now().Sub(t.since) > e.options.MaxWait {
				e.refuse(t, &BusyError{e.wait()})
				continue
			}
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

// finished accounts for the iteration that t has just had, answers it if it was
// the last, and says whether t leaves its lane.
func (e *Engine) finished(t *task) bool {
	e.ahead--
	t.iterations--
	switch {
	case t.iterations == 0:
		e.counts.Hashed++
		t.answer <- answer{sum: t.sum}
		return true
	case t.abandoned:
		e.ahead -= t.iterations
		e.counts.Abandoned++
		t.hash.Wipe()
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

// mayTake reports whether worker should take the next task in line.
func (e *Engine) mayTake(worker int) bool {
	own := e.loads[worker]
	if own.lanes > 0 && own.pause > 0 && e.line.waiting > e.free() {
		return false
	}
	return e.line.waiting > 0 && own.lanes < bcrypt.Lanes &&
		!slices.ContainsFunc(e.loads, func(other load) bool { return other.lighter(own) })
}
