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

// lacking is a failure that says which of the kinds that a field of the spec
// needs are missing, or why nobody knows; nil when none is.
func (g gathered) lacking(field, provider string, kinds ...schema.GroupVersionKind) *conditions.Failure {
	for _, kind := range kinds {
		if o := g.unasked[kind]; o != nil {
			return o
		}
		if slices.Contains(g.lacks, kind) {
			return conditions.NewFailure(v1alpha1.ReasonKindNotInstalled,
				"%s: the cluster has no kind %s of %s; install %s, or leave the field out",
				field, kind.Kind, kind.GroupVersion(), provider)
		}
	}
	return nil
}

// gatherKinds finds out which kinds there are to apply and to remove.
func (r *reconciler) gatherKinds(ctx context.Context, _ *v1alpha1.AuthRealm, g *gathered) error {
	g.untold, g.unasked = !r.kinds.Told(), map[schema.GroupVersionKind]*conditions.Failure{}
	for _, kind := range render.CustomKinds() {
		there, err := r.kinds.Has(ctx, kind)
		failure, err := g.classify(err)
		switch {
		case err != nil:
			return err
		case failure != nil:
			g.unasked[kind] = failure
		case !there:
			g.lacks = append(g.lacks, kind)
		}
	}
	return nil
}

// waitsUntold reports whether the realm waits for a kind of which nobody would tell.
func (g gathered) waitsUntold() bool {
	return g.untold && slices.ContainsFunc(render.CustomKindsWanted(g.inputs.Realm), func(kind schema.GroupVersionKind) bool {
		return slices.Contains(g.lacks, kind)
	})
}
