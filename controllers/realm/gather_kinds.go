// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"slices"

	"k8s.io/apimachinery/pkg/runtime/schema"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// +kubebuilder:rbac:groups=cert-manager.io,resources=certificates,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=gateway.networking.k8s.io,resources=backendtlspolicies;httproutes,verbs=create;delete;get;list;patch;watch
// +kubebuilder:rbac:groups=monitoring.coreos.com,resources=podmonitors;prometheusrules,verbs=create;delete;get;list;patch;watch

// missingKind is a failure that says which of the kinds that a field of the spec
// needs are missing, or why nobody knows; nil when none is.
func (s scope) missingKind(field, provider string, kinds ...schema.GroupVersionKind) *conditions.Failure {
	for _, kind := range kinds {
		if failure := s.unknownKinds[kind]; failure != nil {
			return failure
		}
		if slices.Contains(s.missingKinds, kind) {
			return conditions.NewFailure(v1alpha1.ReasonKindNotInstalled,
				"%s: the cluster has no kind %s of %s; install %s, or leave the field out",
				field, kind.Kind, kind.GroupVersion(), provider)
		}
	}
	return nil
}

// gatherKinds finds out which kinds there are to apply and to remove.
func (r *reconciler) gatherKinds(ctx context.Context, _ *v1alpha1.AuthRealm, s *scope) error {
	s.kindsUnwatched, s.unknownKinds = !r.kinds.Notified(), map[schema.GroupVersionKind]*conditions.Failure{}
	for _, kind := range render.CustomKinds() {
		there, err := r.kinds.Has(ctx, kind)
		failure, err := s.classify(err)
		switch {
		case err != nil:
			return err
		case failure != nil:
			s.unknownKinds[kind] = failure
		case !there:
			s.missingKinds = append(s.missingKinds, kind)
		}
	}
	return nil
}

// waitsForUnwatchedKind reports whether the realm waits for a kind of which nobody would tell.
func (s scope) waitsForUnwatchedKind() bool {
	return s.kindsUnwatched && slices.ContainsFunc(render.CustomKindsWanted(s.inputs.Realm), func(kind schema.GroupVersionKind) bool {
		return slices.Contains(s.missingKinds, kind)
	})
}
