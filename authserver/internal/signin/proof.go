// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
)

// Proof shows that whoever holds an access token is the user and not somebody
// who has found it. A password is enough, or a code of a second factor, or a passkey that
// verifies its user; of several, the first of these is looked at.
type Proof struct {
	Password, Code auth.Secret
	// Passkey answers a ceremony of AskPasskeyProof, in the same session.
	Passkey PasskeyAnswer
}

// RequireProof lets nobody but the user change what protects an account. A proof that
// comes with the request is checked; without one, the access token must have been
// issued at a recent one. It refuses with ProofRequired, with InvalidCredentials,
// CodeInvalid, PasskeyInvalid or PasskeyUnverified when the proof is wrong, with AccountLocked or
// TooManyAttempts when too many were, and with Busy.
func (s *Service) RequireProof(ctx context.Context, user auth.User, subject auth.Subject, p Proof, from auth.Client) error {
	_, err := s.proven(ctx, user, subject, p, from)
	return err
}

// proven is RequireProof, and tells as VerifyProof does how the user has shown who they are.
func (s *Service) proven(ctx context.Context, user auth.User, subject auth.Subject, p Proof, from auth.Client) ([]string, error) {
	if p == (Proof{}) && s.Sessions.RecentlyAuthenticated(subject) {
		return strings.Fields(subject.AMR), nil
	}
	return s.VerifyProof(ctx, user, subject, p, from)
}

// VerifyProof is RequireProof for what no earlier proof is good for, and tells by which methods
// the user, in the session of subject, has shown who they are by now (RFC 8176). What cannot be a
// code is no proof that failed: it refuses as mfa.ParseCode does.
func (s *Service) VerifyProof(ctx context.Context, user auth.User, subject auth.Subject, p Proof, from auth.Client) ([]string, error) {
	amr := strings.Fields(subject.AMR)
	switch {
	case p == (Proof{}):
		return nil, auth.Refuse(auth.ProofRequired)
	case p.Password != "":
		err := s.VerifyPassword(ctx, user, p.Password, from)
		s.Audit.RecordProof(ctx, user, "password", from, err)
		return auth.WithMethods(amr, "pwd"), err
	case p.Code == "":
		err := s.verifyPasskeyProof(ctx, user, subject, p.Passkey, from)
		return auth.WithMethods(amr, proofOfPossession, twoFactors), err
	}
	code, err := mfa.ParseCode(p.Code, "")
	if err != nil {
		return nil, err
	}
	matched, err := s.MFA.Verify(ctx, user, code, from)
	s.Audit.RecordProof(ctx, user, "code", from, err)
	return s.withCode(amr, subject.AuthTime, methodOf(matched.Method)), err
}

// withCode are the methods of a session beside which a code is shown now. A first factor that is too
// old is forgotten: the token that is issued at this proof is recent, and the next code must not
// make two of it.
func (s *Service) withCode(amr []string, authTime time.Time, shown string) []string {
	second := func(method string) bool { return method == "otp" || method == "sms" }
	codesAlone := len(amr) > 0 && !slices.ContainsFunc(amr, func(m string) bool { return !second(m) })
	switch {
	case slices.Contains(amr, twoFactors):
		return auth.WithMethods(amr, shown)
	case s.Now().Sub(authTime) > auth.FactorsApart:
		return []string{shown}
	case codesAlone:
		return auth.WithMethods(amr, shown)
	default:
		return auth.WithMethods(amr, shown, twoFactors)
	}
}

// Prove checks a proof and issues one more access token of the caller's session, to
// which the proof is recent, and of two factors if it makes that of what the session has. The
// session is left as it was: the proof speaks for nobody but whoever has given it. It refuses
// as session.Caller and signin.RequireProof do, also when the session has ended meanwhile, or
// with SigningUnavailable.
func (s *Service) Prove(ctx context.Context, access auth.Secret, p Proof, from auth.Client) (auth.Secret, time.Duration, error) {
	user, subject, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return "", 0, err
	}
	if err := s.Tokens.Ready(); err != nil {
		return "", 0, err
	}
	amr, err := s.VerifyProof(ctx, user, subject, p, from)
	if err != nil {
		return "", 0, err
	}
	now := user.Subject(subject.SessionID, s.Now(), amr)
	now.GrantID = subject.GrantID // with whose end it ends, however recent the proof
	proven, lifetime, err := s.Tokens.Issue(now)
	if err == nil {
		_, _, err = s.Sessions.Caller(ctx, proven)
	}
	if err != nil {
		return "", 0, err
	}
	return proven, lifetime, nil
}

