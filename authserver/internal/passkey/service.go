// SPDX-License-Identifier: Apache-2.0

// Package passkey knows the passkeys of a realm's people: public-key credentials of Web
// Authentication (Level 3), of which an authenticator holds the private key. It sets them up,
// names, lists and removes them for a user whom somebody else has let in, and says whose a
// passkey is that somebody shows.
//
// Each takes a ceremony of two steps: the realm asks, and the authenticator answers. What was
// asked waits in the Store, sealed, for five minutes at most, and is used up by the first
// answer, whatever that is worth: of any number of answers at once one is looked at.
//
// A passkey that has verified its user when it was set up (by a PIN, a finger or a face) is
// something they have and something they know or are: it signs in by itself. Another one, a
// security key without a PIN for example, is a second factor behind a password. It does not
// become more by verifying its user later, since whoever finds it could give it a PIN of
// their own.
package passkey

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/audit"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
)

// Service knows the passkeys of a realm's users. Every field is required.
type Service struct {
	auth.Realm
	Store    Store
	Sealer   auth.Sealer
	WebAuthn WebAuthn
	Audit    *audit.Log
	Notify   *notify.Service
	// Requirements say of whom a second factor is required.
	Requirements *requirement.Service
	Observer     Observer
}

// Store keeps passkeys.
type Store interface {
	// UserHandle is what authenticators know a user by: fresh, or what was stored before.
	UserHandle(ctx context.Context, userID string, fresh []byte) ([]byte, error)
	// AddPasskey adds a passkey to its user, if nobody has that credential, if the session
	// lives that has asked for it, or the sign-in still waits that was stopped for it, and if
	// the user is not disabled, and has fewer than Most, and the password that User has.
	AddPasskey(ctx context.Context, n NewPasskey, also auth.Effects) (bool, error)
	// PasskeysOf are a user's, the eldest first.
	PasskeysOf(ctx context.Context, userID string) ([]Passkey, error)
	// PasskeyByCredential finds a passkey, the handle of its user, and the user; false when
	// there is none.
	PasskeyByCredential(ctx context.Context, credentialID []byte) (Found, bool, error)
	// RenamePasskey is false when the user has no such passkey.
	RenamePasskey(ctx context.Context, userID, id, name string, now time.Time, also auth.Effects) (bool, error)
	// RemovePasskey removes a passkey of a user, unless it signs them in and they could not
	// sign in any more without it. Only those of the relying party of that id sign in; none
	// for an empty id. The backup codes go with the last second factor. Whoever must have a
	// second factor, and has nothing left that is one, is stopped at the next sign-in.
	RemovePasskey(ctx context.Context, r Remove, now time.Time, also auth.Effects) (Removal, error)
	// UsePasskey takes note of a passkey that was shown; false when it is not its user's any
	// more.
	UsePasskey(ctx context.Context, p Presented, now time.Time, also auth.Effects) (bool, error)
	// IssueToken stores a one-time token.
	IssueToken(ctx context.Context, t auth.OneTimeToken, also auth.Effects) error
	// RedeemToken uses up a one-time token that has not expired. Of any number of
	// callers at once it succeeds for one.
	RedeemToken(ctx context.Context, kind auth.OneTimeTokenKind, hash auth.TokenHash, now time.Time) (auth.OneTimeToken, bool, error)
}

// Observer counts what happens.
type Observer interface {
	// Passkey counts a ceremony that was answered: "registration", "sign_in", "second_factor"
	// or "proof".
	Passkey(ceremony, outcome string)
	// CloneSuspected counts signature counters that went back.
	CloneSuspected()
}

// NewPasskey is a passkey on its way to a user.
type NewPasskey struct {
	Passkey
	User auth.User
	// SessionID is the session that asked for it; empty where Stopped is set: the sign-in that
	// waits for it, and ends with it.
	SessionID string
	Stopped   *auth.TokenHash
	Most      int
	// BackupCodes take the place of the user's; nil leaves them alone.
	BackupCodes []auth.TokenHash
}

// Found is a passkey with its user.
type Found struct {
	Passkey
	Handle []byte
	User   auth.User
}

// Remove says which passkey of whom is to go. RelyingPartyID is the realm's, empty where it has
// no passkeys, and Required is set where the user must have a second factor.
type Remove struct {
	UserID, ID, RelyingPartyID string
	Required                   bool
}

// Removal is what became of a Remove.
type Removal struct {
	// Found is false where the user has no such passkey, Removed where it is their last way
	// in.
	Found, Removed bool
}
