// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"context"
	"encoding/json"
	"fmt"

	appsv1 "k8s.io/api/apps/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// scaleOwner keeps the number of pods between the operator, which no longer
// says it, and the autoscaler, which owns it from its first change on. A field
// that its last owner gives up would fall back to its default, one pod.
const scaleOwner = ownership.FieldOwner + "-scale"

// handOverReplicas reports whether the number of pods is left to the autoscaler, and
// sees to it that none is lost when the operator stops saying it. A Deployment
// that does not exist yet begins with the least number.
func (r *reconciler) handOverReplicas(ctx context.Context, realm *v1alpha1.AuthRealm) (bool, error) {
	if !render.Autoscales(realm) {
		return false, nil
	}
	name := render.NamesOf(realm).Server()
	d := &appsv1.Deployment{}
	err := r.live.Get(ctx, types.NamespacedName{Namespace: realm.Namespace, Name: name}, d)
	switch {
	case apierrors.IsNotFound(err):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("get Deployment %s: %w", name, err)
	case !ownership.Belongs(realm, d) || !ownsReplicas(d.ManagedFields):
		return true, nil
	}
	now := min(max(valueOrZero(d.Spec.Replicas), render.Replicas(realm)), realm.Spec.Autoscaling.MaxReplicas)
	// Of this version only: the autoscaler may have changed the number since.
	kept := appsv1ac.Deployment(name, realm.Namespace).WithResourceVersion(d.ResourceVersion).
		WithSpec(appsv1ac.DeploymentSpec().WithReplicas(now))
	if err := r.Apply(ctx, kept, client.FieldOwner(scaleOwner), client.ForceOwnership); err != nil {
		return false, fmt.Errorf("hand over the scale of Deployment %s: %w", name, err)
	}
	return true, nil
}

// ownsReplicas reports whether the operator owns spec.replicas.
func ownsReplicas(fields []metav1.ManagedFieldsEntry) bool {
	for _, f := range fields {
		if f.Manager != ownership.FieldOwner || f.Operation != metav1.ManagedFieldsOperationApply || f.Subresource != "" || f.FieldsV1 == nil {
			continue
		}
		var owned struct {
			Spec map[string]json.RawMessage `json:"f:spec"`
		}
		if err := json.Unmarshal(f.FieldsV1.GetRawBytes(), &owned); err != nil {
			continue
		}
		if _, says := owned.Spec["f:replicas"]; says {
			return true
		}
	}
	return false
}

// desiredReplicas is the number of pods that there should be.
func (st state) desiredReplicas(realm *v1alpha1.AuthRealm) int32 {
	if d := st.applied.server; render.Autoscales(realm) && d != nil && d.Spec != nil && d.Spec.Replicas != nil {
		return *d.Spec.Replicas
	}
	return render.Replicas(realm)
}
