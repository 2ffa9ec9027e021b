// SPDX-License-Identifier: Apache-2.0

package ownership

import (
	"context"
	"fmt"
	"maps"
	"slices"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/controllers/internal/conditions"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// CheckUnmounted is asked before a realm's Secret is made. It returns a conditions.Failure
// while another realm's pods mount the name, which its spec named before this realm was
// there: they would be given what is made. Now that the name is this realm's, they are
// replaced by others.
func (o Own) CheckUnmounted(ctx context.Context, realm *v1alpha1.AuthRealm, secret string) error {
	if render.NamedAsOwn(secret) { // which no pod of another realm ever mounts
		return nil
	}
	others, err := o.othersThatNameSecrets(ctx, realm)
	if err != nil || len(others) == 0 {
		return err
	}
	selector, err := metav1.LabelSelectorAsSelector(render.ServersOf(others))
	if err != nil {
		return fmt.Errorf("select pods: %w", err)
	}
	theirs := []client.ListOption{client.InNamespace(realm.Namespace), client.MatchingLabelsSelector{Selector: selector}}
	var deployments appsv1.DeploymentList
	if err := o.live.List(ctx, &deployments, theirs...); err != nil {
		return fmt.Errorf("list deployments: %w", err)
	}
	for _, d := range deployments.Items {
		if mounts(d.Spec.Template.Spec, secret) {
			return mounted(secret, "Deployment", d.Name)
		}
	}
	var pods corev1.PodList
	if err := o.live.List(ctx, &pods, theirs...); err != nil {
		return fmt.Errorf("list pods: %w", err)
	}
	for _, p := range pods.Items {
		if mounts(p.Spec, secret) {
			return mounted(secret, "Pod", p.Name)
		}
	}
	return nil
}

// othersThatNameSecrets are the names of the other realms of the namespace that may have
// pods which send on what a Secret holds, those that have left pods behind among them.
// Most have none.
func (o Own) othersThatNameSecrets(ctx context.Context, realm *v1alpha1.AuthRealm) ([]string, error) {
	var realms v1alpha1.AuthRealmList
	if err := o.cache.List(ctx, &realms, client.InNamespace(realm.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list realms: %w", err)
	}
	var deployments appsv1.DeploymentList // without their templates
	if err := o.cache.List(ctx, &deployments, client.InNamespace(realm.Namespace), client.UnsafeDisableDeepCopy); err != nil {
		return nil, fmt.Errorf("list deployments: %w", err)
	}
	sends := map[string]bool{}
	for _, d := range deployments.Items {
		if render.IsServer(d.Labels) {
			sends[render.RealmOf(d.Labels)] = true // of a realm that is gone, unless it is among the following
		}
	}
	for i := range realms.Items {
		spec := realms.Items[i].Spec
		sends[realms.Items[i].Name] = spec.Email != nil || spec.SMS != nil || len(render.SecretReferences(&realms.Items[i])) > 0
	}
	maps.DeleteFunc(sends, func(name string, may bool) bool { return !may || name == realm.Name || name == "" })
	return slices.Sorted(maps.Keys(sends)), nil
}

func mounts(pod corev1.PodSpec, secret string) bool {
	return slices.ContainsFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Secret != nil && v.Secret.SecretName == secret })
}

func mounted(secret, kind, name string) error {
	return conditions.NewFailure(v1alpha1.ReasonNameInUse,
		"Secret %q is not made while %s %q of another realm mounts the name; it is tried again soon. If it lasts, the other realm's conditions say why", secret, kind, name)
}
