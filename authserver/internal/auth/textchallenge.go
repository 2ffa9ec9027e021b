// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"time"
)

// TextChallenge sends a code for a Challenge and says how long it works. It
// refuses with ChallengeInvalid, AccountDisabled, SecondFactorMissing,
// SecondFactorUnavailable or RateLimited.
func (s *Service) TextChallenge(ctx context.Context, challenge Secret, from Client) (time.Duration, error) {
	first, err := s.challenged(ctx, challenge, from)
	if err != nil {
		return 0, err
	}
	return s.textUser(ctx, first.user, from)
}
