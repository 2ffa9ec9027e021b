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
	// ByCode counts guesses at an account's second factor, or at the codes that are mailed
	// to its address.
	ByCode CounterKind = "code"
	// ByMailedCode counts those at one code that was mailed.
	ByMailedCode CounterKind = "mailed_code"
)

// Counter counts guesses until they are too many. Then it is locked, and takes
// none for the limit's duration.
type Counter struct {
	Kind  CounterKind
	Key   CounterKey
	Limit AttemptLimit
}

// NewCounterKey is the key of the counter for name among those of its kind.
func NewCounterKey(kind CounterKind, name string) CounterKey {
	return sha256.Sum256([]byte(string(kind) + "\x00" + name))
}

// AttemptLimit is how many failures within Duration lock a Counter for Duration.
type AttemptLimit struct {
	Failures int
	Duration time.Duration
}

// Short is enough of the key to follow one counter through a log.
func (k CounterKey) Short() string { return hex.EncodeToString(k[:6]) }

// Contention is how long a caller should wait when attempts in flight have used
// up the limit: they are decided within about a second.
const Contention = time.Second

// Refusal is what a counter that takes no attempt for so long answers; zero
// means that attempts in flight have used up its limit.
func (c Counter) Refusal(wait time.Duration) error {
	switch {
	case c.Kind == BySource:
		return RefuseFor(RateLimited, max(wait, Contention))
	case c.Kind == ByMailedCode && wait > 0:
		return Refuse(ChallengeInvalid) // it is over, whatever the time
	case wait > 0:
		return RefuseFor(AccountLocked, wait)
	default:
		return RefuseFor(TooManyAttempts, Contention)
	}
}
