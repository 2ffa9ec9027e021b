// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"time"
)

// Accounts is the part of the Store that changes people's accounts.
type Accounts interface {
	// ProveEmail redeems a ticket that was mailed: its address is proved, and
	// becomes the user's if it was not. Of any number of callers at once the
	// result is true for one. The error is EmailTaken when another user has got
	// the address meanwhile.
	ProveEmail(ctx context.Context, kind TicketKind, ticket TokenHash, also Effects, now time.Time) (bool, error)
	// SetPassword changes a password, ends the user's sessions and takes back
	// every ticket of theirs. When that is the first proof of the address, it
	// drops what a Reclaim drops.
	SetPassword(ctx context.Context, p NewPassword, also Effects) (PasswordChange, error)
	// UpdateProfile changes what is not nil; the second result is false when the
	// user is gone.
	UpdateProfile(ctx context.Context, userID string, c ProfileChange, also Effects, now time.Time) (User, bool, error)
}

// NewPassword is a password to set.
type NewPassword struct {
	// User is as they were when the change was decided: had they logged in,
	// proved the address or, without a ticket, changed the password since, nothing
	// happens.
	User User
	Hash string
	// Redeems is the mailed ticket that stands for the old password; nil when
	// that was checked itself. It also proves the address.
	Redeems *TokenHash
	// Clears are the counters to forget.
	Clears []CounterKey
	// KeepSession is the session that goes on; empty for none.
	KeepSession string
	Now         time.Time
}

// Reclaims reports whether it is the first proof of the user's address.
func (p NewPassword) Reclaims() bool { return p.Redeems != nil && p.User.EmailVerifiedAt == nil }

// PasswordChange is what became of a NewPassword.
type PasswordChange struct {
	Changed bool
	// Ended are the ids of the sessions that it ended.
	Ended []string
}

// ProfileChange is what a user wants to be called and addressed in; nil keeps it.
type ProfileChange struct{ Name, Locale *string }
