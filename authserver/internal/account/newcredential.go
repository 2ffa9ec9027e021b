// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// NewCredential takes the place of all that a user without a password could sign in with: passkeys
// that sign in, and identities of providers, whoever has those by now. Second factors stay, security
// keys among them.
type NewCredential struct {
	// User is as they were when it was decided.
	User auth.User
	// Redeems is the link: of a reset, or of a Recovery that has waited.
	Redeems auth.TokenHash
	// AtOnce is set where the realm lets nobody wait. Otherwise the link of a reset is good only
	// beside a Recovery that has waited, or for a user whom nothing lets in.
	AtOnce bool
	// Hash is a password's, and empty for a Passkey.
	Hash    string
	Passkey *passkey.Passkey
	// Clears are the counters to forget.
	Clears []auth.CounterKey
	Now    time.Time
}

// Reclaims reports whether it is the first proof of the user's address, which drops what a
// reclaim.Claim drops.
func (n NewCredential) Reclaims() bool { return n.User.EmailVerifiedAt == nil }

// chosen is what somebody has chosen to sign in with: a password's hash, or a passkey.
type chosen struct {
	hash    string
	passkey *passkey.Passkey
	// handle is what authenticators know its user by.
	handle []byte
}

// name is for the audit log.
func (c chosen) name() string {
	if c.passkey != nil {
		return "passkey"
	}
	return "password"
}

// give redeems a mailed link, and is the user afterwards. It tries again while the user changes
// under its hands.
func (s *Service) give(ctx context.Context, secret auth.Secret, l mailedLink, c chosen, from auth.Client) (auth.User, error) {
	if l.purpose == ForRegistration {
		return s.addUser(ctx, l, c, from)
	}
	for range session.MaxRetries {
		also, err := s.credentialEffects(l, c, from)
		if err != nil {
			return auth.User{}, err
		}
		n := NewCredential{
			User: l.user, Redeems: l.hash, AtOnce: s.Settings().RecoveryWait() == 0, Hash: c.hash, Passkey: c.passkey,
			Clears: []auth.CounterKey{auth.KeyOf(l.user.Email).Counter()}, Now: also.Events[0].At,
		}
		if n.Reclaims() {
			n.Clears = s.Attempts.CountersOf(l.user)
		}
		change, err := s.Store.GiveCredential(ctx, n, also)
		if err != nil {
			return auth.User{}, err
		}
		if change.Changed {
			return s.given(ctx, n, change, also)
		}
		if l, err = s.ready(ctx, secret); err != nil {
			return auth.User{}, err
		}
	}
	return auth.User{}, auth.RefuseFor(auth.Busy, time.Second)
}

func (s *Service) given(ctx context.Context, n NewCredential, change PasswordChange, also auth.Effects) (auth.User, error) {
	s.Sessions.RevokeSessions(ctx, change.Ended...)
	s.Attempts.ForgetLocks(ctx, n.Clears...)
	for _, event := range also.Events {
		s.Audit.Print(ctx, event)
	}
	user, found, err := s.Store.UserByID(ctx, n.User.ID)
	if err == nil && !found {
		err = auth.Refuse(auth.CredentialTokenInvalid)
	}
	return user, err
}

// credentialEffects are what the user and the auditor hear of a new way in.
func (s *Service) credentialEffects(l mailedLink, c chosen, from auth.Client) (auth.Effects, error) {
	action, message := auth.ActResetPassword, auth.PasswordChangedMessage
	if c.passkey != nil {
		action, message = auth.ActAddPasskey, auth.PasskeyAddedMessage
	}
	if l.purpose == ForRecovery {
		action, message = auth.ActRecoverAccount, auth.AccountRecoveredMessage
	}
	event, err := s.Audit.NewEvent(action, l.user.ID, l.user.ID, from)
	if err != nil {
		return auth.Effects{}, err
	}
	event.Account = auth.KeyOf(l.user.Email)
	if action != auth.ActResetPassword {
		event.Detail = c.name()
	}
	also := auth.Effects{Events: []auth.Event{event}}
	told := l.user
	if l.user.EmailVerifiedAt == nil {
		reclaim, err := s.Reclaim.NewEvent(l.user, "reset", from)
		if err != nil {
			return auth.Effects{}, err
		}
		also.Events = append(also.Events, reclaim)
		if also.Messages, err = s.Reclaim.Mail(l.user, notify.Notice{}, from); err != nil {
			return auth.Effects{}, err
		}
		told.Name = "" // it may be somebody else's, too
	}
	mails, err := s.Notify.Mail(message, told, from)
	also.Messages = append(also.Messages, mails...)
	return also, err
}
