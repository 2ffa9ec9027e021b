// SPDX-License-Identifier: Apache-2.0

// Package backchannel tells applications that somebody is signed out (OpenID Connect
// Back-Channel Logout 1.0).
//
// Whatever ends a session stores, in the statement that ends it, which clients are to be
// told. There it waits until any server has told them, with a token that is made for each
// try. A sign-out never waits for a client, and a client never for another one: each has
// a few deliveries at once, and one that does not answer is tried alone and ever more
// rarely, until it is given up.
package backchannel

import (
	"context"
	"errors"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Timeout is what a client should be given for one try.
const Timeout = 5 * time.Second

// Service tells a realm's clients. Every field is required.
type Service struct {
	auth.Realm
	Store     Store
	Clients   *client.Service
	Signer    Signer
	Transport Transport
	Observer  Observer
	// Timeout bounds one try.
	Timeout time.Duration
}

// Logout is the end of a session, as one client is to be told of it.
type Logout struct {
	ID       int64
	ClientID string
	// UserID and SID are the sub and the sid of the client's ID tokens.
	UserID, SID string
	// GrantedAt is when the client was first given tokens in the session, or a client of
	// its name that is no more.
	GrantedAt time.Time
	EndedAt   time.Time
	// Attempt is 1 for the first claim. Together with the id it names the claim.
	Attempt int
}

// Claim asks for what clients are to be told.
type Claim struct {
	// Limit is how many at most, and Each how many of a client that is Proven to answer. Of
	// another, one will do.
	Limit, Each int
	// Spared are clients to leave alone.
	Spared, Proven []string
	Now            time.Time
	// Until is when they may be claimed again, unless they are gone.
	Until time.Time
}

// Backlog is what waits, due or not.
type Backlog struct {
	Logouts int
	// Oldest is when the one that waits longest was stored; zero when none waits.
	Oldest time.Time
}

// Store has what clients are to be told, from the statement on that has ended the session.
type Store interface {
	// ClaimLogouts takes some that are due, of clients that take turns by chance, and
	// hides them from other callers until a time. Each claim counts as an attempt.
	ClaimLogouts(ctx context.Context, c Claim) ([]Logout, error)
	// ForgetLogout removes one.
	ForgetLogout(ctx context.Context, id int64) error
	// PostponeLogout makes a claimed one due at a time. It does nothing when another
	// caller has claimed it since.
	PostponeLogout(ctx context.Context, l Logout, until time.Time) error
	// ForgetLogoutsOf removes those of a client that were stored before a time, a batch at
	// most, and says how many there were; fewer than the batch when no more are left.
	ForgetLogoutsOf(ctx context.Context, clientID string, before time.Time, batch int) (int, error)
	// LogoutBacklog says what waits; an estimate where that is much.
	LogoutBacklog(ctx context.Context) (Backlog, error)
}

// Signer signs what a client can verify by the realm's keys.
type Signer interface {
	// Sign makes a JWT of a type with the key that signs by an algorithm now. It refuses
	// with auth.SigningUnavailable when there is none.
	Sign(algorithm realmconfig.Algorithm, typ string, claims map[string]any) (auth.Secret, error)
	// Longest is how long a token that is signed now may be valid.
	Longest() time.Duration
}

// ErrRefused is of a client that has understood a logout token and does not take it
// (section 2.8): it would not take the next one either.
var ErrRefused = errors.New("the client refuses")

// Transport brings logout tokens to clients.
type Transport interface {
	// Tell returns nil once the client has taken the token. The error is ErrRefused, or says
	// in words that quote nothing why the client must be told again.
	Tell(ctx context.Context, c realmconfig.Client, token auth.Secret) error
}

// The outcomes of a try, for the metrics.
const (
	delivered = "delivered"
	postponed = "postponed"
	refused   = "refused"
	abandoned = "abandoned"
	// unwanted is what a client has no address for any more, or what was another one's of
	// its name.
	unwanted = "unwanted"
)

// Observer counts what clients are told.
type Observer interface {
	// Logouts counts tries by what came of them.
	Logouts(outcome string, n int)
	// LogoutBacklog says how many clients' notices wait, and how long the oldest has.
	LogoutBacklog(logouts int, oldest time.Duration)
}
