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
// left. The last one locks the counter.
func (s *Service) wrongCode(ctx context.Context, c Counter, userID string, from Client, code Code) error {
	locked, err := s.event(ActLock, "", userID, from)
	if err != nil {
		return err
	}
	locked.Detail = "second factor"
	refusal := refuse(code)
	if tallies := s.countFailure(ctx, Effects{Events: []Event{locked}}, c); tallies != nil {
		refusal.AttemptsLeft = &tallies[0].Left
	}
	return refusal
}
