// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
	"time"
)

// MaxPasswordLength is what bcrypt reads of a password, in bytes.
const MaxPasswordLength = 72

// Passwords hashes, within bounds. The source is any name that tells one client
// from another; none of them may keep the others waiting. An error that has a
// RetryAfter method means that the engine is full.
type Passwords interface {
	Hash(ctx context.Context, source, password string, cost int) (string, error)
	Verify(ctx context.Context, source, hash, password string) (bool, error)
	// Burn does the work of a Verify at a cost and has no result.
	Burn(ctx context.Context, source, password string, cost int) error
	// Current is the hash that Hash could have made at cost of the password that hash
	// was verified for; empty where only Hash can tell.
	Current(hash, password string, cost int) string
	// CostsAsMuch reports whether Verify of a hash does the work of Burn at cost.
	CostsAsMuch(hash string, cost int) bool
}

// Overloaded turns a refusal of the password engine into ours.
func Overloaded(err error) error {
	var refusal interface{ RetryAfter() time.Duration }
	if errors.As(err, &refusal) {
		return &Error{Code: Busy, RetryAfter: refusal.RetryAfter(), Cause: err}
	}
	return err
}
