// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const (
	stopPrefix = "rku_"
	// stopLifetime is how long somebody may take to set something up: they may have to find an
	// app for it first.
	stopLifetime = 30 * time.Minute
	// sealedStop is the purpose under which a sign-in that is stopped is sealed, for its token.
	sealedStop = "stopped sign-in"
)

// Stop is a sign-in that does not go on until its user has a second factor.
type Stop struct {
	ID auth.Secret
	// Methods are what can be set up; none where there is a Passkey.
	Methods []auth.Method
	// MailCode is set while the user has to show first that they read their mail: whoever has
	// found out a password must not set up a second factor of theirs.
	MailCode bool
	// Passkey is set where they have one already, which completes the sign-in as it does a
	// Challenge, and is the only way on: whoever has found out a password, or reads the mail, must
	// not set up something of theirs beside it.
	Passkey  bool
	Lifetime time.Duration
}

// IsStop reports whether a secret looks like the ID of a Stop.
func IsStop(id auth.Secret) bool { return auth.IsOpaque(stopPrefix, id) }

// stoppedSignIn is what a Stop remembers of the sign-in.
type stoppedSignIn struct {
	pendingAuthentication
	// Proven is set when nothing has to be shown before something is set up.
	Proven bool `json:"proven,omitempty"`
}

// loginStopped is a login that waits for a second factor to be set up, or for another password,
// as the Observer sees it.
const loginStopped = "stopped"

// stop interrupts a sign-in until its user has a second factor.
func (s *Service) stop(ctx context.Context, a authentication) (SignIn, error) {
	stopped, err := s.Audit.NewEvent(auth.ActStopSignIn, a.user.ID, a.user.ID, a.from)
	if err != nil {
		return SignIn{}, err
	}
	stopped.Account, stopped.Detail = a.account, a.method
	mails, err := s.mustShowMail(ctx, a)
	if err != nil {
		return SignIn{}, err
	}
	first := stoppedSignIn{a.pending(), !mails}
	result, t, err := s.newStop(ctx, a.user, first)
	if err != nil {
		return SignIn{}, err
	}
	if err := s.issueChallenge(ctx, a, t, auth.Effects{Events: []auth.Event{stopped}}); err != nil {
		return SignIn{}, err
	}
	s.Observer.Login(loginStopped)
	s.Audit.Print(ctx, stopped)
	return SignIn{Stop: &result}, nil
}

func (s *Service) newStop(ctx context.Context, user auth.User, first stoppedSignIn) (Stop, auth.OneTimeToken, error) {
	id, err := auth.NewOpaque(stopPrefix, s.Random)
	if err != nil {
		return Stop{}, auth.OneTimeToken{}, err
	}
	shows, err := s.Passkeys.Has(ctx, user)
	if err != nil {
		return Stop{}, auth.OneTimeToken{}, err
	}
	t := auth.OneTimeToken{Hash: auth.HashOf(id), Kind: auth.StoppedSignInToken, UserID: user.ID}
	err = t.Keep(s.Sealer, sealedStop, first, s.Now(), stopLifetime)
	result := Stop{ID: id, Methods: []auth.Method{}, Passkey: shows, Lifetime: stopLifetime}
	if !shows {
		result.Methods, result.MailCode = s.setUpMethods(), !first.Proven
	}
	return result, t, err
}

// setUpMethods are the second factors that the realm can set up.
func (s *Service) setUpMethods() []auth.Method {
	settings, methods := s.Settings(), []auth.Method{auth.TOTPMethod}
	if settings.SMS != nil {
		methods = append(methods, auth.SMSMethod)
	}
	if s.Passkeys.On() {
		methods = append(methods, auth.PasskeyMethod)
	}
	return methods
}

// mustShowMail reports whether somebody who is stopped has to show first that they read the
// mail of their address. Where that is not proved, or the realm sends no mail, nobody could;
// and whoever has signed in by a mailed code has just done so.
func (s *Service) mustShowMail(ctx context.Context, a authentication) (bool, error) {
	if s.Settings().Email == nil || a.user.EmailVerifiedAt == nil || a.method == mailedCode {
		return false, nil
	}
	initial, err := s.isInitialAdmin(ctx, a.user)
	return !initial, err
}

// isInitialAdmin reports whether a user is an admin that the realm was given when it began, and
// has the address of then. Nobody has ever shown that somebody reads its mail.
func (s *Service) isInitialAdmin(ctx context.Context, user auth.User) (bool, error) {
	if user.Role != auth.AdminRole || !user.EmailVerifiedAt.Equal(user.CreatedAt) {
		return false, nil
	}
	hashes, err := s.Store.BootstrapsOf(ctx, auth.KeyOf(user.Email))
	return len(hashes) > 0, err
}

// openStop reads a sign-in that is stopped still, without ending it. It refuses with
// ChallengeInvalid, also when the user has a second factor by now, or AccountDisabled.
func (s *Service) openStop(ctx context.Context, id auth.Secret, from auth.Client) (authentication, stoppedSignIn, error) {
	first := stoppedSignIn{}
	if !IsStop(id) {
		return authentication{}, first, auth.Refuse(auth.ChallengeInvalid)
	}
	user, err := s.openInterrupted(ctx, auth.StoppedSignInToken, id, sealedStop, &first)
	if err == nil && user.HasSecondFactor() {
		err = auth.Refuse(auth.ChallengeInvalid)
	}
	return first.of(user, from), first, err
}

// provenStop is openStop for what sets something up. It refuses with ProofRequired, too, while
// a code has to be shown that was mailed, and whoever has a passkey to show.
func (s *Service) provenStop(ctx context.Context, id auth.Secret, from auth.Client) (authentication, error) {
	a, first, err := s.openStop(ctx, id, from)
	if err != nil {
		return a, err
	}
	shows, err := s.Passkeys.Has(ctx, a.user)
	if err == nil && (shows || !first.Proven) {
		err = auth.Refuse(auth.ProofRequired)
	}
	return a, err
}
