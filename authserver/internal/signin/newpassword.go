// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"errors"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
)

const (
	newPasswordPrefix = "rkn_"
	// newPasswordLifetime is how long somebody may take to choose one.
	newPasswordLifetime = 15 * time.Minute
	// sealedForNewPassword is the purpose under which a sign-in is sealed that waits for one.
	sealedForNewPassword = "new password"
)

// PasswordWanted asks for another password than the one that was right, because the realm's
// rules of today would not take that.
type PasswordWanted struct {
	ID auth.Secret
	// Email is whose it is, for password managers.
	Email    string
	Lifetime time.Duration
}

// checkRules asks somebody whose password was right for another one, where the realm wants that
// before anything else comes of the sign-in; it is nil where it does not, and a notes what they
// are to be told. Nothing of the password is kept but whether today's rules would take it.
func (s *Service) checkRules(ctx context.Context, a *authentication, password auth.Secret) (*PasswordWanted, error) {
	if err := s.admits(a.user); err != nil {
		return nil, err
	}
	sound := func() bool { return !s.Rules.Weak(password, a.user.Email, a.user.Name) }
	demand, err := s.Requirements.CheckPassword(ctx, a.user, sound, a.from)
	switch {
	case err != nil:
		return nil, err
	case demand.Stop:
		return s.wantPassword(ctx, *a)
	case demand.Notice != nil:
		a.notices = append(a.notices, *demand.Notice)
	}
	return nil, nil //nolint:nilnil // nothing is wanted
}

// wantPassword interrupts a sign-in until its user has chosen a password.
func (s *Service) wantPassword(ctx context.Context, a authentication) (*PasswordWanted, error) {
	id, err := auth.NewOpaque(newPasswordPrefix, s.Random)
	if err != nil {
		return nil, err
	}
	stopped, err := s.Audit.NewEvent(auth.ActStopSignIn, a.user.ID, a.user.ID, a.from)
	if err != nil {
		return nil, err
	}
	stopped.Account, stopped.Detail = a.account, string(requirement.Passwords)
	t := auth.OneTimeToken{Hash: auth.HashOf(id), Kind: auth.NewPasswordToken, UserID: a.user.ID}
	if err := t.Keep(s.Sealer, sealedForNewPassword, a.pending(), s.Now(), newPasswordLifetime); err != nil {
		return nil, err
	}
	if err := s.Store.IssueToken(ctx, t, auth.Effects{Events: []auth.Event{stopped}}); err != nil {
		return nil, err
	}
	s.Observer.Login(loginStopped)
	s.Audit.Print(ctx, stopped)
	return &PasswordWanted{ID: id, Email: a.user.Email, Lifetime: newPasswordLifetime}, nil
}

func (s *Service) openWanted(ctx context.Context, wanted auth.Secret, from auth.Client) (authentication, error) {
	if !auth.IsOpaque(newPasswordPrefix, wanted) {
		return authentication{}, auth.Refuse(auth.ChallengeInvalid)
	}
	first := pendingAuthentication{}
	user, err := s.openInterrupted(ctx, auth.NewPasswordToken, wanted, sealedForNewPassword, &first)
	return first.of(user, from), err
}

// ChoosePassword goes on with a sign-in that waits for a password. It is the user's as soon as
// their session is open, and not before they have shown their second factor, if they have one:
// whoever knows an old password alone changes nothing. It refuses with ChallengeInvalid,
// AccountDisabled, EmailNotVerified, PasswordRejected, which leaves it waiting, Busy,
// SigningUnavailable or DatabaseUnavailable.
func (s *Service) ChoosePassword(ctx context.Context, wanted, password auth.Secret, from auth.Client) (SignIn, error) {
	if err := s.Tokens.Ready(); err != nil {
		return SignIn{}, err
	}
	first, err := s.openWanted(ctx, wanted, from)
	if err != nil {
		return SignIn{}, err
	}
	result, err := s.choosePassword(ctx, wanted, password, first)
	if err != nil {
		s.recordRefusal(context.WithoutCancel(ctx), first.account, from, err)
	}
	return result, err
}

func (s *Service) choosePassword(ctx context.Context, wanted, password auth.Secret, first authentication) (SignIn, error) {
	if err := s.Rules.Check(password, first.user.Email, first.user.Name); err != nil {
		return SignIn{}, err
	}
	hash, err := s.Passwords.Hash(ctx, first.from.Source(), string(auth.NormalPassword(password)), s.Settings().Passwords.BcryptCost)
	if err != nil {
		return SignIn{}, auth.Overloaded(err)
	}
	token := auth.HashOf(wanted)
	first.redeems, first.chosenHash = &token, hash
	result, err := s.complete(context.WithoutCancel(ctx), first)
	if errors.Is(err, auth.Refuse(auth.InvalidCredentials)) { // somebody has used it, or the password is another by now
		err = auth.Refuse(auth.ChallengeInvalid)
	}
	return result, err
}

// keepChosen makes the password that was chosen the user's, whose session is open. Where that
// fails, the session ends: it was opened by a password that opens none any more.
func (s *Service) keepChosen(ctx context.Context, a authentication, sessionID string, at time.Time) error {
	user := a.user
	user.PasswordHash, user.LastLoginAt = a.newHash, &at
	changed, err := s.ReplacePassword(ctx, user, a.chosenHash, sessionID, a.from)
	if err == nil && !changed {
		err = auth.Refuse(auth.InvalidCredentials)
	}
	if err != nil {
		return errors.Join(err, s.Sessions.End(ctx, user.Subject(sessionID, at, a.amr), a.from))
	}
	s.Requirements.RecordMet(ctx, requirement.Passwords, user, a.from)
	return nil
}
