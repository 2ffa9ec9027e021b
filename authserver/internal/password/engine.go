// SPDX-License-Identifier: Apache-2.0

// Package password hashes and checks passwords with bcrypt, several at once on
// every core, and within bounds.
//
// One worker per core owns up to bcrypt.Lanes hashes and takes all of them one
// iteration further at a time. A new hash joins at the next iteration and each
// leaves when it is done, so their costs and starting times do not matter. Work
// spreads over idle cores first: alone, a hash has a core to itself. Workers run
// at a low priority and let go of their cores now and then, so that no other
// request waits for them, in this process or another.
//
// Where the Standard implementation is asked for, a worker has one hash at a time,
// and lets go of its core between two hashes.
//
// What cannot start in time is refused at once, with the wait to expect: a flood
// of logins must not queue up work whose callers have long given up, nor may one
// source keep the others out.
package password

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password/bcrypt"
)

// MaxLength is the longest password that bcrypt is given itself, in bytes: it would
// ignore the rest.
const MaxLength = bcrypt.MaxPassword

// ErrClosed refuses work after Close.
var ErrClosed = errors.New("password engine is closed")

// BusyError refuses work that could not start in time.
type BusyError struct{ wait time.Duration }

func (e *BusyError) Error() string {
	return fmt.Sprintf("hashing queue is full for %s", e.wait.Round(time.Millisecond))
}

// RetryAfter is the expected wait.
func (e *BusyError) RetryAfter() time.Duration { return e.wait }

// Options say how much an Engine may take on; every field is required.
type Options struct {
	// Workers is how many cores hash at once.
	Workers int
	// MaxWait is how long a request may wait for its turn.
	MaxWait time.Duration
	// MaxWaiting is how many requests may wait at once.
	MaxWaiting int
	// Implementation says what computes the hashes that begin from now on. It must
	// not wait for anything.
	Implementation func() Implementation
	Now            func() time.Time
	Random         io.Reader
}

// Engine hashes passwords. Its methods may be called at once from anywhere.
type Engine struct {
	options Options
	workers sync.WaitGroup

	mu      sync.Mutex
	wake    *sync.Cond // a task has joined, or the engine was closed
	line    *line
	loads   []load // by worker
	ahead   int    // iterations that are left of all tasks, waiting and running
	paces   [implementations]pace
	foreign foreignQueue
	counts  Counts
	closed  bool
}

// New starts an engine, after some milliseconds of calibration.
func New(o Options) *Engine {
	e := &Engine{options: o, line: newLine(o.MaxWaiting), loads: make([]load, o.Workers)}
	e.wake = sync.NewCond(&e.mu)
	e.foreign = foreignQueue{wake: sync.NewCond(&e.mu), line: newLine(o.MaxWaiting)}
	for i, h := range newHashers() {
		e.paces[i] = calibrate(h, o.Now)
	}
	for worker := range o.Workers {
		e.start(func() { e.work(worker) })
	}
	e.start(e.checkForeign)
	return e
}

func (e *Engine) start(life func()) {
	e.workers.Go(func() {
		yieldToOthers()
		life()
	})
}

// Close refuses what waits and what comes, and returns when what has started is done.
func (e *Engine) Close() {
	e.mu.Lock()
	e.closed = true
	for t := e.line.next(); t != nil; t = e.line.next() {
		e.refuse(t, ErrClosed)
	}
	for t := e.foreign.line.next(); t != nil; t = e.foreign.line.next() {
		e.refuseForeign(t, ErrClosed)
	}
	e.wake.Broadcast()
	e.foreign.wake.Broadcast()
	e.mu.Unlock()
	e.workers.Wait()
}

// Hash makes a bcrypt hash for source, any name that tells one client from another.
// Of a password that bcrypt would not read to its end it is a hash of a digest, in the
// form that Django gives it. It returns ErrClosed, a *BusyError, or ctx's error.
func (e *Engine) Hash(ctx context.Context, source, password string, cost int) (string, error) {
	h := bcrypt.Hash{Minor: 'b', Cost: cost}
	if _, err := io.ReadFull(e.options.Random, h.Salt[:]); err != nil {
		return "", fmt.Errorf("make salt: %w", err)
	}
	prefix, input := "", password
	if len(password) > MaxLength {
		prefix = digestedPrefix
		input, _ = hexDigest(password)
	}
	a, err := e.compute(ctx, &task{source: source, password: []byte(input), hash: h})
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return prefix + a.encoded, nil
}

// Verify reports whether encoded was made of password, by us or by another
// program. Of a password that is longer than bcrypt reads, a hash that was brought in
// tells the beginning alone; where it is ours, such a password takes as long as any and
// is wrong. When nothing was checked it returns an error of CanVerify, ErrClosed, a
// *BusyError, or ctx's error.
func (e *Engine) Verify(ctx context.Context, source, encoded, password string) (bool, error) {
	s, isBcrypt, err := parseBcrypt(encoded)
	switch {
	case !isBcrypt:
		return e.verifyForeign(ctx, source, encoded, password)
	case err != nil:
		return false, fmt.Errorf("read password hash: %w", err)
	}
	input, possible := s.input(password)
	a, err := e.compute(ctx, &task{source: source, password: []byte(input), hash: s.hash, check: true})
	if err != nil {
		return false, fmt.Errorf("verify password: %w", err)
	}
	return a.right && possible, nil
}

// Burn takes as long as a Verify at cost, for an account that does not exist.
func (e *Engine) Burn(ctx context.Context, source, password string, cost int) error {
	nobody := bcrypt.Hash{Minor: 'b', Cost: cost}
	_, err := e.compute(ctx, &task{source: source, password: []byte(password), hash: nobody, check: true})
	return err
}

// Current returns the hash that Hash could have made of password at cost, without the
// work of one: encoded was made of it and is as ours are, or is another's of the same
// algorithm and cost, whose mark goes. It returns "" where a new hash must be made.
func (e *Engine) Current(encoded, password string, cost int) string {
	s, isBcrypt, err := parseBcrypt(encoded)
	switch {
	case !isBcrypt || err != nil || s.hash.Cost != cost:
		return ""
	case s.ours:
		return encoded
	case strings.HasPrefix(encoded, foreignRevision) && len(password) <= MaxLength:
		return interleavedRevision + strings.TrimPrefix(encoded, foreignRevision)
	}
	return ""
}

// CostsAsMuch reports whether Verify of encoded takes as long as Burn at cost.
func (e *Engine) CostsAsMuch(encoded string, cost int) bool {
	s, isBcrypt, err := parseBcrypt(encoded)
	return isBcrypt && err == nil && s.hash.Cost == cost
}

// compute waits for t's turn and for its answer.
func (e *Engine) compute(ctx context.Context, t *task) (answer, error) {
	t.iterations, t.since, t.answer = 1<<t.hash.Cost, e.options.Now(), make(chan answer, 1)
	e.join(t)
	select {
	case a := <-t.answer:
		return a, a.err
	case <-ctx.Done():
		e.leave(t)
		return answer{}, ctx.Err()
	}
}
