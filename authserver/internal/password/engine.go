// SPDX-License-Identifier: Apache-2.0

// Package password hashes and checks passwords with bcrypt, within bounds: at
// most as many hashes at once as the process has processors, a short queue
// before them, and an immediate refusal beyond it. A flood of logins must not
// make every other request wait for the processor, nor queue up work whose
// callers have long given up.
package password

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// MaxLength is the longest password, in bytes; bcrypt would ignore the rest.
const MaxLength = 72

// ErrTooLong refuses to hash a password of more than MaxLength bytes.
var ErrTooLong = errors.New("password is longer than 72 bytes")

// Engine hashes passwords. Its methods may be called at once from anywhere.
type Engine struct{ queue *queue }

// New returns an engine that runs workers hashes at once and lets no caller
// wait longer than maxWait for its turn.
func New(workers int, maxWait time.Duration, now func() time.Time) *Engine {
	return &Engine{newQueue(workers, maxWait, now)}
}

// Hash makes a bcrypt hash. It returns ErrTooLong, a *BusyError, or ctx's error.
func (e *Engine) Hash(ctx context.Context, password string, cost int) (string, error) {
	if len(password) > MaxLength {
		return "", ErrTooLong
	}
	hash := []byte(nil)
	err := e.queue.run(ctx, cost, func() (err error) {
		hash, err = bcrypt.GenerateFromPassword([]byte(password), cost)
		return err
	})
	if err != nil {
		return "", fmt.Errorf("hash password: %w", err)
	}
	return string(hash), nil
}

// Verify reports whether hash was made of password. A password that is too long
// takes as long as any and is wrong. It returns a *BusyError or ctx's error
// when nothing was checked.
func (e *Engine) Verify(ctx context.Context, hash, password string) (bool, error) {
	cost, err := bcrypt.Cost([]byte(hash))
	if err != nil {
		return false, fmt.Errorf("read password hash: %w", err)
	}
	err = e.queue.run(ctx, cost, func() error {
		return bcrypt.CompareHashAndPassword([]byte(hash), []byte(password))
	})
	switch {
	case errors.Is(err, bcrypt.ErrMismatchedHashAndPassword):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("verify password: %w", err)
	}
	return len(password) <= MaxLength, nil
}

// Burn takes as long as a Verify at cost, for an account that does not exist.
func (e *Engine) Burn(ctx context.Context, password string, cost int) error {
	_, err := e.Verify(ctx, nobody(cost), password)
	return err
}

// nobody is a well-formed hash at cost that no known password has: a salt and a
// digest of zero bits.
func nobody(cost int) string {
	const saltAndDigest = 22 + 31
	return fmt.Sprintf("$2a$%02d$%s", cost, strings.Repeat(".", saltAndDigest))
}

// Current reports whether hash is what Hash would make at cost, salt aside.
func (e *Engine) Current(hash string, cost int) bool {
	have, err := bcrypt.Cost([]byte(hash))
	return err == nil && have == cost
}

// Waiting is how many callers wait for their turn.
func (e *Engine) Waiting() int { return e.queue.length() }
