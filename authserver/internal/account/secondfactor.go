// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// SecondFactors is what the caller has, pending factors included. It refuses as
// session.Caller does.
func (s *Service) SecondFactors(ctx context.Context, access auth.Secret) (mfa.Factors, error) {
	user, _, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return mfa.Factors{}, err
	}
	return s.MFA.FactorsOf(ctx, user)
}

// EnableTOTP makes a shared secret for the caller's authenticator app; see
// mfa.EnrolApp. It refuses as session.Caller and signin.RequireFactorProof do, or with
// SecondFactorExists.
func (s *Service) EnableTOTP(ctx context.Context, access auth.Secret, p signin.Proof, from auth.Client) (mfa.Enrolment, error) {
	user, err := s.SignIn.ProvenFactorOwner(ctx, access, p, from)
	if err != nil {
		return mfa.Enrolment{}, err
	}
	return s.MFA.EnrolApp(ctx, user)
}

// VerifyTOTP takes the caller's pending secret into use. It refuses as
// session.Caller and mfa.Confirm do.
func (s *Service) VerifyTOTP(ctx context.Context, access, code auth.Secret, from auth.Client) error {
	return s.verifyFactor(ctx, access, auth.TOTPMethod, code, from)
}

func (s *Service) verifyFactor(ctx context.Context, access auth.Secret, method auth.Method, code auth.Secret, from auth.Client) error {
	user, _, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return err
	}
	return s.MFA.Confirm(ctx, user, method, code, from)
}

// EnableSMS sends a code to a telephone, which counts from the moment that
// VerifySMS has seen the code. It says how long the code works, and shows backup
// codes to a caller who has no second factor yet. It refuses as session.Caller and
// signin.RequireFactorProof do, or with InvalidRequest, SecondFactorExists,
// SecondFactorUnavailable or RateLimited.
func (s *Service) EnableSMS(ctx context.Context, access auth.Secret, phone string, p signin.Proof, from auth.Client) (mfa.Enrolment, time.Duration, error) {
	user, subject, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return mfa.Enrolment{}, 0, err
	}
	number, err := mfa.CheckPhone(phone)
	if err != nil {
		return mfa.Enrolment{}, 0, err
	}
	if err := s.SignIn.RequireFactorProof(ctx, user, subject, p, from); err != nil {
		return mfa.Enrolment{}, 0, err
	}
	return s.MFA.EnrolPhone(ctx, user, number, from)
}

// VerifySMS takes the caller's telephone into use. It refuses as VerifyTOTP does.
func (s *Service) VerifySMS(ctx context.Context, access, code auth.Secret, from auth.Client) error {
	return s.verifyFactor(ctx, access, auth.SMSMethod, code, from)
}

// TextProof sends the caller a code that serves as Proof, and says how long it
// works. It refuses as session.Caller and mfa.SendCode do.
func (s *Service) TextProof(ctx context.Context, access auth.Secret, from auth.Client) (time.Duration, error) {
	user, _, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return 0, err
	}
	return s.MFA.SendCode(ctx, user, from)
}

// DisableSecondFactors turns the second factor off: app, telephone, security keys and
// backup codes. It refuses as session.Caller and signin.RequireFactorProof do, or with
// SecondFactorMissing.
func (s *Service) DisableSecondFactors(ctx context.Context, access auth.Secret, p signin.Proof, from auth.Client) error {
	return s.disable(ctx, access, "", p, from)
}

// DisableSMS removes the caller's telephone alone; the backup codes stay while
// there is an app. It refuses as DisableSecondFactors does.
func (s *Service) DisableSMS(ctx context.Context, access auth.Secret, p signin.Proof, from auth.Client) error {
	return s.disable(ctx, access, auth.SMSMethod, p, from)
}

func (s *Service) disable(ctx context.Context, access auth.Secret, method auth.Method, p signin.Proof, from auth.Client) error {
	user, err := s.SignIn.ProvenFactorOwner(ctx, access, p, from)
	if err != nil {
		return err
	}
	return s.MFA.Remove(context.WithoutCancel(ctx), user.ID, user, method, from)
}

// RenewBackupCodes makes the codes of earlier worthless. It refuses as
// session.Caller and signin.RequireFactorProof do, or with SecondFactorMissing.
func (s *Service) RenewBackupCodes(ctx context.Context, access auth.Secret, p signin.Proof, from auth.Client) ([]auth.Secret, error) {
	user, err := s.SignIn.ProvenFactorOwner(ctx, access, p, from)
	if err != nil {
		return nil, err
	}
	return s.MFA.RenewBackupCodes(ctx, user, from)
}
