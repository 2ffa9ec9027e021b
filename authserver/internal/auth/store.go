// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

// Users finds people. The second result is false when there is nobody.
type Users interface {
	// UserByEmail finds a user by address. The second result is false when there
	// is none.
	UserByEmail(ctx context.Context, email mailaddress.Address) (User, bool, error)
	// UserByStoredEmail finds a user by what is stored as their address, in whatever
	// form that is; see package signin.
	UserByStoredEmail(ctx context.Context, email string) (User, bool, error)
	// UserByID finds a user; the second result is false when there is none.
	UserByID(ctx context.Context, id string) (User, bool, error)
}

// OneTimeTokens keeps them.
type OneTimeTokens interface {
	// IssueToken stores a one-time token.
	IssueToken(ctx context.Context, t OneTimeToken, also Effects) error
	// PeekToken reads a one-time token that has not expired and leaves it valid.
	PeekToken(ctx context.Context, kind OneTimeTokenKind, hash TokenHash, now time.Time) (OneTimeToken, bool, error)
	// RedeemToken uses up a one-time token that has not expired. Of any number of
	// callers at once it succeeds for one.
	RedeemToken(ctx context.Context, kind OneTimeTokenKind, hash TokenHash, now time.Time) (OneTimeToken, bool, error)
	// CancelToken takes back a one-time token that has not expired. Of any number of
	// callers at once it succeeds for one.
	CancelToken(ctx context.Context, kind OneTimeTokenKind, hash TokenHash, also Effects, now time.Time) (bool, error)
}
