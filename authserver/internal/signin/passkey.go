// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"errors"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// byPasskey is the first factor of a sign-in, for the audit log.
const byPasskey = "passkey"

// proofOfPossession is a passkey as RFC 8176 names it: whether its key is in hardware, an
// authenticator that is not asked for an attestation does not say.
const proofOfPossession = "pop"

// PasskeyAnswer is what a browser brings back from an authenticator.
type PasskeyAnswer struct {
	// Ceremony is the ID of the one that it answers.
	Ceremony auth.Secret
	// Credential is the JSON form of the browser's PublicKeyCredential.
	Credential string
}

// withPasskey is the authentication with a passkey as second factor.
func (a authentication) withPasskey(p passkey.Presented) authentication {
	a.passkey = &p
	a.method += ", " + string(p.Method)
	a.amr = auth.WithMethods(a.amr, proofOfPossession, twoFactors)
	return a
}

// AskPasskey asks for a passkey, whose user it will name. It refuses with NotFound where the
// realm has no passkeys.
func (s *Service) AskPasskey(ctx context.Context) (passkey.Ceremony, error) {
	return s.Passkeys.AskAnybody(ctx)
}

// PasskeyLogin opens a session for whoever has answered a ceremony of AskPasskey: the passkey is
// both factors. It refuses with NotFound, PasskeyInvalid, PasskeyUnverified, AccountDisabled,
// EmailNotVerified, SigningUnavailable or DatabaseUnavailable. Wrong passwords do not count here,
// and a lock that they have brought about does not hold: nobody guesses a passkey.
func (s *Service) PasskeyLogin(ctx context.Context, a PasskeyAnswer, from auth.Client) (SignIn, error) {
	if err := s.Tokens.Ready(); err != nil {
		return SignIn{}, err
	}
	ctx = context.WithoutCancel(ctx) // the ceremony is used up
	user, shown, err := s.Passkeys.Identify(ctx, a.Ceremony, a.Credential, from)
	result := SignIn{}
	if err == nil {
		result, err = s.completePasskey(ctx, user, shown, from)
	}
	if err != nil {
		s.recordPasskeyRefusal(ctx, user, from, err)
	}
	return result, err
}

func (s *Service) completePasskey(ctx context.Context, user auth.User, shown passkey.Presented, from auth.Client) (SignIn, error) {
	if err := s.admits(user); err != nil {
		return SignIn{}, err
	}
	now := s.Now()
	grant, err := s.openSession(ctx, authentication{
		user: user, account: auth.KeyOf(user.Email), from: from, method: byPasskey, amr: []string{proofOfPossession, twoFactors},
		newHash: user.PasswordHash, passkey: &shown, shownSince: now,
	}, nil)
	if errors.Is(err, auth.Refuse(auth.InvalidCredentials)) { // the user, or the passkey, is another by now
		err = auth.Refuse(auth.PasskeyInvalid)
	}
	return SignIn{Grant: grant, ShownSince: now}, err
}

// recordPasskeyRefusal leaves a trace. Whoever shows nobody's passkey is nobody.
func (s *Service) recordPasskeyRefusal(ctx context.Context, user auth.User, from auth.Client, err error) {
	refused := s.Audit.NewRefusal(auth.ActLogin, "", user.ID, from, err)
	refused.Detail = byPasskey
	if user.ID != "" {
		refused.Account = auth.KeyOf(user.Email)
	}
	s.Observer.Login(refused.Outcome)
	s.Audit.Record(ctx, refused)
}

// openWaiting opens a Challenge or a Stop, either of which a passkey completes.
func (s *Service) openWaiting(ctx context.Context, id auth.Secret, from auth.Client) (authentication, auth.OneTimeTokenKind, error) {
	if IsStop(id) {
		first, _, err := s.openStop(ctx, id, from)
		return first, auth.StoppedSignInToken, err
	}
	first, err := s.openChallenge(ctx, id, from)
	return first, auth.ChallengeToken, err
}

// AskPasskeyFor asks for a passkey that completes a Challenge, or a Stop. It refuses with
// NotFound, ChallengeInvalid, AccountDisabled or SecondFactorMissing.
func (s *Service) AskPasskeyFor(ctx context.Context, challenge auth.Secret, from auth.Client) (passkey.Ceremony, error) {
	first, _, err := s.openWaiting(ctx, challenge, from)
	if err != nil {
		return passkey.Ceremony{}, err
	}
	return s.Passkeys.Ask(ctx, first.user, auth.HashOf(challenge))
}

// AnswerWithPasskey opens the session that a Challenge, or a Stop, was for. It refuses with
// NotFound, ChallengeInvalid, AccountDisabled, PasskeyInvalid, SigningUnavailable or
// DatabaseUnavailable.
// Wrong codes do not count here: see PasskeyLogin.
func (s *Service) AnswerWithPasskey(ctx context.Context, challenge auth.Secret, a PasskeyAnswer, from auth.Client) (ChallengeResult, error) {
	if err := s.Tokens.Ready(); err != nil {
		return ChallengeResult{}, err
	}
	ctx = context.WithoutCancel(ctx) // the ceremony is used up
	first, kind, err := s.openWaiting(ctx, challenge, from)
	var grant session.Grant
	if err == nil {
		grant, err = s.answerWithPasskey(ctx, challenge, kind, a, first)
	}
	if err == nil && kind == auth.StoppedSignInToken {
		err = s.Requirements.Meet(ctx, requirement.Factors, first.user, from)
	}
	if err != nil {
		s.recordPasskeyRefusal(ctx, first.user, from, err)
	}
	return ChallengeResult{Grant: grant, ShownSince: first.shownSince, Notices: first.notices}, err
}

func (s *Service) answerWithPasskey(ctx context.Context, challenge auth.Secret, kind auth.OneTimeTokenKind, a PasskeyAnswer, first authentication) (session.Grant, error) {
	hash := auth.HashOf(challenge)
	shown, err := s.Passkeys.Verify(ctx, first.user, hash, a.Ceremony, a.Credential, first.from)
	if err != nil {
		return session.Grant{}, err
	}
	grant, err := s.openSession(ctx, first.withPasskey(shown), &hash)
	if errors.Is(err, auth.Refuse(auth.InvalidCredentials)) {
		if err = s.stillOpen(ctx, kind, hash); err == nil {
			err = auth.Refuse(auth.PasskeyInvalid)
		}
	}
	return grant, err
}
