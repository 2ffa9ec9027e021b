// SPDX-License-Identifier: Apache-2.0

package password

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password/foreign"
)

// Adopt returns the form in which a hash of another system is to be stored, so that
// Verify checks it as that system does. It returns bcrypt.ErrMalformed,
// foreign.ErrMalformed, foreign.ErrTooCostly or a foreign.UnsupportedError when nobody
// can check it.
func Adopt(exported string) (string, error) {
	encoded := foreign.Unwrap(strings.TrimSpace(exported))
	for _, own := range []string{standardRevision, interleavedRevision} {
		if rest, found := strings.CutPrefix(encoded, own); found {
			encoded = foreignRevision + rest
		}
	}
	return encoded, CanVerify(encoded)
}

// CanVerify returns nil when Verify can check encoded; otherwise what Adopt does.
func CanVerify(encoded string) error {
	_, isBcrypt, err := parseBcrypt(encoded)
	if !isBcrypt {
		_, err = foreign.Parse(encoded)
	}
	return err
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
