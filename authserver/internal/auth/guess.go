// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"time"
)

// guessing is what a code is guessed for. Each has a counter of its own, and
// none is the password's: whoever knows no password cannot keep the owner of the
// second factor out, and trying codes does not use up tries of passwords.
type guessing string

const (
	guessingFactor    guessing = "factor"
	guessingEnrolment guessing = "enrolment"
)

// codeCounter counts the guesses at a user's codes.
func (s *Service) codeCounter(g guessing, userID string) Counter {
	rule := s.Settings().TwoFactor
	return Counter{
		Kind: ByCode, Key: counterKey(ByCode, string(g)+" "+userID),
		Limit: AttemptLimit{Failures: rule.Failures, Duration: time.Duration(rule.Duration)},
	}
}

// wrongCode lets an attempt stand and refuses with code, saying how many are
// left. The last one locks the counter; also is for that.
func (s *Service) wrongCode(ctx context.Context, c Counter, also Effects, code Code) error {
	refusal := refuse(code)
	if tallies := s.countFailure(ctx, also, c); tallies != nil {
		refusal.AttemptsLeft = &tallies[0].Left
	}
	return refusal
}

// wrongFactor is wrongCode for a second factor in use. Its owner hears of a lock:
// whoever gets as far as guessing codes knows the password.
func (s *Service) wrongFactor(ctx context.Context, c Counter, user User, from Client) error {
	also := s.lockEffects(ctx, user, KeyOf(user.Email), from)
	for i := range also.Events {
		also.Events[i].Detail = "second factor"
	}
	return s.wrongCode(ctx, c, also, CodeInvalid)
}
