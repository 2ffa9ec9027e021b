// SPDX-License-Identifier: Apache-2.0

package mfa

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/attempts"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Enrolment is shown to the user once.
type Enrolment struct {
	// Secret is base32, URL the otpauth:// form of it.
	Secret, URL auth.Secret
	// BackupCodes work from the moment the factor is verified.
	BackupCodes []auth.Secret
}

// FactorsOf is what a user has, pending factors included.
func (s *Service) FactorsOf(ctx context.Context, user auth.User) (Factors, error) {
	return s.Store.FactorsOf(ctx, user.ID, s.Now())
}

// enrolmentLifetime is how long a factor waits for its first code. Whoever shows
// that need not prove anything: somebody has, when they began.
const enrolmentLifetime = time.Hour

// EnrolApp makes a shared secret for a user's authenticator app. Codes of it are
// asked for from the moment that Confirm has seen one; until then another call
// replaces it. It refuses with SecondFactorExists.
func (s *Service) EnrolApp(ctx context.Context, user auth.User) (Enrolment, error) {
	secret, err := newTOTPSecret(s.Random)
	if err != nil {
		return Enrolment{}, err
	}
	factor, err := s.newFactor(user, auth.TOTPMethod, secret)
	if err != nil {
		return Enrolment{}, err
	}
	codes, hashes, err := NewBackupCodes(s.Random)
	if err != nil {
		return Enrolment{}, err
	}
	enrolled, err := s.Store.Enrol(ctx, NewFactor{factor, hashes})
	switch {
	case err != nil:
		return Enrolment{}, err
	case !enrolled:
		return Enrolment{}, auth.Refuse(auth.SecondFactorExists)
	}
	return Enrolment{
		Secret: auth.Secret(base32Of(secret)), URL: totpURL(s.Settings().TwoFactor.Label, user.Email, secret), BackupCodes: codes,
	}, nil
}

func (s *Service) newFactor(user auth.User, method auth.Method, value []byte) (Factor, error) {
	id, err := s.NewID()
	if err != nil {
		return Factor{}, err
	}
	sealed, err := s.Sealer.Seal(string(method), user.ID, value)
	return Factor{UserID: user.ID, Method: method, Enrolment: id, Sealed: sealed, CreatedAt: s.Now()}, err
}

// Confirm takes a pending factor into use: from now on a sign-in needs a
// code. The code is used up by it. It refuses as ParseCode does, or with
// SecondFactorMissing, SecondFactorExists, EnrolmentCodeInvalid, AccountLocked or
// TooManyAttempts.
func (s *Service) Confirm(ctx context.Context, user auth.User, method auth.Method, typed auth.Secret, from auth.Client) error {
	return s.ConfirmFor(ctx, user, method, typed, nil, from)
}

// ConfirmFor is Confirm at a sign-in that is stopped until the user has a second factor. All
// of theirs end with it, so that of two at once one sets something up.
func (s *Service) ConfirmFor(ctx context.Context, user auth.User, method auth.Method, typed auth.Secret, stopped *auth.TokenHash, from auth.Client) error {
	code, err := ParseCode(typed, method)
	if err != nil {
		return err
	}
	factor, err := s.pending(ctx, user, method)
	if err != nil {
		return err
	}
	also, added, err := s.factorChanged(auth.ActAddSecondFactor, auth.SecondFactorAddedMessage, user, user.ID, method, from)
	if err != nil {
		return err
	}
	counter := s.Attempts.CodeCounter(attempts.EnrolmentCode, user.ID)
	if err := s.Attempts.Reserve(ctx, counter); err != nil {
		return err
	}
	conclude := context.WithoutCancel(ctx)
	matched, right, err := s.matchEnrolment(factor, code)
	if err == nil && right { // of several requests with this code, one is the first
		matched.Guesses, matched.Stopped = counter.Key, stopped
		right, err = s.Store.VerifyFactor(conclude, matched, s.Now(), also)
	}
	switch {
	case err != nil:
		s.Attempts.Release(conclude, counter)
		return err
	case !right:
		s.Observer.SecondFactor(method, string(auth.EnrolmentCodeInvalid))
		err := s.failed(conclude, counter, auth.Effects{}, auth.EnrolmentCodeInvalid)
		s.Audit.RecordProof(conclude, user, string(method), from, err)
		return err
	}
	s.Attempts.ForgetLocks(conclude, counter.Key)
	s.Observer.SecondFactor(method, auth.Succeeded)
	s.Audit.Print(conclude, added)
	return nil
}

// pending is the user's factor that waits for its first code, but not for
// longer than it may.
func (s *Service) pending(ctx context.Context, user auth.User, method auth.Method) (Factor, error) {
	factors, err := s.FactorsOf(ctx, user)
	if err != nil {
		return Factor{}, err
	}
	factor, found := factors.of(method)
	switch {
	case found && factor.VerifiedAt != nil:
		return Factor{}, auth.Refuse(auth.SecondFactorExists)
	case !found, s.Now().Sub(factor.CreatedAt) >= enrolmentLifetime:
		return Factor{}, auth.Refuse(auth.SecondFactorMissing)
	}
	return factor, nil
}

// matchEnrolment is what VerifyFactor is to burn.
func (s *Service) matchEnrolment(f Factor, code Code) (MatchedCode, bool, error) {
	matched := MatchedCode{UserID: f.UserID, Method: f.Method, Enrolment: f.Enrolment}
	if f.Method == auth.SMSMethod {
		right, err := s.matchesText(f, code.digits)
		if right {
			matched.Text = f.Text.ID
		}
		return matched, right, err
	}
	step, right, err := s.appStep(f, code.digits)
	matched.Step = &step
	return matched, right, err
}

// factorChanged is what the user and the auditor hear of a change. The event is
// also returned alone, to be logged once it has happened.
func (s *Service) factorChanged(action auth.Action, kind auth.MessageKind, user auth.User, actorID string, method auth.Method, from auth.Client) (auth.Effects, auth.Event, error) {
	changed, err := s.Audit.NewEvent(action, actorID, user.ID, from)
	if err != nil {
		return auth.Effects{}, auth.Event{}, err
	}
	changed.Detail = string(method)
	mails, err := s.Notify.Mail(kind, user, from)
	return auth.Effects{Messages: mails, Events: []auth.Event{changed}}, changed, err
}
