// SPDX-License-Identifier: Apache-2.0

package requirement

import (
	"context"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// CheckFactors is Check for somebody who signs in with one factor, and has no second one. It
// asks nothing of those who need none.
func (s *Service) CheckFactors(ctx context.Context, user auth.User, from auth.Client) (Demand, error) {
	rollout, concerned, err := s.factorsOf(ctx, user)
	if err != nil || !concerned {
		return Demand{}, err
	}
	return s.Check(ctx, Factors, rollout, user, from)
}

// FactorsEnforced reports whether a user must have a second factor, and whoever does not is
// stopped, at once or after a while. Such a user who takes their last one off is stopped at
// the next sign-in.
func (s *Service) FactorsEnforced(ctx context.Context, user auth.User) (bool, error) {
	rollout, concerned, err := s.factorsOf(ctx, user)
	return concerned && rollout.Enforcement == realmconfig.Enforce, err
}

// factorsOf says how far the requirement goes, and whether it concerns a user. Where it asks
// nothing of anybody it looks nothing up.
func (s *Service) factorsOf(ctx context.Context, user auth.User) (Rollout, bool, error) {
	required := s.Settings().TwoFactor.Required
	rollout := OfFactors(required)
	if rollout.Enforcement == realmconfig.Observe {
		return rollout, false, nil
	}
	groups := []string{}
	if required.Who == realmconfig.RequiredOfGroups {
		var err error
		if groups, err = s.Groups(ctx, user.ID); err != nil {
			return rollout, false, err
		}
	}
	return rollout, required.Concerns(user.Role == auth.AdminRole, groups), nil
}

// MeetsFactors reports whether somebody meets the requirement: by a second factor, or by a
// passkey that is both.
func MeetsFactors(user auth.User) bool {
	return user.HasSecondFactor() || slices.Contains(user.Methods, auth.PasskeyMethod)
}
