// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"time"
)

// Enrolment is shown to the user once.
type Enrolment struct {
	// Secret is base32, URL the otpauth:// form of it.
	Secret, URL Secret
	// BackupCodes work from the moment the factor is verified.
	BackupCodes []Secret
}

// Of is what a user has, pending factors included.
func (s *Service) factorsOf(ctx context.Context, user User) (Factors, error) {
	return s.Store.FactorsOf(ctx, user.ID, s.Now())
}

// enrolmentLifetime is how long a factor waits for its first code. Whoever shows
// that need not prove anything: somebody has, when they began.
const enrolmentLifetime = time.Hour

// enrolApp makes a shared secret for a user's authenticator app. Codes of it are
// asked for from the moment that Confirm has seen one; until then another call
// replaces it. It refuses with SecondFactorExists.
func (s *Service) enrolApp(ctx context.Context, user User) (Enrolment, error) {
	secret, err := newTOTPSecret(s.Random)
	if err != nil {
		return Enrolment{}, err
	}
	factor, err := s.newFactor(user, TOTPMethod, secret)
	if err != nil {
		return Enrolment{}, err
	}
	codes, hashes, err := newBackupCodes(s.Random)
	if err != nil {
		return Enrolment{}, err
	}
	enrolled, err := s.Store.Enrol(ctx, NewFactor{factor, hashes})
	switch {
	case err != nil:
		return Enrolment{}, err
	case !enrolled:
		return Enrolment{}, refuse(SecondFactorExists)
	}
	return Enrolment{
		Secret: Secret(base32Of(secret)), URL: totpURL(s.Settings().TwoFactor.Label, user.Email, secret), BackupCodes: codes,
	}, nil
}

func (s *Service) newFactor(user User, method Method, value []byte) (Factor, error) {
	id, err := s.newID()
	if err != nil {
		return Factor{}, err
	}
	sealed, err := s.Sealer.Seal(string(method), user.ID, value)
	return Factor{UserID: user.ID, Method: method, Enrolment: id, Sealed: sealed, CreatedAt: s.Now()}, err
}

// confirmFactor takes a pending factor into use: from now on a sign-in needs a
// code. The code is used up by it. It refuses with SecondFactorMissing,
// SecondFactorExists, EnrolmentCodeInvalid, AccountLocked or TooManyAttempts.
func (s *Service) confirmFactor(ctx context.Context, user User, method Method, code Secret, from Client) error {
	factor, err := s.pending(ctx, user, method)
	if err != nil {
		return err
	}
	also, added, err := s.factorChanged(ActAddSecondFactor, SecondFactorAddedMessage, user, user.ID, method, from)
	if err != nil {
		return err
	}
	counter := s.codeCounter(guessingEnrolment, user.ID)
	if err := s.reserve(ctx, counter); err != nil {
		return err
	}
	conclude := context.WithoutCancel(ctx)
	spending, right, err := s.rightEnrolmentCode(factor, parseCode(code))
	if err == nil && right { // of several requests with this code, one is the first
		spending.Guesses = counter.Key
		right, err = s.Store.VerifyFactor(conclude, spending, s.Now(), also)
	}
	switch {
	case err != nil:
		s.release(conclude, counter)
		return err
	case !right:
		s.Observer.SecondFactor(method, string(EnrolmentCodeInvalid))
		err := s.wrongCode(conclude, counter, Effects{}, EnrolmentCodeInvalid)
		s.tracedProof(conclude, user, string(method), from, err)
		return err
	}
	s.unlocked(conclude, counter.Key)
	s.Observer.SecondFactor(method, Succeeded)
	s.log(conclude, added)
	return nil
}

// pending is the user's factor that waits for its first code, but not for
// longer than it may.
func (s *Service) pending(ctx context.Context, user User, method Method) (Factor, error) {
	factors, err := s.Store.FactorsOf(ctx, user.ID, s.Now())
	if err != nil {
		return Factor{}, err
	}
	factor, found := factors.of(method)
	switch {
	case found && factor.VerifiedAt != nil:
		return Factor{}, refuse(SecondFactorExists)
	case !found, s.Now().Sub(factor.CreatedAt) >= enrolmentLifetime:
		return Factor{}, refuse(SecondFactorMissing)
	}
	return factor, nil
}

// rightEnrolmentCode is what VerifyFactor is to burn.
func (s *Service) rightEnrolmentCode(f Factor, code typedCode) (Spending, bool, error) {
	spending := Spending{UserID: f.UserID, Method: f.Method, Enrolment: f.Enrolment}
	if code.digits == "" {
		return spending, false, nil
	}
	if f.Method == SMSMethod {
		right, err := s.isText(f, code.digits)
		if right {
			spending.Text = f.Text.ID
		}
		return spending, right, err
	}
	step, right, err := s.appStep(f, code.digits)
	spending.Step = &step
	return spending, right, err
}

// factorChanged is what the user and the auditor hear of a change. The event is
// also returned alone, to be logged once it has happened.
func (s *Service) factorChanged(action Action, kind MessageKind, user User, actorID string, method Method, from Client) (Effects, Event, error) {
	changed, err := s.event(action, actorID, user.ID, from)
	if err != nil {
		return Effects{}, Event{}, err
	}
	changed.Detail = string(method)
	mails, err := s.notice(kind, user, from)
	return Effects{Messages: mails, Events: []Event{changed}}, changed, err
}
