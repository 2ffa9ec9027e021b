// SPDX-License-Identifier: Apache-2.0

// Package personaltoken knows personal access tokens: what people give to programs of their
// own, such as a script, that are to act for them at one application.
//
// A token is of one user and one client, which takes such tokens, and good for some of the
// client's scopes until it expires. It is shown once, and stored as a hash alone. It opens
// nothing of the realm itself: the client is told whose it is, when it asks.
//
// Administrators make such tokens for service accounts, too: of one a token is as good as of a
// user, and nothing is said of it that could be said of a person.
//
// A token stands beside its user's sessions and outlives them. It ends by the user's hand, or
// an administrator's, or its client's; with the user, with the user's password, when the
// account is disabled or reclaimed, and with its client. It is worth nothing while the client
// does not admit the user.
package personaltoken

import (
	"context"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/realmkeeper/realmkeeper/authserver/internal/audit"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/recent"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

const (
	// Most is how many a user may have that have not expired, or a service account.
	Most = 50
	// MaxName bounds what somebody calls one, in bytes.
	MaxName = 200
)

// Token is a personal access token, but for its secret.
type Token struct {
	// ID is the token's own, a UUID by which it ends.
	ID       string
	ClientID string
	// Name is what whoever has made it calls it.
	Name string
	// Scopes are in order, each once; there may be none.
	Scopes               []string
	CreatedAt, ExpiresAt time.Time
	// LastUsedOn is the day in UTC on which the token was last used; nil for never.
	LastUsedOn *time.Time
	// MadeBy is the id of the administrator who has made it for a service account; empty for
	// a token that its user has made.
	MadeBy string
}

// Service knows a realm's personal access tokens. Every exported field is required.
type Service struct {
	auth.Realm
	Store    Store
	Audit    *audit.Log
	Clients  *client.Service
	Notify   *notify.Service
	Sessions *session.Service
	SignIn   *signin.Service
	// Groups are the names of those that a user is in, or a service account.
	Groups func(ctx context.Context, id string) ([]string, error)

	known recent.Map[auth.TokenHash, standing]
	reads singleflight.Group
}

// Store is the truth about personal access tokens.
type Store interface {
	// MakePersonalToken stores a token, if its user has room for one and the session lives
	// in which it was asked for. Of any number of callers at once, as many are told Made as
	// there is room for.
	MakePersonalToken(ctx context.Context, m Making, also auth.Effects) (Outcome, error)
	// PersonalTokensOf lists those of a user that have not expired, the newest first, Most
	// at most.
	PersonalTokensOf(ctx context.Context, userID string, now time.Time) ([]Token, error)
	// PersonalToken finds a token, and whose it is; false when there is none, or when it has
	// expired, or its user is disabled or has another password than when it was made, or its
	// service account is disabled.
	PersonalToken(ctx context.Context, hash auth.TokenHash, now time.Time) (Held, bool, error)
	// UsePersonalToken takes note of a day on which a token was used. It is true, and the
	// event is stored, for the first use of all.
	UsePersonalToken(ctx context.Context, id string, day time.Time, told auth.Event) (bool, error)
	// EndPersonalToken ends a token of a user. Of any number of callers at once it is true,
	// and the effects are stored, for one.
	EndPersonalToken(ctx context.Context, userID, id string, now time.Time, also auth.Effects) (bool, error)
	// UserByID finds a user; false when there is none.
	UserByID(ctx context.Context, id string) (auth.User, bool, error)

	// MakeAccountToken stores a token for a service account, as MakePersonalToken does for a
	// user. The user of the Making is an administrator, who must still be one.
	MakeAccountToken(ctx context.Context, accountID string, m Making, also auth.Effects) (Outcome, error)
	// AccountTokensOf lists those of a service account as PersonalTokensOf does.
	AccountTokensOf(ctx context.Context, accountID string, now time.Time) ([]Token, error)
	// EndAccountToken ends a token of a service account as EndPersonalToken does.
	EndAccountToken(ctx context.Context, accountID, id string, now time.Time, also auth.Effects) (bool, error)
	// ServiceAccountByID finds a service account; false when there is none.
	ServiceAccountByID(ctx context.Context, id string) (auth.ServiceAccount, bool, error)
}

// Held is a token and whose it is.
type Held struct {
	Token Token
	Owner
}

// Owner is a user or a service account.
type Owner struct {
	// User is empty where Account is not nil.
	User    auth.User
	Account *auth.ServiceAccount
}

// ID is that of the user or of the service account.
func (o Owner) ID() string {
	if o.Account != nil {
		return o.Account.ID
	}
	return o.User.ID
}

// subject is the owner in what is a session of its own: a token.
func (o Owner) subject(tokenID string) auth.Subject {
	if o.Account != nil {
		return o.Account.Subject(tokenID)
	}
	return o.User.Subject(tokenID, time.Time{}, nil)
}

// Making is a token on its way into the Store.
type Making struct {
	Token
	Hash auth.TokenHash
	// User is as they were when they showed who they are: one who has another password since
	// gets no token.
	User auth.User
	// SessionID is the session in which it was asked for, and SessionsSince when that must
	// have begun at the earliest.
	SessionID     string
	SessionsSince time.Time
	Most          int
}

// Outcome is what became of a Making.
type Outcome string

const (
	Made Outcome = "made"
	// Full is a user who has as many as there may be.
	Full Outcome = "full"
	// Unmade is a session that is over.
	Unmade Outcome = "unmade"
	// Overtaken is a user of whom something else has changed meanwhile, or a service account:
	// try again.
	Overtaken Outcome = "overtaken"
	// Closed is a service account that is disabled or gone.
	Closed Outcome = "closed"
)
