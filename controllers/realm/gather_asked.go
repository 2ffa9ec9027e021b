// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"maps"
	"slices"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// gatherAsked leaves alone what would be as the installation does not allow: what runs
// goes on as it is. Connections to private networks are a matter of gatherSettings.
func (r *reconciler) gatherAsked(_ context.Context, realm *v1alpha1.AuthRealm, s *scope) error {
	asked := render.ImagesAsked(realm)
	for _, field := range slices.Sorted(maps.Keys(asked)) {
		failure := r.policy.RefuseImage(field, asked[field])
		switch {
		case failure == nil:
		case field == render.DatabaseImageField:
			s.inputs.WithoutDatabase, s.database.failure = true, joined(s.database.failure, failure)
		case field == render.CacheImageField:
			s.inputs.WithoutCache, s.cache.failure = true, joined(s.cache.failure, failure)
		default:
			s.inputs.WithoutServer = true
			s.addOwnFailure(failure)
		}
	}
	if failure := r.policy.RefuseAnnotations("exposure.ingress.annotations", render.AnnotationsAsked(realm)); failure != nil {
		s.withholdIngress(failure)
	}
	return nil
}

// withholdIngress leaves the Ingress as it is, because of a failure.
func (s *scope) withholdIngress(f *conditions.Failure) {
	s.inputs.WithoutIngress = true
	s.ingress = joined(s.ingress, f)
}

// joined tells of two failures in one, of which the first may be nil.
func joined(before, further *conditions.Failure) *conditions.Failure {
	if before == nil {
		return further
	}
	return conditions.Join([]*conditions.Failure{before, further})
}
