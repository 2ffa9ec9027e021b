// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"errors"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

const challengePrefix = "rkc_"

// Challenge asks for a second factor.
type Challenge struct {
	ID       auth.Secret
	Methods  []auth.Method
	Lifetime time.Duration
}

// pendingAuthentication is what a challenge remembers of the sign-in that it interrupts:
// with it, the rest goes on as if there had been no interruption. A password that
// is changed meanwhile is noticed by the hash that was checked.
type pendingAuthentication struct {
	Account     auth.AccountKey `json:"account"`
	Method      string          `json:"method"`
	CheckedHash string          `json:"checkedHash,omitempty"`
	NewHash     string          `json:"newHash,omitempty"`
	AMR         []string        `json:"amr,omitempty"`
	ShownSince  time.Time       `json:"shownSince,omitzero"`
	// Parent is the session in which the first factor was shown; empty for a sign-in.
	Parent string `json:"parent,omitempty"`
	// ChosenHash is of the password that takes the place of the one that was typed.
	ChosenHash string `json:"chosenHash,omitempty"`
	// Notices are what the user is told when they are signed in.
	Notices []requirement.Notice `json:"notices,omitempty"`
}

func (a authentication) pending() pendingAuthentication {
	return pendingAuthentication{a.account, a.method, a.user.PasswordHash, a.newHash, a.amr, a.shownSince, a.parent, a.chosenHash, a.notices}
}

// sealedChallenge is the purpose under which it is sealed, for its token.
const sealedChallenge = "challenge"

// challenge interrupts a sign-in until a code is shown.
func (s *Service) challenge(ctx context.Context, a authentication) (SignIn, error) {
	id, err := auth.NewOpaque(challengePrefix, s.Random)
	if err != nil {
		return SignIn{}, err
	}
	challenged, err := s.Audit.NewEvent(auth.ActChallenge, a.user.ID, a.user.ID, a.from)
	if err != nil {
		return SignIn{}, err
	}
	challenged.Account, challenged.Detail = a.account, a.method
	lifetime := time.Duration(s.Settings().TwoFactor.ChallengeLifetime)
	t := auth.OneTimeToken{Hash: auth.HashOf(id), Kind: auth.ChallengeToken, UserID: a.user.ID, SessionID: a.parent}
	if err := t.Keep(s.Sealer, sealedChallenge, a.pending(), s.Now(), lifetime); err != nil {
		return SignIn{}, err
	}
	if err := s.issueChallenge(ctx, a, t, auth.Effects{Events: []auth.Event{challenged}}); err != nil {
		return SignIn{}, err
	}
	s.Observer.Login(loginChallenged)
	s.Audit.Print(ctx, challenged)
	return SignIn{Challenge: &Challenge{ID: id, Methods: a.user.Methods, Lifetime: lifetime}}, nil
}

// issueChallenge stores a challenge's token, in place of the one that it uses up if there is
// one. It refuses with InvalidCredentials when somebody has used that.
func (s *Service) issueChallenge(ctx context.Context, a authentication, t auth.OneTimeToken, also auth.Effects) error {
	if a.redeems == nil {
		return s.Store.IssueToken(ctx, t, also)
	}
	exchanged, err := s.Store.ExchangeToken(ctx, *a.redeems, t, also)
	if err == nil && !exchanged {
		err = auth.Refuse(auth.InvalidCredentials)
	}
	return err
}

// loginChallenged is a login that waits for its code, as the Observer sees it.
const loginChallenged = "challenged"

// openChallenge reads a challenge that is still open, without using it up. It
// refuses with ChallengeInvalid.
func (s *Service) openChallenge(ctx context.Context, id auth.Secret, from auth.Client) (authentication, error) {
	if !auth.IsOpaque(challengePrefix, id) {
		return authentication{}, auth.Refuse(auth.ChallengeInvalid)
	}
	first := pendingAuthentication{}
	user, err := s.openInterrupted(ctx, auth.ChallengeToken, id, sealedChallenge, &first)
	if err != nil {
		return authentication{}, err
	}
	able := user.HasSecondFactor()
	if !able && first.Parent != "" {
		able, err = s.canStepUp(ctx, user)
	}
	if err == nil && !able {
		err = auth.Refuse(auth.ChallengeInvalid)
	}
	return first.of(user, from), err
}

