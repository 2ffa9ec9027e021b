// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"errors"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
)

// SetUpApp makes a shared secret for the authenticator app of whoever is stopped; see
// mfa.EnrolApp. It refuses as that does, or with ChallengeInvalid, AccountDisabled or
// ProofRequired while a code has to be shown that was mailed.
func (s *Service) SetUpApp(ctx context.Context, stop auth.Secret, from auth.Client) (mfa.Enrolment, error) {
	a, err := s.provenStop(ctx, stop, from)
	if err != nil {
		return mfa.Enrolment{}, err
	}
	return s.MFA.EnrolApp(ctx, a.user)
}

// SetUpPhone sends a code to the telephone of whoever is stopped; see mfa.EnrolPhone. It refuses
// as that and SetUpApp do, or with InvalidRequest.
func (s *Service) SetUpPhone(ctx context.Context, stop auth.Secret, phone string, from auth.Client) (mfa.Enrolment, time.Duration, error) {
	number, err := mfa.CheckPhone(phone)
	if err != nil {
		return mfa.Enrolment{}, 0, err
	}
	a, err := s.provenStop(ctx, stop, from)
	if err != nil {
		return mfa.Enrolment{}, 0, err
	}
	return s.MFA.EnrolPhone(ctx, a.user, number, from)
}

// SetUpPasskey asks for a passkey of whoever is stopped; see passkey.Begin. It refuses as that and
// SetUpApp do.
func (s *Service) SetUpPasskey(ctx context.Context, stop auth.Secret, from auth.Client) (passkey.Ceremony, error) {
	a, err := s.provenStop(ctx, stop, from)
	if err != nil {
		return passkey.Ceremony{}, err
	}
	return s.Passkeys.BeginFor(ctx, a.user, auth.HashOf(stop))
}

// FinishSetUp takes what was set up into use, with its first code, and opens the session that the
// Stop was for. Every Stop of the user ends with it. It refuses as mfa.Confirm and SetUpApp do,
// or with SigningUnavailable or DatabaseUnavailable.
func (s *Service) FinishSetUp(ctx context.Context, stop auth.Secret, method auth.Method, code auth.Secret, from auth.Client) (SignIn, error) {
	if err := s.Tokens.Ready(); err != nil {
		return SignIn{}, err
	}
	a, err := s.provenStop(ctx, stop, from)
	if err != nil {
		return SignIn{}, err
	}
	ctx = context.WithoutCancel(ctx) // the code is used up
	hash := auth.HashOf(stop)
	err = s.MFA.ConfirmFor(ctx, a.user, method, code, &hash, from)
	if errors.Is(err, auth.Refuse(auth.EnrolmentCodeInvalid)) {
		if open := s.stillOpen(ctx, auth.StoppedSignInToken, hash); open != nil {
			err = open
		}
	}
	if err != nil {
		s.recordRefusal(ctx, a.account, from, err)
		return SignIn{}, err
	}
	return s.enterWith(ctx, a, method, methodOf(method))
}

// FinishSetUpPasskey adds the passkey that SetUpPasskey has asked for, and opens the session that
// the Stop was for. It refuses as passkey.Finish and FinishSetUp do.
func (s *Service) FinishSetUpPasskey(ctx context.Context, stop auth.Secret, r passkey.Registration, from auth.Client) (SignIn, []auth.Secret, error) {
	if err := s.Tokens.Ready(); err != nil {
		return SignIn{}, nil, err
	}
	a, err := s.provenStop(ctx, stop, from)
	if err != nil {
		return SignIn{}, nil, err
	}
	ctx = context.WithoutCancel(ctx) // the ceremony is used up
	hash := auth.HashOf(stop)
	added, err := s.Passkeys.FinishFor(ctx, a.user, hash, r, from)
	if errors.Is(err, auth.Refuse(auth.PasskeyExists)) {
		if open := s.stillOpen(ctx, auth.StoppedSignInToken, hash); open != nil {
			err = open
		}
	}
	if err != nil {
		s.recordRefusal(ctx, a.account, from, err)
		return SignIn{}, nil, err
	}
	result, err := s.enterWith(ctx, a, added.Method(), proofOfPossession)
	return result, added.BackupCodes, err
}

// enterWith opens the session of somebody who has just set a second factor up, and has shown it
// by that. The Stop has ended already.
func (s *Service) enterWith(ctx context.Context, a authentication, method auth.Method, shown string) (SignIn, error) {
	s.Requirements.RecordMet(ctx, requirement.Factors, a.user, a.from)
	a.method += ", " + string(method)
	a.authTime, a.amr = time.Time{}, auth.WithMethods(a.amr, shown, twoFactors)
	grant, err := s.openSession(ctx, a, nil)
	if errors.Is(err, auth.Refuse(auth.InvalidCredentials)) { // the user has changed meanwhile
		err = auth.Refuse(auth.ChallengeInvalid)
	}
	if err != nil {
		s.recordRefusal(ctx, a.account, a.from, err)
	}
	return SignIn{Grant: grant, ShownSince: a.shownSince, Notices: a.notices}, err
}
