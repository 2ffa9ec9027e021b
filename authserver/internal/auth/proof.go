// SPDX-License-Identifier: Apache-2.0

package auth

import "context"

// Proof shows that whoever holds an access token is the user and not somebody
// who has found it. A password is enough, or a code of a second factor; with
// both, the password is looked at.
type Proof struct{ Password, Code Secret }

// prove checks a proof. It refuses with ProofRequired when there is none, with
// InvalidCredentials or CodeInvalid when it is wrong, with AccountLocked or
// TooManyAttempts when too many were, and with Busy.
func (s *Service) prove(ctx context.Context, user User, p Proof, from Client) error {
	if p == (Proof{}) {
		return refuse(ProofRequired)
	}
	check, given := s.proveCode, p.Code
	if p.Password != "" {
		check, given = s.provePassword, p.Password
	}
	err := check(ctx, user, given, from)
	if err != nil {
		s.refusedProof(ctx, user, from, err)
	}
	return err
}

// refusedProof leaves a trace of somebody who has the user's access token, but
// not what only the user has.
func (s *Service) refusedProof(ctx context.Context, user User, from Client, err error) {
	s.record(ctx, Event{
		Action: ActProve, Outcome: outcomeOf(err), ActorID: user.ID, TargetID: user.ID,
		Address: from.Address, UserAgent: from.UserAgent, At: s.Now(),
	})
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
