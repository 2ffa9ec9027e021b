// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"errors"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// NewPassword is a password to set.
type NewPassword struct {
	// User is as they were when the change was decided: had they logged in, proved the
	// address or, without a one-time token, changed the password since, nothing
	// happens.
	User auth.User
	Hash string
	// Redeems is the mailed token that stands for the old password; nil when that was
	// checked itself. It also proves the address.
	Redeems *auth.TokenHash
	// Clears are the counters to forget.
	Clears []auth.CounterKey
	// KeepSession is the session that goes on; empty for none.
	KeepSession string
	Now         time.Time
}

// Reclaims reports whether it is the first proof of the user's address.
func (p NewPassword) Reclaims() bool { return p.Redeems != nil && p.User.EmailVerifiedAt == nil }

// PasswordChange is what became of a NewPassword.
type PasswordChange struct {
	Changed bool
	// Ended are the ids of the sessions that it ended.
	Ended []string
}

// RequestReset mails a link that sets a new password. Whoever asks is answered
// the same after the same work, whether or not there is such an account. It
// refuses with InvalidRequest, EmailUnavailable or DatabaseUnavailable.
func (s *Service) RequestReset(ctx context.Context, email string, from auth.Client) error {
	address, err := auth.ParseEmail(email)
	if err != nil {
		return err
	}
	user, _, err := s.Store.UserByEmail(ctx, address)
	if err != nil {
		return err
	}
	_, ways, err := s.step(ctx, user)
	if err != nil {
		return err
	}
	said := auth.ResetPasswordMessage
	if user.PasswordHash == "" && user.EmailVerifiedAt != nil && ways.Others {
		said = auth.RecoveryLinkMessage
	}
	return s.Notify.MailReset(ctx, said, user, string(address), from)
}

// ResetLink is what the link of a reset mail stands for.
type ResetLink struct {
	Email string
	// HasPassword is set where there is a password that it replaces. Who has none chooses what
	// they sign in with: see CheckCredential.
	HasPassword bool
	// Recovers is set where they have another way in, and have to wait: see BeginRecovery.
	Recovers bool
}

// CheckReset says whose password the link of a reset mail changes as long as it
// works, and leaves it so. It refuses with ResetTokenInvalid or DatabaseUnavailable.
func (s *Service) CheckReset(ctx context.Context, secret auth.Secret) (ResetLink, error) {
	_, user, found, err := s.Notify.MailedToken(ctx, auth.ResetPasswordToken, secret)
	switch {
	case err != nil:
		return ResetLink{}, err
	case !found:
		return ResetLink{}, auth.Refuse(auth.ResetTokenInvalid)
	}
	step, _, err := s.step(ctx, user)
	return ResetLink{Email: user.Email, HasPassword: user.PasswordHash != "", Recovers: step == recovers}, err
}

// ResetPassword redeems the link of a reset mail: it sets the password, ends every
// session and every other link of the user, and lifts the account's lockout. The mail
// has proved the address too. A second factor stays, unless that was the first proof,
// which drops what a reclaim.Claim drops. It refuses with ResetTokenInvalid, Busy,
// DatabaseUnavailable, or, before the link is used up, PasswordRejected, and, to a user without
// a password, RecoveryRequired or PasswordNotOffered.
func (s *Service) ResetPassword(ctx context.Context, secret, password auth.Secret, from auth.Client) error {
	token, user, found, err := s.Notify.MailedToken(ctx, auth.ResetPasswordToken, secret)
	switch {
	case err != nil:
		return err
	case !found:
		return auth.Refuse(auth.ResetTokenInvalid)
	case user.PasswordHash == "":
		_, err := s.choosePassword(ctx, secret, password, from)
		return resetInvalid(err)
	}
	if err := s.checkNewPassword(password, user.Email, user.Name); err != nil {
		return err
	}
	changed, err := s.setPassword(ctx, auth.ActResetPassword, password, NewPassword{User: user, Redeems: &token.Hash}, from)
	switch {
	case err != nil:
		return err
	case !changed:
		return auth.Refuse(auth.ResetTokenInvalid)
	}
	return nil
}

// resetInvalid says of a link that is of no use what callers of ResetPassword know.
func resetInvalid(err error) error {
	if errors.Is(err, auth.Refuse(auth.CredentialTokenInvalid)) {
		return auth.Refuse(auth.ResetTokenInvalid)
	}
	return err
}

// ChangePassword replaces the password that the user types once more, and ends their
// other sessions. A user without one sets it, with a recent proof. It refuses as
// session.Caller does, with PasswordRejected, as signin.RequireProof does, or, to a user
// without one, with PasswordNotOffered.
func (s *Service) ChangePassword(ctx context.Context, access, current, password auth.Secret, from auth.Client) error {
	user, subject, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return err
	}
	if err := s.checkNewPassword(password, user.Email, user.Name); err != nil {
		return inField("new_password", err)
	}
	if err := s.mayChangePassword(ctx, user, subject, current, from); err != nil {
		return err
	}
	changed, err := s.setPassword(ctx, auth.ActChangePassword, password, NewPassword{User: user, KeepSession: subject.SessionID}, from)
	if err == nil && !changed {
		return auth.Refuse(auth.InvalidCredentials)
	}
	return err
}

