// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// gatherClaims proves the claims of the spec. Those that cannot be used keep back themselves
// alone: the ones before stay in force, or none where there were none.
func (r *reconciler) gatherClaims(ctx context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	if s.claims = r.examples.Realm(realm); s.claims == nil {
		return nil
	}
	before := settingsState{}
	failure, err := s.classify(r.lastGoodSettings(ctx, realm, &before))
	if failure != nil {
		s.settings.failure = failure // which claims are in force, nobody knows
	}
	s.inputs.KeepsClaims, s.inputs.LastClaims = true, before.config.Claims
	return err
}