// VerifyPassword counts against the same limit as a login from this device. A
// right password takes back only its own attempt: the failures of others may
// still lock the account.
func (s *Service) VerifyPassword(ctx context.Context, user auth.User, password auth.Secret, from auth.Client) error {
	account := auth.KeyOf(user.Email)
	counter := s.Attempts.OwnCounter(user, from)
	if err := s.Attempts.Reserve(ctx, counter); err != nil {
		return err
	}
	conclude := context.WithoutCancel(ctx)
	if user.PasswordHash == "" {
		s.Attempts.Fail(conclude, s.Attempts.LockEffects(conclude, user, account, from), counter)
		return auth.Refuse(auth.InvalidCredentials)
	}
	right, err := s.matches(ctx, user, password, from)
	switch {
	case err != nil:
		s.Attempts.Release(conclude, counter)
		return auth.Overloaded(err)
	case !right:
		s.Attempts.Fail(conclude, s.Attempts.LockEffects(conclude, user, account, from), counter)
		return auth.Refuse(auth.InvalidCredentials)
	}
	s.Attempts.Release(conclude, counter)
	return nil
}

// matches reports whether a user's password is this one in any of its forms.
func (s *Service) matches(ctx context.Context, user auth.User, password auth.Secret, from auth.Client) (bool, error) {
	for _, form := range auth.PasswordForms(password) {
		if right, err := s.Passwords.Verify(ctx, from.Source(), user.PasswordHash, string(form)); right || err != nil {
			return right, err
		}
	}
	return false, nil
}

// ProvenCaller is the caller, who has shown that nobody has merely found their
// access token. It refuses as session.Caller and RequireProof do.
func (s *Service) ProvenCaller(ctx context.Context, access auth.Secret, p Proof, from auth.Client) (auth.User, error) {
	user, subject, err := s.Sessions.Caller(ctx, access)
	if err == nil {
		err = s.RequireProof(ctx, user, subject, p, from)
	}
	return user, err
}

// ProvenFactorOwner is ProvenCaller as RequireFactorProof has it, and refuses as that does.
func (s *Service) ProvenFactorOwner(ctx context.Context, access auth.Secret, p Proof, from auth.Client) (auth.User, error) {
	user, subject, err := s.Sessions.Caller(ctx, access)
	if err == nil {
		err = s.RequireFactorProof(ctx, user, subject, p, from)
	}
	return user, err
}

// RequireFactorProof is RequireProof for what changes the second factors and passkeys of a user. Of
// an admin from whom the realm demands two factors, it wants those that there are: whoever has found
// out their password, or reads their mail, must not get there by a factor of their own. An admin
// who has none yet sets the first one up. It refuses with InsufficientAuthentication, too.
func (s *Service) RequireFactorProof(ctx context.Context, user auth.User, subject auth.Subject, p Proof, from auth.Client) error {
	amr, err := s.proven(ctx, user, subject, p, from)
	demanded := s.Settings().Administration
	if err != nil || demanded == nil || user.Role != auth.AdminRole {
		return err
	}
	able, err := s.canStepUp(ctx, user)
	if err != nil || !able {
		return err
	}
	now := s.Now()
	return auth.Demand{ACR: demanded.ACR}.Check(auth.ACROf(amr), now, now)
}

// ProvenAdmin is the caller, who is an administrator and has shown that nobody has merely
// found their access token, and the session of that. It refuses as session.Admin and
// RequireProof do.
func (s *Service) ProvenAdmin(ctx context.Context, access auth.Secret, act auth.Action, targetID string, p Proof, from auth.Client) (auth.User, auth.Subject, error) {
	user, subject, err := s.Sessions.Admin(ctx, access, act, targetID, from)
	if err == nil {
		err = s.RequireProof(ctx, user, subject, p, from)
	}
	return user, subject, err
}
