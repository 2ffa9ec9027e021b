// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"time"
)

// SecondFactors is what the caller has, pending factors included. It refuses as
// session.Caller does.
func (s *Service) SecondFactors(ctx context.Context, access Secret) (Factors, error) {
	user, _, err := s.caller(ctx, access)
	if err != nil {
		return Factors{}, err
	}
	return s.factorsOf(ctx, user)
}

// EnableTOTP makes a shared secret for the caller's authenticator app; see
// mfa.EnrolApp. It refuses as session.Caller and signin.RequireProof do, or with
// SecondFactorExists.
func (s *Service) EnableTOTP(ctx context.Context, access Secret, p Proof, from Client) (Enrolment, error) {
	user, err := s.provenCaller(ctx, access, p, from)
	if err != nil {
		return Enrolment{}, err
	}
	return s.enrolApp(ctx, user)
}

// VerifyTOTP takes the caller's pending secret into use. It refuses as
// session.Caller and mfa.Confirm do.
func (s *Service) VerifyTOTP(ctx context.Context, access, code Secret, from Client) error {
	return s.verifyFactor(ctx, access, TOTPMethod, code, from)
}

func (s *Service) verifyFactor(ctx context.Context, access Secret, method Method, code Secret, from Client) error {
	user, _, err := s.caller(ctx, access)
	if err != nil {
		return err
	}
	return s.confirmFactor(ctx, user, method, code, from)
}

// EnableSMS sends a code to a telephone, which counts from the moment that
// VerifySMS has seen the code. It says how long the code works, and shows backup
// codes to a caller who has no second factor yet. It refuses as session.Caller and
// signin.RequireProof do, or with InvalidRequest, SecondFactorExists,
// SecondFactorUnavailable or RateLimited.
func (s *Service) EnableSMS(ctx context.Context, access Secret, phone string, p Proof, from Client) (Enrolment, time.Duration, error) {
	user, subject, err := s.caller(ctx, access)
	if err != nil {
		return Enrolment{}, 0, err
	}
	number, valid := parsePhone(phone)
	if !valid {
		return Enrolment{}, 0, &Error{Code: InvalidRequest, Fields: []FieldProblem{
			{Field: "phone", Detail: "must be an international number such as +4930901820"},
		}}
	}
	if err := s.prove(ctx, user, subject, p, from); err != nil {
		return Enrolment{}, 0, err
	}
	return s.enrolPhone(ctx, user, number, from)
}

// VerifySMS takes the caller's telephone into use. It refuses as VerifyTOTP does.
func (s *Service) VerifySMS(ctx context.Context, access, code Secret, from Client) error {
	return s.verifyFactor(ctx, access, SMSMethod, code, from)
}

// TextProof sends the caller a code that serves as Proof, and says how long it
// works. It refuses as session.Caller and mfa.SendCode do.
func (s *Service) TextProof(ctx context.Context, access Secret, from Client) (time.Duration, error) {
	user, _, err := s.caller(ctx, access)
	if err != nil {
		return 0, err
	}
	return s.textUser(ctx, user, from)
}

// DisableSecondFactors turns the second factor off: app, telephone and backup
// codes. It refuses as session.Caller and signin.RequireProof do, or with
// SecondFactorMissing.
func (s *Service) DisableSecondFactors(ctx context.Context, access Secret, p Proof, from Client) error {
	return s.disable(ctx, access, "", p, from)
}

// DisableSMS removes the caller's telephone alone; the backup codes stay while
// there is an app. It refuses as DisableSecondFactors does.
func (s *Service) DisableSMS(ctx context.Context, access Secret, p Proof, from Client) error {
	return s.disable(ctx, access, SMSMethod, p, from)
}

func (s *Service) disable(ctx context.Context, access Secret, method Method, p Proof, from Client) error {
	user, err := s.provenCaller(ctx, access, p, from)
	if err != nil {
		return err
	}
	return s.removeFactors(context.WithoutCancel(ctx), user.ID, user, method, from)
}

// RenewBackupCodes makes the codes of earlier worthless. It refuses as
// session.Caller and signin.RequireProof do, or with SecondFactorMissing.
func (s *Service) RenewBackupCodes(ctx context.Context, access Secret, p Proof, from Client) ([]Secret, error) {
	user, err := s.provenCaller(ctx, access, p, from)
	if err != nil {
		return nil, err
	}
	return s.replaceBackupCodes(ctx, user, from)
}

// provenCaller is the caller, who has shown that nobody has merely found their
// access token. It refuses as session.Caller and signin.RequireProof do.
func (s *Service) provenCaller(ctx context.Context, access Secret, p Proof, from Client) (User, error) {
	user, subject, err := s.caller(ctx, access)
	if err == nil {
		err = s.prove(ctx, user, subject, p, from)
	}
	return user, err
}
