// SPDX-License-Identifier: Apache-2.0

// Package account is what people do with their own account: register, prove and change an
// address, set a password, turn a second factor on and off, and leave. People without a password
// get their first passkey or password by a mailed link (Credential), and another one, when they
// have lost what they sign in with, after a wait in which their owner may object (Recovery).
//
// A new password and a sign-in that meet cannot miss each other: the password is
// set only if nobody has signed in since its user was read. So no session of the
// old one is left when it has been changed.
package account

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
	"github.com/realmkeeper/realmkeeper/authserver/internal/reclaim"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

// Service changes the accounts of a realm's people. Every field is required.
type Service struct {
	auth.Realm
	Store     Store
	Sealer    auth.Sealer
	Passwords auth.Passwords
	Audit     *audit.Log
	Notify    *notify.Service
	Attempts  *attempts.Service
	Sessions  *session.Service
	MFA       *mfa.Service
	Passkeys  *passkey.Service
	SignIn    *signin.Service
	Reclaim   *reclaim.Service
	Rules     passwordrules.Rules
}

// Store changes accounts.
type Store interface {
	// UserByEmail finds a user by address; false when there is none.
	UserByEmail(ctx context.Context, email mailaddress.Address) (auth.User, bool, error)
	// UserByID finds a user; false when there is none.
	UserByID(ctx context.Context, id string) (auth.User, bool, error)
	// PeekToken reads a one-time token that has not expired and leaves it valid; false
	// when there is none.
	PeekToken(ctx context.Context, kind auth.OneTimeTokenKind, hash auth.TokenHash, now time.Time) (auth.OneTimeToken, bool, error)
	// CancelToken takes back a one-time token that has not expired. Of any number of
	// callers at once it succeeds for one.
	CancelToken(ctx context.Context, kind auth.OneTimeTokenKind, hash auth.TokenHash, also auth.Effects, now time.Time) (bool, error)
	// AddUser adds a user, with a one-time token if there is one, and says whether it
	// did: not when the address is taken. It refuses with RateLimited when the effects
	// are required and a quota is used up.
	AddUser(ctx context.Context, u auth.User, token *auth.OneTimeToken, also auth.Effects) (bool, error)
	// ProveEmail redeems a one-time token that was mailed: its address is proved, and
	// becomes the user's if it was not. Of any number of callers at once the result is
	// true for one. The error is EmailTaken when another user has got the address
	// meanwhile.
	ProveEmail(ctx context.Context, kind auth.OneTimeTokenKind, token auth.TokenHash, also auth.Effects, now time.Time) (bool, error)
	// SetPassword changes a password, ends the user's sessions and takes back every
	// one-time token of theirs. When that is the first proof of the address, it drops
	// what a reclaim.Claim drops.
	SetPassword(ctx context.Context, p NewPassword, also auth.Effects) (PasswordChange, error)
	// UpdateProfile changes what is not nil; the second result is false when the
	// user is gone.
	UpdateProfile(ctx context.Context, userID string, c ProfileChange, also auth.Effects, now time.Time) (auth.User, bool, error)
	// WaysIn is what a user may sign in with besides a password; none for an empty id.
	WaysIn(ctx context.Context, userID string, now time.Time) (WaysIn, error)
	// MailRegistration stores a one-time token of nobody's, with the mail of it, unless a quota
	// of the mail is used up.
	MailRegistration(ctx context.Context, t auth.OneTimeToken, also auth.Effects) (bool, error)
	// AddProvenUser redeems the one-time token of a registration: it adds a user whose address
	// is proved. Of any number of callers at once it is true for one. It is false when the token
	// is no longer good, or the address taken. It refuses with PasskeyExists.
	AddProvenUser(ctx context.Context, n NewUser, also auth.Effects) (bool, error)
	// BeginRecovery redeems the one-time token of a reset, unless a Recovery of the user waits
	// already. It refuses with RateLimited when a quota of its mails is used up.
	BeginRecovery(ctx context.Context, n NewRecovery, also auth.Effects) (bool, error)
	// RecoveryByCancel and RecoveryByLink find the Recovery of a secret that was mailed; false
	// when there is none any more, or the user has another address or a password by now.
	RecoveryByCancel(ctx context.Context, cancel auth.TokenHash, now time.Time) (Recovery, bool, error)
	RecoveryByLink(ctx context.Context, link auth.TokenHash, now time.Time) (Recovery, bool, error)
	// CancelRecovery ends a Recovery. Of any number of callers at once it is true for one, and
	// for none once somebody has used its link.
	CancelRecovery(ctx context.Context, c Cancellation, also auth.Effects) (bool, error)
	// ApproveRecovery ends the wait of a Recovery.
	ApproveRecovery(ctx context.Context, a Approval, also auth.Effects) (bool, error)
	// GiveCredential gives a user without a password one, or a passkey, in place of all that
	// they could sign in with, and ends their sessions. See NewCredential.
	GiveCredential(ctx context.Context, n NewCredential, also auth.Effects) (PasswordChange, error)
	// MailNotice stores what is in also, unless a quota is used up.
	MailNotice(ctx context.Context, also auth.Effects, now time.Time) (bool, error)
	// DeleteUser deletes a user and all that is theirs, but not the audit log.
	DeleteUser(ctx context.Context, userID string, now time.Time, also auth.Effects) (UserChanged, error)
}
