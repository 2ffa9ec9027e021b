// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// CounterKey names a Counter. It is a hash, so that neither the Store nor a log
// holds what was tried.
type CounterKey [sha256.Size]byte

// CounterKind says what guesses are counted by.
type CounterKind string

const (
	// ByAccount counts the guesses of strangers at one account's password.
	ByAccount CounterKind = "account"
	// ByDevice counts those of a device that has logged in to the account before.
	ByDevice CounterKind = "device"
	// BySource counts the wrong guesses of one source address at any account.
	BySource CounterKind = "source"
	// ByCode counts guesses at an account's second factor.
	ByCode CounterKind = "code"
)

// Counter counts guesses until they are too many. Then it is locked, and takes
// none for the limit's duration.
type Counter struct {
	Kind  CounterKind
	Key   CounterKey
	Limit AttemptLimit
}

// counterKey is the key of the counter for name among those of its kind.
func counterKey(kind CounterKind, name string) CounterKey {
	return sha256.Sum256([]byte(string(kind) + "\x00" + name))
}

// AttemptLimit is how many failures within Duration lock a Counter for Duration.
type AttemptLimit struct {
	Failures int
	Duration time.Duration
}

// Reservation is the answer to an announced attempt.
type Reservation struct {
	Refused bool
	// By is which of the counters refused.
	By int
	// LockedUntil is zero when attempts in flight have used up the limit.
	LockedUntil time.Time
}

// Tally is where a Counter stands after a failure.
type Tally struct {
	// Left is how many more failures the counter takes before it is locked.
	Left int
	// LockedUntil is zero unless this failure has locked the counter.
	LockedUntil time.Time
}

// Short is enough of the key to follow one counter through a log.
func (k CounterKey) Short() string { return hex.EncodeToString(k[:6]) }
