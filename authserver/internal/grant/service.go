// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/attempts"
	"github.com/realmkeeper/realmkeeper/authserver/internal/audit"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// Service knows a realm's grants. Every field is required.
type Service struct {
	auth.Realm
	Store    Store
	Audit    *audit.Log
	Notify   *notify.Service
	Clients  *client.Service
	Sessions *session.Service
	Attempts *attempts.Service
}

// Store is the truth about grants.
type Store interface {
	// IssueAuthorizationCode stores a code of a user's session that is alive, and says how
	// the user showed who they are; false when it is not.
	IssueAuthorizationCode(ctx context.Context, c Code) (amr []string, issued bool, err error)
	// UseAuthorizationCode uses a code up, whatever else of the redemption is wrong, and
	// begins the grant if nothing is. Of any number of callers at once it begins it for one.
	UseAuthorizationCode(ctx context.Context, r Redemption, told auth.Event) (Held, bool, error)
	// EndGrantOfCode ends what a used code was exchanged for, and names its user; false when
	// that is over, or never was.
	EndGrantOfCode(ctx context.Context, code auth.TokenHash, now time.Time, told auth.Event) (Held, bool, error)
	// RotateGrantToken uses up a live refresh token of a live grant and stores its
	// successor. The second result is false when another caller was first, or the token
	// is dead: then UsedGrantToken tells which.
	RotateGrantToken(ctx context.Context, r Rotation) (Held, bool, error)
	// UsedGrantToken says what has become of a refresh token; false when it was never known.
	UsedGrantToken(ctx context.Context, token auth.TokenHash, now time.Time) (UsedToken, bool, error)
	// LiveGrant reads a grant that is alive, and its user; false when it is not.
	LiveGrant(ctx context.Context, id string, now, sessionsSince time.Time) (Held, bool, error)
	// EndGrant ends a grant that is not over yet, with the session that is its own. Of any
	// number of callers at once it is true, and the event is stored, for one.
	EndGrant(ctx context.Context, id string, reason session.EndReason, now time.Time, told auth.Event) (bool, error)
	consents
	devices
}

// devices are the Store's part that knows what waits for somebody on another device.
type devices interface {
	// CreateDeviceCode stores a code if the client has room for one; created is false also
	// where another one has its letters.
	CreateDeviceCode(ctx context.Context, c NewDeviceCode) (created, room bool, err error)
	// OpenDeviceCode finds what shows a code that nobody has answered; false when it is none.
	OpenDeviceCode(ctx context.Context, userCode auth.TokenHash, now time.Time) (DeviceRequest, bool, error)
	// UserByID is as in notify.Store.
	UserByID(ctx context.Context, id string) (auth.User, bool, error)
	// AllowDeviceCode answers a code and begins its grant, with a session of its own, while
	// the session lives in which that was answered. Of any number of answers at once, of
	// whatever kind and by whomever, one is true.
	AllowDeviceCode(ctx context.Context, a DeviceAnswer, also auth.Effects) (bool, error)
	// DenyDeviceCode answers a code, for good, likewise.
	DenyDeviceCode(ctx context.Context, code auth.TokenHash, now time.Time, told auth.Event) (bool, error)
	// PollDeviceCode says what has become of a code, and remembers who asks too often.
	PollDeviceCode(ctx context.Context, p DevicePoll) (DeviceState, error)
	// UseDeviceCode uses a code up that was allowed. Of any number of callers at once it is
	// true for one, unless its grant has ended.
	UseDeviceCode(ctx context.Context, r Redemption, told auth.Event) (Held, bool, error)
	// EndGrantOfDeviceCode is as EndGrantOfCode.
	EndGrantOfDeviceCode(ctx context.Context, code auth.TokenHash, now time.Time, told auth.Event) (Held, bool, error)
}

// consents are the Store's part that knows what users have agreed to.
type consents interface {
	// ConsentGiven reports whether a user has agreed to all of c.
	ConsentGiven(ctx context.Context, c Consent) (bool, error)
	// RememberConsent uses a question up and adds c to what the user has agreed to. Of any
	// number of callers with one question at once it does, and is true, for one.
	RememberConsent(ctx context.Context, c Consent, asked auth.OneTimeToken, told auth.Event) (bool, error)
	// SpendToken is as in client.Store.
	SpendToken(ctx context.Context, t auth.OneTimeToken) (bool, error)
	// PermissionsOf lists the consents of a user, and their grants with a session of its
	// own that are alive; at most 100 of each.
	PermissionsOf(ctx context.Context, userID string, now, sessionsSince time.Time) ([]Permission, error)
	// ForgetConsent is true, and the event is stored, where there was one.
	ForgetConsent(ctx context.Context, userID, clientID string, told auth.Event) (bool, error)
	// EndGrantsOf ends a user's grants of a client, with the sessions that are their own,
	// and names those that were alive. The event is stored if there was one.
	EndGrantsOf(ctx context.Context, userID, clientID string, reason session.EndReason, now time.Time, told auth.Event) ([]string, error)
}

// Held is a grant and the user it is of.
type Held struct {
	Grant Grant
	User  auth.User
}