// openInterrupted reads what a sign-in was interrupted with, and whose it is. It refuses with
// ChallengeInvalid or AccountDisabled.
func (s *Service) openInterrupted(ctx context.Context, kind auth.OneTimeTokenKind, id auth.Secret, purpose string, into any) (auth.User, error) {
	token, found, err := s.Store.PeekToken(ctx, kind, auth.HashOf(id), s.Now())
	switch {
	case err != nil:
		return auth.User{}, err
	case !found:
		return auth.User{}, auth.Refuse(auth.ChallengeInvalid)
	}
	if err := token.Open(s.Sealer, purpose, into); err != nil {
		return auth.User{}, &auth.Error{Code: auth.ChallengeInvalid, Cause: err} // its key is gone
	}
	user, found, err := s.Store.UserByID(ctx, token.UserID)
	switch {
	case err != nil:
		return auth.User{}, err
	case !found:
		return auth.User{}, auth.Refuse(auth.ChallengeInvalid)
	case user.DisabledAt != nil:
		return auth.User{}, auth.Refuse(auth.AccountDisabled)
	}
	return user, nil
}

// of is the sign-in that was interrupted.
func (p pendingAuthentication) of(user auth.User, from auth.Client) authentication {
	user.PasswordHash = p.CheckedHash
	return authentication{
		user: user, account: p.Account, from: from, method: p.Method, amr: p.AMR, newHash: p.NewHash, shownSince: p.ShownSince,
		parent: p.Parent, chosenHash: p.ChosenHash, notices: p.Notices,
	}
}

// Answer is what a person shows to a Challenge.
type Answer struct {
	Challenge, Code auth.Secret
	// Method is what the code is of; empty when its form is to tell.
	Method auth.Method
}

// ChallengeResult is a Grant after a second factor.
type ChallengeResult struct {
	session.Grant
	BackupCodesLeft int
	// ShownSince and Notices are as in SignIn.
	ShownSince time.Time
	Notices    []requirement.Notice
}

// SignIn is the sign-in that the Challenge has completed.
func (r ChallengeResult) SignIn() SignIn {
	return SignIn{Grant: r.Grant, ShownSince: r.ShownSince, Notices: r.Notices}
}

// AnswerChallenge opens the session that the Challenge was for. It refuses as
// mfa.ParseCode does, or with ChallengeInvalid, AccountDisabled, CodeInvalid, AccountLocked, TooManyAttempts,
// SigningUnavailable or DatabaseUnavailable.
func (s *Service) AnswerChallenge(ctx context.Context, a Answer, from auth.Client) (ChallengeResult, error) {
	if err := s.Tokens.Ready(); err != nil {
		return ChallengeResult{}, err
	}
	code, err := mfa.ParseCode(a.Code, a.Method)
	if err != nil {
		return ChallengeResult{}, err
	}
	first, err := s.openChallenge(ctx, a.Challenge, from)
	if err != nil {
		return ChallengeResult{}, err
	}
	result, err := s.answer(ctx, a, code, first)
	if err != nil {
		s.recordRefusal(ctx, first.account, from, err)
	}
	return result, err
}

func (s *Service) answer(ctx context.Context, a Answer, code mfa.Code, first authentication) (ChallengeResult, error) {
	challenge := auth.HashOf(a.Challenge)
	var grant session.Grant
	matched, err := s.MFA.VerifyFor(ctx, first.user, code, a.Method, first.from, func(ctx context.Context, matched mfa.MatchedCode) (used bool, err error) {
		grant, err = s.openSession(ctx, first.with(matched), &challenge)
		if errors.Is(err, auth.Refuse(auth.InvalidCredentials)) {
			return false, s.stillOpen(ctx, auth.ChallengeToken, challenge)
		}
		return err == nil, err
	})
	return ChallengeResult{Grant: grant, BackupCodesLeft: matched.BackupCodesLeft, ShownSince: first.shownSince, Notices: first.notices}, err
}

// stillOpen refuses with ChallengeInvalid when somebody has used the challenge, or
// when it is over. While it is open, it is the code that somebody has used, or the
// password is another by now.
func (s *Service) stillOpen(ctx context.Context, kind auth.OneTimeTokenKind, challenge auth.TokenHash) error {
	_, open, err := s.Store.PeekToken(ctx, kind, challenge, s.Now())
	if err == nil && !open {
		err = auth.Refuse(auth.ChallengeInvalid)
	}
	return err
}

// TextChallenge sends a code for a Challenge and says how long it works. It
// refuses with ChallengeInvalid, AccountDisabled, SecondFactorMissing,
// SecondFactorUnavailable or RateLimited.
func (s *Service) TextChallenge(ctx context.Context, challenge auth.Secret, from auth.Client) (time.Duration, error) {
	first, err := s.openChallenge(ctx, challenge, from)
	if err != nil {
		return 0, err
	}
	return s.MFA.SendCode(ctx, first.user, from)
}
