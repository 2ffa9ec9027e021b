// SPDX-License-Identifier: Apache-2.0

package auth

import "context"

// ResetSecondFactors turns a user's second factor off on behalf of an admin: for
// somebody who has lost both telephone and backup codes. It refuses as
// provenAdmin does, or with NotFound or SecondFactorMissing.
func (s *Service) ResetSecondFactors(ctx context.Context, access Secret, userID string, p Proof, from Client) error {
	actor, err := s.provenAdmin(ctx, access, ActRemoveSecondFactor, userID, p, from)
	if err != nil {
		return err
	}
	user, known, err := s.Store.UserByID(ctx, userID)
	switch {
	case err != nil:
		return err
	case !known:
		return refuse(NotFound)
	}
	return s.removeFactors(ctx, actor.ID, user, "", from)
}
