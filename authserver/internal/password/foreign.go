// SPDX-License-Identifier: Apache-2.0

package password

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password/bcrypt"
	"github.com/realmkeeper/realmkeeper/authserver/internal/password/foreign"
)

// maxVerifyCost is the highest bcrypt cost that Verify accepts, the highest a
// realm may have: a hash that was brought in must not keep a lane for days.
const maxVerifyCost = 16

// CanVerify returns nil when Verify can check encoded; otherwise
// bcrypt.ErrMalformed, foreign.ErrMalformed or foreign.ErrTooCostly.
func CanVerify(encoded string) error {
	var err error
	if isBcrypt(encoded) {
		_, err = parseBcrypt(encoded)
	} else {
		_, err = foreign.Parse(encoded)
	}
	return err
}

func isBcrypt(encoded string) bool { return strings.HasPrefix(encoded, "$2") }

func parseBcrypt(encoded string) (bcrypt.Hash, error) {
	h, err := bcrypt.Parse(encoded)
	if err == nil && h.Cost > maxVerifyCost {
		return bcrypt.Hash{}, foreign.ErrTooCostly
	}
	return h, err
}

// foreignQueue has the tasks whose hashes other programs have made. Such a hash cannot
// be taken in steps, and needs memory. So they have a line of their own, just as
// bounded and fair, and are checked one at a time, beside the lanes and not in
// them. Every user needs that once: the next login finds a bcrypt hash.
type foreignQueue struct {
	wake  *sync.Cond // a task has joined, or the engine was closed
	line  *line
	ahead time.Duration // the work of all of them, waiting and running
}

// verifyForeign is Verify of a hash that another program has made.
func (e *Engine) verifyForeign(ctx context.Context, source, encoded, password string) (bool, error) {
	h, err := foreign.Parse(encoded)
	if err != nil {
		return false, fmt.Errorf("read password hash: %w", err)
	}
	t := &task{
		source: source, password: []byte(password), foreign: h,
		since: e.options.Now(), answer: make(chan answer, 1),
	}
	e.joinForeign(t)
	select {
	case a := <-t.answer:
		if a.err != nil {
			return false, fmt.Errorf("verify password: %w", a.err)
		}
		return a.right, nil
	case <-ctx.Done():
		e.leaveForeign(t)
		return false, ctx.Err()
	}
}

// joinForeign is join for a task with another program's hash.
func (e *Engine) joinForeign(t *task) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		t.answer <- answer{err: ErrClosed}
		return
	}
	wait := e.foreign.ahead
	e.foreign.ahead += t.foreign.Work()
	turnedAway := e.foreign.line.join(t)
	if turnedAway == nil && wait > e.options.MaxWait && e.foreign.line.remove(t) {
		turnedAway = t
	}
	if turnedAway != nil {
		e.refuseForeign(turnedAway, &BusyError{wait})
	}
	e.foreign.wake.Signal()
}

// leaveForeign forgets t, whose caller has given up, if its turn has not come.
func (e *Engine) leaveForeign(t *task) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.foreign.line.remove(t) {
		e.foreign.ahead -= t.foreign.Work()
		e.counts.Abandoned++
	}
}

func (e *Engine) refuseForeign(t *task, err error) {
	e.foreign.ahead -= t.foreign.Work()
	e.counts.Refused++
	t.answer <- answer{err: err}
}

// checkForeign is the life of the one who checks them.
func (e *Engine) checkForeign() {
	for t := e.nextForeign(); t != nil; t = e.nextForeign() {
		right := t.foreign.Matches(t.password)
		clear(t.password)
		e.mu.Lock()
		e.foreign.ahead -= t.foreign.Work()
		e.counts.Hashed++
		t.answer <- answer{right: right}
		e.mu.Unlock()
	}
}

// nextForeign waits for a task; nil when the engine is closed.
func (e *Engine) nextForeign() *task {
	e.mu.Lock()
	defer e.mu.Unlock()
	for !e.closed {
		t := e.foreign.line.next()
		switch {
		case t == nil:
			e.foreign.wake.Wait()
		case e.options.Now().Sub(t.since) > e.options.MaxWait:
			e.refuseForeign(t, &BusyError{e.foreign.ahead})
		default:
			return t
		}
	}
	return nil
}
