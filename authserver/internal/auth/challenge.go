// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
	"time"
)

const challengePrefix = "rkc_"

// Challenge asks for a second factor.
type Challenge struct {
	ID       Secret
	Methods  []Method
	Lifetime time.Duration
}

// firstFactor is what a challenge remembers of the sign-in that it interrupts:
// with it, the rest goes on as if there had been no interruption. A password that
// is changed meanwhile is noticed by the hash that was checked.
type firstFactor struct {
	Account     AccountKey `json:"account"`
	Method      string     `json:"method"`
	CheckedHash string     `json:"checkedHash,omitempty"`
	NewHash     string     `json:"newHash,omitempty"`
}

// sealedChallenge is the purpose under which it is sealed, for its ticket.
const sealedChallenge = "challenge"

// challenge interrupts a sign-in until a code is shown.
func (s *Service) challenge(ctx context.Context, a admission) (SignIn, error) {
	id, err := newOpaque(challengePrefix, s.Random)
	if err != nil {
		return SignIn{}, err
	}
	challenged, err := s.event(ActChallenge, a.user.ID, a.user.ID, a.from)
	if err != nil {
		return SignIn{}, err
	}
	challenged.Account, challenged.Detail = a.account, a.method
	lifetime := time.Duration(s.Settings().TwoFactor.ChallengeLifetime)
	t := Ticket{Hash: hashOf(id), Kind: ChallengeTicket, UserID: a.user.ID}
	first := firstFactor{a.account, a.method, a.user.PasswordHash, a.newHash}
	if err := t.Keep(s.Sealer, sealedChallenge, first, s.Now(), lifetime); err != nil {
		return SignIn{}, err
	}
	if err := s.Store.IssueTicket(ctx, t, Effects{Events: []Event{challenged}}); err != nil {
		return SignIn{}, err
	}
	s.Observer.Login(loginChallenged)
	s.log(ctx, challenged)
	return SignIn{Challenge: &Challenge{ID: id, Methods: a.user.Methods, Lifetime: lifetime}}, nil
}

// loginChallenged is a login that waits for its code, as the Observer sees it.
const loginChallenged = "challenged"

// challenged reads a challenge that is still open, without using it up. It
// refuses with ChallengeInvalid.
func (s *Service) challenged(ctx context.Context, id Secret, from Client) (admission, error) {
	if !isOpaque(challengePrefix, id) {
		return admission{}, refuse(ChallengeInvalid)
	}
	ticket, found, err := s.Store.PeekTicket(ctx, ChallengeTicket, hashOf(id), s.Now())
	switch {
	case err != nil:
		return admission{}, err
	case !found:
		return admission{}, refuse(ChallengeInvalid)
	}
	first := firstFactor{}
	if err := ticket.Open(s.Sealer, sealedChallenge, &first); err != nil {
		return admission{}, &Error{Code: ChallengeInvalid, Cause: err} // its key is gone
	}
	user, found, err := s.Store.UserByID(ctx, ticket.UserID)
	switch {
	case err != nil:
		return admission{}, err
	case !found || !user.HasSecondFactor():
		return admission{}, refuse(ChallengeInvalid)
	case user.DisabledAt != nil:
		return admission{}, refuse(AccountDisabled)
	}
	user.PasswordHash = first.CheckedHash
	return admission{user: user, account: first.Account, from: from, method: first.Method, newHash: first.NewHash}, nil
}

// Answer is what a person shows to a Challenge.
type Answer struct {
	Challenge, Code Secret
	// Method is what the code is of; empty when its form is to tell.
	Method Method
}

// Admitted is a Grant after a second factor.
type Admitted struct {
	Grant
	BackupCodesLeft int
}

// AnswerChallenge opens the session that the Challenge was for. It refuses with
// ChallengeInvalid, AccountDisabled, CodeInvalid, AccountLocked, TooManyAttempts,
// SigningUnavailable or DatabaseUnavailable.
func (s *Service) AnswerChallenge(ctx context.Context, a Answer, from Client) (Admitted, error) {
	if err := s.Tokens.Ready(); err != nil {
		return Admitted{}, err
	}
	first, err := s.challenged(ctx, a.Challenge, from)
	if err != nil {
		return Admitted{}, err
	}
	admitted, err := s.answer(ctx, a, first)
	if err != nil {
		s.refusedLogin(ctx, first.account, from, err)
	}
	return admitted, err
}

func (s *Service) answer(ctx context.Context, a Answer, first admission) (Admitted, error) {
	counter := s.codeCounter(guessingFactor, first.user.ID)
	if err := s.reserve(ctx, counter); err != nil {
		return Admitted{}, err
	}
	conclude := context.WithoutCancel(ctx)
	code := parseCode(a.Code)
	spending, right, err := s.rightCode(conclude, first.user, code, a.Method)
	switch {
	case err != nil:
		s.release(conclude, counter)
		return Admitted{}, err
	case !right:
		s.Observer.SecondFactor(code.kind(), string(CodeInvalid))
		return Admitted{}, s.wrongFactor(conclude, counter, first.user, first.from)
	}
	ticket := hashOf(a.Challenge)
	spending.Guesses = counter.Key
	first.spends = &spending
	first.method += ", " + string(spending.Method)
	grant, err := s.openSession(conclude, first, &ticket)
	switch {
	case errors.Is(err, refuse(InvalidCredentials)):
		return Admitted{}, s.tooLate(conclude, counter, first, ticket)
	case err != nil:
		s.release(conclude, counter)
		return Admitted{}, err
	}
	s.unlocked(conclude, counter.Key)
	s.Observer.SecondFactor(spending.Method, Succeeded)
	return Admitted{Grant: grant, BackupCodesLeft: spending.BackupCodesLeft}, nil
}

// tooLate says why a code that looked right opened no session: somebody used the
// challenge or the code first, or the password is another by now. A code that is
// shown a second time is a wrong one.
func (s *Service) tooLate(ctx context.Context, c Counter, first admission, ticket TokenHash) error {
	_, open, err := s.Store.PeekTicket(ctx, ChallengeTicket, ticket, s.Now())
	switch {
	case err != nil:
		s.release(ctx, c)
		return err
	case !open:
		s.release(ctx, c)
		return refuse(ChallengeInvalid)
	}
	s.Observer.SecondFactor(first.spends.Method, string(CodeInvalid))
	return s.wrongFactor(ctx, c, first.user, first.from)
}
