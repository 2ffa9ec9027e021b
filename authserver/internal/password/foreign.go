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

// guests are the tasks whose hashes other programs have made. Such a hash cannot
// be taken in steps, and needs memory. So they have a line of their own, just as
// bounded and fair, and are checked one at a time, beside the lanes and not in
// them. Every user needs that once: the next login finds a bcrypt hash.
type guests struct {
	wake  *sync.Cond // a guest has joined, or the engine was closed
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
	e.joinGuests(t)
	select {
	case a := <-t.answer:
		if a.err != nil {
			return false, fmt.Errorf("verify password: %w", a.err)
		}
		return a.right, nil
	case <-ctx.Done():
		e.leaveGuests(t)
		return false, ctx.Err()
	}
}

// joinGuests is join for a guest.
func (e *Engine) joinGuests(t *task) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		t.answer <- answer{err: ErrClosed}
		return
	}
	wait := e.guests.ahead
	e.guests.ahead += t.foreign.Work()
	turnedAway := e.guests.line.join(t)
	if turnedAway == nil && wait > e.options.MaxWait && e.guests.line.remove(t) {
		turnedAway = t
	}
	if turnedAway != nil {
		e.refuseGuest(turnedAway, &BusyError{wait})
	}
	e.guests.wake.Signal()
}

// leaveGuests forgets t, whose caller has given up, if its turn has not come.
func (e *Engine) leaveGuests(t *task) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.guests.line.remove(t) {
		e.guests.ahead -= t.foreign.Work()
		e.counts.Abandoned++
	}
}

func (e *Engine) refuseGuest(t *task, err error) {
	e.guests.ahead -= t.foreign.Work()
	e.counts.Refused++
	t.answer <- answer{err: err}
}

// host is the life of the one who checks guests.
func (e *Engine) host() {
	for t := e.nextGuest(); t != nil; t = e.nextGuest() {
		right := t.foreign.Matches(t.password)
		clear(t.password)
		e.mu.Lock()
		e.guests.ahead -= t.foreign.Work()
		e.counts.Hashed++
		t.answer <- answer{right: right}
		e.mu.Unlock()
	}
}

// nextGuest waits for a guest; nil when the engine is closed.
func (e *Engine) nextGuest() *task {
	e.mu.Lock()
	defer e.mu.Unlock()
	for !e.closed {
		t := e.guests.line.next()
		switch {
		case t == nil:
			e.guests.wake.Wait()
		case e.options.Now().Sub(t.since) > e.options.MaxWait:
			e.refuseGuest(t, &BusyError{e.guests.ahead})
		default:
			return t
		}
	}
	return nil
}
