// SPDX-License-Identifier: Apache-2.0

// Package session knows who is signed in: the session that an access token belongs
// to, the refresh token that continues it, and its end.
//
// A refresh token is used once and replaced by a successor of the same session
// (RFC 9700, section 4.14.2). The successor is kept beside the used token, sealed
// under a key that only the used token yields. A client that lost the answer, or a
// second tab, presents the used token again within the grace period and is given
// the successor or, when that has been used as well, the last one after it. Later than
// that, the token must have been copied, and its session ends: also when the token itself
// is forgotten, since it names its family.
//
// A session that has ended is of no use to anybody: not its refresh tokens, which
// the Store refuses; not its access tokens, which every server knows as revoked
// for as long as one could live; not the codes, links and new addresses that were
// asked for with it. A session that an application was given by a code is one of
// its own from then on.
package session

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/audit"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
)

// Service knows a realm's sessions. Every exported field is required.
type Service struct {
	auth.Realm
	Store     Store
	Ephemeral Ephemeral
	Sealer    auth.Sealer
	Tokens    AccessTokens
	Clients   *client.Service
	Audit     *audit.Log
	Observer  Observer

	revoked revocations
}

// Store is the truth about sessions.
type Store interface {
	// UserOfSession reads the user of a session that has neither ended nor
	// expired. The second result is false when it has.
	UserOfSession(ctx context.Context, userID, sessionID string, now time.Time) (auth.User, bool, error)
	// Rotate uses up a live refresh token of a live session and stores its
	// successor. The second result is false when another caller was first, or
	// the token is dead: then UsedRefreshToken tells which.
	Rotate(ctx context.Context, r Rotation) (auth.Subject, bool, error)
	// UsedRefreshToken says what has become of a refresh token; false when neither it nor
	// its family is known. It may forget a used one UsedTokensKept after it was used, if it
	// knows the family.
	UsedRefreshToken(ctx context.Context, token auth.TokenHash, of TokenFamily) (UsedRefreshToken, bool, error)
	// SessionsOf lists those that are alive, the last used first, at most 100.
	SessionsOf(ctx context.Context, userID string, now time.Time) ([]Session, error)
	// EndSession ends a session that is not over yet. Of any number of callers at
	// once it is true, and the effects are stored, for one.
	EndSession(ctx context.Context, sessionID string, reason EndReason, now time.Time, also auth.Effects) (bool, error)
	// EndSessions ends those that are alive and names them. The effects are
	// stored if there was one. It is false, and nothing happens, when the user
	// logs in meanwhile.
	EndSessions(ctx context.Context, e SessionsEnd, also auth.Effects) ([]string, bool, error)
	// EndSessionsBefore ends those, of whomever, that are alive and began before
	// a time.
	EndSessionsBefore(ctx context.Context, since time.Time, reason EndReason, now time.Time) error
	// EndSessionsOfClients ends those of clients' own that are alive.
	EndSessionsOfClients(ctx context.Context, e ClientsEnd) error
	// ContinueSession makes of a session that has just begun a new proof of an earlier one
	// of the same user, and returns what a token of that says; false, and nothing happens,
	// when there is none that is alive.
	ContinueSession(ctx context.Context, c Continuation) (auth.Subject, bool, error)
	// RevokeToken stores that a client's token is revoked, however often.
	RevokeToken(ctx context.Context, id string) error
	// RevokedWithin reads those of the last d, the oldest first: a page of at most
	// limit of them, after the last of the page before.
	RevokedWithin(ctx context.Context, d time.Duration, after Revocation, limit int) ([]Revocation, error)
}

// Ephemeral answers quickly or not at all: it spares the Store a question, and
// brings news of what the Store will say a second later. Its "no" may only mean "I
// do not know". Others may be able to write there: what it keeps is sealed.
type Ephemeral interface {
	// Successor is what KeepSuccessor kept for a rotated token.
	Successor(ctx context.Context, token auth.TokenHash) ([]byte, bool)
	KeepSuccessor(ctx context.Context, token auth.TokenHash, sealed []byte, ttl time.Duration)
	// Revocations are what KeepRevocation kept about sessions and users, by their ids.
	Revocations(ctx context.Context, about ...string) map[string][]byte
	KeepRevocation(ctx context.Context, about string, sealed []byte, ttl time.Duration)
}

// Observer counts what happens.
type Observer interface {
	Refresh(outcome string)
}
