// SPDX-License-Identifier: Apache-2.0

// Package attempts counts guesses and locks what is guessed at.
//
// An attempt is reserved before a password or a code is looked at, by one atomic
// statement, so that a thousand guesses at once are worth no more than the realm's
// lockout limit. A guess at a password is reserved in two counters, the account's
// and the source address's; the failure that uses up the limit of one locks it. A
// right password clears the account's and takes its attempt back from the source's.
// Guesses at codes have counters of their own. When attempts in flight have used up a
// limit, more of them wait for their turn: they may all be right.
//
// Locks by account would let strangers lock anybody out. A device that has signed
// in therefore keeps a sealed token, is counted by itself, and is neither stopped
// by the locks of strangers nor of use against other accounts.
package attempts

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/audit"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
)

// Service counts the guesses at a realm's accounts. Every field is required.
type Service struct {
	auth.Realm
	Store     Store
	Ephemeral Ephemeral
	Sealer    auth.Sealer
	Audit     *audit.Log
	Notify    *notify.Service
	Observer  Observer

	turns turns
}

// Store counts.
type Store interface {
	// UserByID finds a user; false when there is none.
	UserByID(ctx context.Context, id string) (auth.User, bool, error)
	// ReserveAttempts counts an attempt in every counter before its outcome is
	// known. When one of them refuses, it is counted in none.
	ReserveAttempts(ctx context.Context, counters []auth.Counter, now time.Time) (Reservation, error)
	// ReleaseAttempts takes back a reservation: the guess was not made after
	// all, or it was right.
	ReleaseAttempts(ctx context.Context, counters []auth.Counter) error
	// FailAttempts makes a reservation a failure and locks each counter whose
	// limit is used up. The tallies are in the order of the counters; also is
	// for a lock of the first.
	FailAttempts(ctx context.Context, counters []auth.Counter, now time.Time, also auth.Effects) ([]Tally, error)
	// ClearAttempts forgets what the counters have counted, locks included.
	ClearAttempts(ctx context.Context, keys []auth.CounterKey, now time.Time, also auth.Effects) error
	// AddressesOf are the addresses that a user's latest sessions of a user agent
	// came from.
	AddressesOf(ctx context.Context, userID, userAgent string) ([]string, error)
}

// Ephemeral remembers locks, to spare the Store a question. It may forget anything
// at any time, and others may have written there: what it keeps is sealed, and is
// believed only when it can be opened and is bounded.
type Ephemeral interface {
	// Lock is what KeepLock kept of a counter.
	Lock(ctx context.Context, counter auth.CounterKey) ([]byte, bool)
	KeepLock(ctx context.Context, counter auth.CounterKey, sealed []byte, ttl time.Duration)
	ForgetLock(ctx context.Context, counter auth.CounterKey)
}

// Observer counts what happens.
type Observer interface {
	Lockout(by auth.CounterKind)
	// KnownDevice counts attempts of devices that have logged in before.
	KnownDevice()
}
