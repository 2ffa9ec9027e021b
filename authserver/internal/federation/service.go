// SPDX-License-Identifier: Apache-2.0

// Package federation signs people in through other providers, and links accounts
// with who their users are there.
//
// A sign-in begins with a state that belongs to one browser and ends by redeeming
// it. What the provider says becomes an Identity; which user that is, and whether
// it may become one, is decided by the realm's consent and by who has proved the address.
package federation

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/audit"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/group"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/reclaim"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

// Service signs people in through a realm's providers. Every field is required.
type Service struct {
	auth.Realm
	Store     Store
	Sealer    auth.Sealer
	Tokens    session.AccessTokens
	Providers Providers
	Audit     *audit.Log
	Notify    *notify.Service
	Sessions  *session.Service
	Reclaim   *reclaim.Service
	SignIn    *signin.Service
	Groups    *group.Service
	Observer  Observer
}

// Store knows who people are elsewhere. An identity belongs to one user at most.
type Store interface {
	// UserByEmail finds a user by address; false when there is none.
	UserByEmail(ctx context.Context, email mailaddress.Address) (auth.User, bool, error)
	// IssueToken stores a one-time token.
	IssueToken(ctx context.Context, t auth.OneTimeToken, also auth.Effects) error
	// RedeemToken uses up a one-time token that has not expired. Of any number of
	// callers at once it succeeds for one.
	RedeemToken(ctx context.Context, kind auth.OneTimeTokenKind, hash auth.TokenHash, now time.Time) (auth.OneTimeToken, bool, error)
	// UseIdentity finds the user of an identity and notes that it was used.
	UseIdentity(ctx context.Context, i Identity, now time.Time) (auth.User, bool, error)
	// CreateUserWithIdentity makes a user and their identity. It is false, and
	// nothing happens, when the address or the identity is taken.
	CreateUserWithIdentity(ctx context.Context, u auth.User, i LinkedIdentity, also auth.Effects) (bool, error)
	// LinkByEmail gives an identity to its user if that user is enabled and has
	// proved the identity's address. It is false, and nothing happens, otherwise
	// or when the identity is taken.
	LinkByEmail(ctx context.Context, i LinkedIdentity, also auth.Effects) (bool, error)
	// LinkIdentity gives an identity to its user. It is false, and nothing
	// happens, when the identity is taken, the user is disabled, or the account
	// has another password, or another owner, than when user was read.
	LinkIdentity(ctx context.Context, user auth.User, i LinkedIdentity, also auth.Effects) (bool, error)
	// ReclaimByIdentity gives an identity whose provider vouches for the address
	// to the account, as its only way in.
	ReclaimByIdentity(ctx context.Context, r reclaim.Claim, i LinkedIdentity, also auth.Effects) (reclaim.Result, error)
	// IdentitiesOf lists a user's identities, the oldest first.
	IdentitiesOf(ctx context.Context, userID string) ([]LinkedIdentity, error)
	// UnlinkIdentity removes an identity unless its user could not sign in
	// without it.
	UnlinkIdentity(ctx context.Context, userID, id string, now time.Time, also auth.Effects) (UnlinkResult, error)
}

// Observer counts what happens.
type Observer interface {
	Login(outcome string)
	// Provider counts a sign-in, or a link, that came back from a provider.
	Provider(name, outcome string)
}
