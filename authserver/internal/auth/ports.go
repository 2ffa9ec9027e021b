// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

// Store is the durable truth. Each method is one atomic statement. When the
// database cannot be reached, the error is an *Error with DatabaseUnavailable.
// The parts stand beside the use cases that need them.
type Store interface {
	Attempts
	Users
	Accounts
	Reclaims
	Sessions
	SessionList
	Revocations
	Tickets
	Mailings
	Identities
	SecondFactors
	SealedValues
	Events
	Outbox
	Administration
	Directory
	Trail

	// Prune deletes what has expired, batch by batch.
	Prune(ctx context.Context, now time.Time) error
}

// Users is the part of the Store that knows people.
type Users interface {
	// UserByEmail finds a user by address. The second result is false when there
	// is none.
	UserByEmail(ctx context.Context, email mailaddress.Address) (User, bool, error)
	// UserByStoredEmail finds a user by what is stored as their address, in
	// whatever form that is; see loginName.
	UserByStoredEmail(ctx context.Context, email string) (User, bool, error)

	// UserByID finds a user; the second result is false when there is none.
	UserByID(ctx context.Context, id string) (User, bool, error)
	// UserOfSession reads the user of a session that has neither ended nor
	// expired. The second result is false when it has.
	UserOfSession(ctx context.Context, userID, sessionID string, now time.Time) (User, bool, error)
}

// Sessions is the part of the Store that knows logins and what descends from them.
type Sessions interface {
	// StartSession records a login: session, refresh token, last login,
	// attempts cleared, password hash upgraded, ticket redeemed, code spent.
	// Started is false when the user is gone or disabled, the password was
	// changed since it was checked, the ticket or the code is no longer good, or
	// the session that this one descends from is over.
	StartSession(ctx context.Context, login NewSession, also Effects) (SessionStart, error)

	// Rotate uses up a live refresh token of a live session and stores its
	// successor. The second result is false when another caller was first, or
	// the token is dead: then Spent tells which.
	Rotate(ctx context.Context, r Rotation) (Subject, bool, error)
	// Spent says what became of a refresh token; false when it was never known.
	Spent(ctx context.Context, token TokenHash) (SpentToken, bool, error)

	// AddressesOf are the addresses that a user's latest sessions of a user agent
	// came from.
	AddressesOf(ctx context.Context, userID, userAgent string) ([]string, error)

	// EndSession ends a session that is not over yet. Of any number of callers at
	// once it is true, and the effects are stored, for one.
	EndSession(ctx context.Context, sessionID string, reason EndReason, now time.Time, also Effects) (bool, error)
}

// Ephemeral answers quickly or not at all: each method is best effort, never
// blocks for long, and its answer "no" may only mean "I do not know". Others may
// be able to write there: what it keeps is sealed, and what it answers is believed
// only when it can be opened and is bounded.
type Ephemeral interface {
	// Lock is what KeepLock kept of a counter.
	Lock(ctx context.Context, counter CounterKey) ([]byte, bool)
	KeepLock(ctx context.Context, counter CounterKey, sealed []byte, ttl time.Duration)
	ForgetLock(ctx context.Context, counter CounterKey)

	// Successor is what KeepSuccessor kept for a rotated token.
	Successor(ctx context.Context, token TokenHash) ([]byte, bool)
	KeepSuccessor(ctx context.Context, token TokenHash, sealed []byte, ttl time.Duration)

	// Revocations are what KeepRevocation kept about sessions and users, by their ids.
	Revocations(ctx context.Context, about ...string) map[string][]byte
	KeepRevocation(ctx context.Context, about string, sealed []byte, ttl time.Duration)
}

// AccessTokens issues and checks access tokens; it asks no store.
type AccessTokens interface {
	// Ready refuses with SigningUnavailable when no key may sign, so that nothing
	// is used up for a token that cannot be issued.
	Ready() error
	// Issue signs a token for subject and says how long it lasts. The error is
	// an *Error with SigningUnavailable when no key may sign.
	Issue(subject Subject) (Secret, time.Duration, error)
	// Verify returns whom a token speaks for. The error is an *Error with
	// TokenExpired or TokenInvalid.
	Verify(token Secret) (Subject, error)
}

// Sealer encrypts what the Store must not be able to read. Purpose and owner
// must be the same for both.
type Sealer interface {
	Seal(purpose, owner string, value []byte) ([]byte, error)
	Open(purpose, owner string, sealed []byte) ([]byte, error)
	// Primary is what every value that is sealed now begins with.
	Primary() []byte
}

// Passwords hashes, within bounds. The source is any name that tells one client
// from another; none of them may keep the others waiting. An error that has a
// RetryAfter method means that the engine is full.
type Passwords interface {
	Hash(ctx context.Context, source, password string, cost int) (string, error)
	Verify(ctx context.Context, source, hash, password string) (bool, error)
	// Burn does the work of a Verify at a cost and has no result.
	Burn(ctx context.Context, source, password string, cost int) error
	// Current reports whether a hash was made the way Hash would at cost.
	Current(hash string, cost int) bool
}

// Observer counts what happens.
type Observer interface {
	Login(outcome string)
	Refresh(outcome string)
	Lockout(by CounterKind)
	// KnownDevice counts attempts of devices that have logged in before.
	KnownDevice()
	// Provider counts a sign-in, or a link, that came back from a provider.
	Provider(name, outcome string)
	// SecondFactor counts a code that was checked.
	SecondFactor(method Method, outcome string)
	DeliveryObserver
}