// mayChangePassword wants the password that there is, or, where there is none, a recent proof.
func (s *Service) mayChangePassword(ctx context.Context, user auth.User, subject auth.Subject, current auth.Secret, from auth.Client) error {
	switch {
	case user.PasswordHash != "" && current == "":
		return &auth.Error{Code: auth.InvalidRequest, Fields: []auth.FieldProblem{{Field: "current_password", Detail: "is required"}}}
	case user.PasswordHash != "":
		_, err := s.SignIn.VerifyProof(ctx, user, subject, signin.Proof{Password: current}, from)
		return err
	case !s.Settings().Registration.OffersPasswords():
		return auth.Refuse(auth.PasswordNotOffered)
	default:
		return s.SignIn.RequireProof(ctx, user, subject, signin.Proof{}, from)
	}
}

// inField says what is wrong under another name.
func inField(name string, err error) error {
	var refusal *auth.Error
	if errors.As(err, &refusal) {
		for i := range refusal.Fields {
			refusal.Fields[i].Field = name
		}
	}
	return err
}

// ReplacePassword stores the hash of a password that a user has chosen while signing in, and
// ends every session but the one of that sign-in. It is false when the user's password is
// another by now.
func (s *Service) ReplacePassword(ctx context.Context, user auth.User, hash, sessionID string, from auth.Client) (bool, error) {
	return s.storePassword(ctx, auth.ActChangePassword, NewPassword{User: user, Hash: hash, KeepSession: sessionID}, from)
}

// setPassword hashes a password and stores it as storePassword does.
func (s *Service) setPassword(ctx context.Context, action auth.Action, password auth.Secret, p NewPassword, from auth.Client) (bool, error) {
	hash, err := s.hash(ctx, password, from)
	if err != nil {
		return false, err
	}
	p.Hash = hash
	return s.storePassword(ctx, action, p, from)
}

// storePassword stores a password, and tells the user by mail. The result is false when what
// stood for the old one is no longer good.
func (s *Service) storePassword(ctx context.Context, action auth.Action, p NewPassword, from auth.Client) (bool, error) {
	for range session.MaxRetries {
		also, err := s.passwordEffects(action, p, from)
		if err != nil {
			return false, err
		}
		p.Now, p.Clears = also.Events[0].At, s.liftedBy(p)
		change, err := s.Store.SetPassword(ctx, p, also)
		if err != nil {
			return false, err
		}
		if change.Changed {
			s.Sessions.RevokeSessions(ctx, change.Ended...)
			s.Attempts.ForgetLocks(ctx, p.Clears...)
			for _, event := range also.Events {
				s.Audit.Print(ctx, event)
			}
			return true, nil
		}
		again, err := s.sinceThen(ctx, &p)
		if err != nil || !again {
			return false, err
		}
	}
	return false, auth.RefuseFor(auth.Busy, time.Second)
}

// passwordEffects are what the user and the auditor hear of a new password.
func (s *Service) passwordEffects(action auth.Action, p NewPassword, from auth.Client) (auth.Effects, error) {
	event, err := s.Audit.NewEvent(action, p.User.ID, p.User.ID, from)
	if err != nil {
		return auth.Effects{}, err
	}
	also := auth.Effects{Events: []auth.Event{event}}
	if p.Reclaims() {
		reclaim, err := s.Reclaim.NewEvent(p.User, "reset", from)
		if err != nil {
			return auth.Effects{}, err
		}
		also.Events = append(also.Events, reclaim)
		if also.Messages, err = s.Reclaim.Mail(p.User, notify.Notice{}, from); err != nil {
			return auth.Effects{}, err
		}
		p.User.Name = "" // it may be somebody else's, too
	}
	changed, err := s.Notify.Mail(auth.PasswordChangedMessage, p.User, from)
	also.Messages = append(also.Messages, changed...)
	return also, err
}

// liftedBy is the counters that a new password forgets.
func (s *Service) liftedBy(p NewPassword) []auth.CounterKey {
	switch {
	case p.Reclaims():
		return s.Attempts.CountersOf(p.User)
	case p.Redeems != nil:
		return []auth.CounterKey{auth.KeyOf(p.User.Email).Counter()}
	default:
		return nil
	}
}

// sinceThen brings p up to date with a user who has changed since it was decided.
// It is false when what stood for the old password is no longer good.
func (s *Service) sinceThen(ctx context.Context, p *NewPassword) (bool, error) {
	user, found, err := s.Store.UserByID(ctx, p.User.ID)
	if err != nil || !found {
		return false, err
	}
	loggedIn := !auth.SameTime(user.LastLoginAt, p.User.LastLoginAt)
	p.User.LastLoginAt, p.User.EmailVerifiedAt = user.LastLoginAt, user.EmailVerifiedAt
	if p.Redeems == nil {
		return loggedIn, nil
	}
	_, good, err := s.Store.PeekToken(ctx, auth.ResetPasswordToken, *p.Redeems, s.Now())
	return good && user.DisabledAt == nil && user.Email == p.User.Email, err
}
