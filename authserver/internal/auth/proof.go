// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"time"
)

// Proof shows that whoever holds an access token is the user and not somebody
// who has found it. A password is enough, or a code of a second factor; with
// both, the password is looked at.
type Proof struct{ Password, Code Secret }

const (
	// recentProof is how long a sign-in, or a proof, speaks for whoever holds the
	// token that was issued at it.
	recentProof = 5 * time.Minute
	// clocksApart is how far ahead of ours the clock of the pod may be that has
	// issued a token.
	clocksApart = 30 * time.Second
)

// prove lets nobody but the user change what protects an account. A proof that
// comes with the request is checked; without one, the access token must have been
// issued at a recent one. It refuses with ProofRequired, with InvalidCredentials
// or CodeInvalid when the proof is wrong, with AccountLocked or TooManyAttempts
// when too many were, and with Busy.
func (s *Service) prove(ctx context.Context, user User, subject Subject, p Proof, from Client) error {
	if p == (Proof{}) && s.recentlyProved(subject) {
		return nil
	}
	return s.checkProof(ctx, user, p, from)
}

// recentlyProved asks the token alone: a proof that were kept with the session
// would speak for everybody who holds a token of it.
func (s *Service) recentlyProved(subject Subject) bool {
	age := s.Now().Sub(subject.AuthTime)
	return age <= recentProof && age >= -clocksApart
}

// checkProof is prove for what no earlier proof is good for.
func (s *Service) checkProof(ctx context.Context, user User, p Proof, from Client) error {
	if p == (Proof{}) {
		return refuse(ProofRequired)
	}
	check, given, kind := s.proveCode, p.Code, "code"
	if p.Password != "" {
		check, given, kind = s.provePassword, p.Password, "password"
	}
	err := check(ctx, user, given, from)
	s.tracedProof(ctx, user, kind, from, err)
	return err
}

// tracedProof leaves a trace of a proof and, when it is wrong, of somebody who
// has the user's access token, but not what only the user has.
func (s *Service) tracedProof(ctx context.Context, user User, kind string, from Client, err error) {
	s.record(ctx, Event{
		Action: ActProve, Outcome: outcomeOf(err), ActorID: user.ID, TargetID: user.ID,
		Address: from.Address, UserAgent: from.UserAgent, Detail: kind, At: s.Now(),
	})
}

// Prove checks a proof and issues one more access token of the caller's session,
// to which the proof is recent. The session is left as it was: the proof speaks for
// nobody but whoever has given it. It refuses as caller and prove do, also when
// the session has ended meanwhile, or with SigningUnavailable.
func (s *Service) Prove(ctx context.Context, access Secret, p Proof, from Client) (Secret, time.Duration, error) {
	user, subject, err := s.caller(ctx, access)
	if err != nil {
		return "", 0, err
	}
	if err := s.Tokens.Ready(); err != nil {
		return "", 0, err
	}
	if err := s.checkProof(ctx, user, p, from); err != nil {
		return "", 0, err
	}
	proven, lifetime, err := s.Tokens.Issue(user.Subject(subject.SessionID, s.Now()))
	if err == nil {
		_, _, err = s.caller(ctx, proven)
	}
	if err != nil {
		return "", 0, err
	}
	return proven, lifetime, nil
}

// provePassword counts against the same limit as a login from this device. A
// right password takes back only its own attempt: the failures of others may
// still lock the account.
func (s *Service) provePassword(ctx context.Context, user User, password Secret, from Client) error {
	account := KeyOf(user.Email)
	counter := s.ownCounter(user, from)
	if err := s.reserve(ctx, counter); err != nil {
		return err
	}
	conclude := context.WithoutCancel(ctx)
	if user.PasswordHash == "" {
		s.countFailure(conclude, s.lockEffects(conclude, user, account, from), counter)
		return refuse(InvalidCredentials)
	}
	right, err := s.Passwords.Verify(ctx, from.Source(), user.PasswordHash, string(password))
	switch {
	case err != nil:
		s.release(conclude, counter)
		return full(err)
	case !right:
		s.countFailure(conclude, s.lockEffects(conclude, user, account, from), counter)
		return refuse(InvalidCredentials)
	}
	s.release(conclude, counter)
	return nil
}
