// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// stepUp is the first factor of somebody who is signed in already, in the audit log. No
// provider has a name with a space.
const stepUp = "step up"

// Step is what is missing of a stronger sign-in.
type Step int

const (
	// AskSecondFactor is of somebody whose first factor is fresh enough: see StepUp.
	AskSecondFactor Step = iota
	// AskBothFactors is of somebody who must sign in anew.
	AskBothFactors
	// SetUpFactor is of somebody who has no second factor to show.
	SetUpFactor
)

// NextStep is what somebody in a session has to do for a class of sign-in that it has not
// reached, and who they are. It refuses as session.UserOf does.
func (s *Service) NextStep(ctx context.Context, subject auth.Subject) (Step, auth.User, error) {
	user, err := s.Sessions.UserOf(ctx, subject)
	if err != nil {
		return 0, auth.User{}, err
	}
	able, err := s.canStepUp(ctx, user)
	switch {
	case err != nil:
		return 0, auth.User{}, err
	case !able:
		return SetUpFactor, user, nil
	case s.Now().Sub(subject.AuthTime) > auth.FactorsApart:
		return AskBothFactors, user, nil
	default:
		return AskSecondFactor, user, nil
	}
}

// canStepUp reports whether a user has a second factor, or a passkey, that the realm can ask for.
func (s *Service) canStepUp(ctx context.Context, user auth.User) (bool, error) {
	if user.HasSecondFactor() {
		return true, nil
	}
	return s.Passkeys.Has(ctx, user)
}

// StepUp asks somebody who is signed in for their second factor alone. Whoever answers the
// Challenge (see AnswerChallenge) gets a session for which both count, and which session.Continue
// makes of the one that they have. The challenge is lost with that session, and when the password
// is changed.
//
// Subject must be of a refresh token that was shown just now: whoever has found nothing but an
// access token must not turn it into a session.
func (s *Service) StepUp(ctx context.Context, user auth.User, subject auth.Subject, from auth.Client) (Challenge, error) {
	asked, err := s.challenge(ctx, authentication{
		user: user, account: auth.KeyOf(user.Email), from: from, method: stepUp, amr: strings.Fields(subject.AMR),
		newHash: user.PasswordHash, parent: subject.SessionID,
	})
	if err != nil {
		return Challenge{}, err
	}
	return *asked.Challenge, nil
}
