// SPDX-License-Identifier: Apache-2.0

package apply

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/ownership"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// ownersOf are the owners of a Secret. Of other objects there are none to take away.
func ownersOf(o render.Object) []metav1ac.OwnerReferenceApplyConfiguration {
	if s, ok := o.(*corev1ac.SecretApplyConfiguration); ok && s.ObjectMetaApplyConfiguration != nil {
		return s.OwnerReferences
	}
	return nil
}

// disown takes the realm from the owners of a Secret that was applied without any, as
// the API server answered with it. Server-side apply only takes away what it has put
// there, and a Secret has its owner since it was created; deleted with its realm, it
// would take along what it is kept for.
func (a *Applier) disown(ctx context.Context, realm *v1alpha1.AuthRealm, o render.Object) error {
	s, ok := o.(*corev1ac.SecretApplyConfiguration)
	if !ok {
		return nil
	}
	others := slices.DeleteFunc(slices.Clone(s.OwnerReferences), func(r metav1ac.OwnerReferenceApplyConfiguration) bool {
		return r.UID != nil && *r.UID == realm.UID
	})
	if len(others) == len(s.OwnerReferences) {
		return nil
	}
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{
		"uid": s.UID, "resourceVersion": s.ResourceVersion, "ownerReferences": others,
	}})
	if err != nil {
		return fmt.Errorf("marshal owners of secret %s: %w", *s.Name, err)
	}
	answer := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: *s.Name, Namespace: realm.Namespace}}
	err = a.client.Patch(ctx, answer, client.RawPatch(types.MergePatchType, patch), client.FieldOwner(ownership.FieldOwner))
	if err != nil {
		return a.secrets.Refusal(ctx, s, "written", err)
	}
	s.OwnerReferences = others
	s.WithResourceVersion(answer.ResourceVersion)
	return nil
}
