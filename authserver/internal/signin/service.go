// SPDX-License-Identifier: Apache-2.0

// Package signin lets people in.
//
// A right first factor, a password or a provider's word, is completed by a session
// or, for a user with a second factor, by a challenge, which remembers what was
// right. A code answers it: one statement uses the code up, redeems the challenge
// and opens the session, so that neither can be used twice and none is lost without
// the other. A passkey that verifies its user is both factors. Whoever does not meet what the
// realm requires, and has had their time, is stopped on the way: until they have chosen another
// password (PasswordWanted), or have set up the second factor that they must have (Stop).
//
// An application gets a one-time code in its address, never a token. Whoever is
// signed in already proves with a password or a code that an access token was not
// merely found (Proof).
package signin

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/attempts"
	"github.com/realmkeeper/realmkeeper/authserver/internal/audit"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passwordrules"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// Service lets a realm's people in. Every field is required.
type Service struct {
	auth.Realm
	Store     Store
	Sealer    auth.Sealer
	Tokens    session.AccessTokens
	Passwords auth.Passwords
	Rules     passwordrules.Rules
	Audit     *audit.Log
	Attempts  *attempts.Service
	Sessions  *session.Service
	MFA       *mfa.Service
	Passkeys  *passkey.Service
	Notify    *notify.Service
	// Requirements say who must have a second factor, or another password.
	Requirements *requirement.Service
	// ReplacePassword makes a hash the user's, and ends every session but one. It is false when
	// their password is another by now. Package account, which knows how, stands on this one.
	ReplacePassword func(ctx context.Context, user auth.User, hash, sessionID string, from auth.Client) (bool, error)
	Observer        Observer
}

// Store opens sessions.
type Store interface {
	// UserByStoredEmail finds a user by what is stored as their address, in whatever
	// form that is; false when there is none.
	UserByStoredEmail(ctx context.Context, email string) (auth.User, bool, error)
	// UserByID finds a user; false when there is none.
	UserByID(ctx context.Context, id string) (auth.User, bool, error)
	// IssueToken stores a one-time token.
	IssueToken(ctx context.Context, t auth.OneTimeToken, also auth.Effects) error
	// PeekToken reads a one-time token that has not expired and leaves it valid; false
	// when there is none.
	PeekToken(ctx context.Context, kind auth.OneTimeTokenKind, hash auth.TokenHash, now time.Time) (auth.OneTimeToken, bool, error)
	// RedeemToken uses up a one-time token that has not expired. Of any number of
	// callers at once it succeeds for one.
	RedeemToken(ctx context.Context, kind auth.OneTimeTokenKind, hash auth.TokenHash, now time.Time) (auth.OneTimeToken, bool, error)
	// ExchangeToken uses up a one-time token of the user's that has not expired, and stores
	// the next in its place. Of any number of callers at once it is true for one.
	ExchangeToken(ctx context.Context, used auth.TokenHash, next auth.OneTimeToken, also auth.Effects) (bool, error)
	// BootstrapsOf are the hashes of passwords with which an admin of an address was asked for
	// when the realm began, or since.
	BootstrapsOf(ctx context.Context, account auth.AccountKey) ([]string, error)
	// StartSession records a login: session, refresh token, last login, attempts
	// cleared, password hash upgraded, token redeemed, code used, passkey counted. Started
	// is false when the user is gone or disabled, the password was changed since it was
	// checked, the token, the code or the passkey is no longer good, or the session that
	// this one descends from is over.
	StartSession(ctx context.Context, login NewSession, also auth.Effects) (SessionStart, error)
}

// Observer counts what happens.
type Observer interface {
	Login(outcome string)
}
