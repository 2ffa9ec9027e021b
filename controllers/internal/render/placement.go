// SPDX-License-Identifier: Apache-2.0

package render

import (
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// placed is a pod of the realm's with what its platform wants of it: where it may run,
// and what its images are pulled with.
func placed(in Inputs, pod *corev1ac.PodSpecApplyConfiguration, s v1alpha1.Scheduling) *corev1ac.PodSpecApplyConfiguration {
	for _, name := range PullSecrets(in.Realm, in.Images) {
		pod.WithImagePullSecrets(corev1ac.LocalObjectReference().WithName(name))
	}
	pod.WithNodeSelector(plainLabels(s.NodeSelector))
	for _, t := range s.Tolerations {
		pod.WithTolerations(configuration[corev1ac.TolerationApplyConfiguration](t))
	}
	if s.Affinity != nil {
		pod.WithAffinity(configuration[corev1ac.AffinityApplyConfiguration](s.Affinity))
	}
	for _, c := range s.TopologySpreadConstraints {
		pod.WithTopologySpreadConstraints(configuration[corev1ac.TopologySpreadConstraintApplyConfiguration](c))
	}
	if s.PriorityClassName != "" {
		pod.WithPriorityClassName(s.PriorityClassName)
	}
	if s.RuntimeClassName != "" {
		pod.WithRuntimeClassName(s.RuntimeClassName)
	}
	return pod
}

// spread keeps pods of one rollout apart where it can, and never keeps one from
// starting: a cluster of one node or one zone has nothing to spread over.
func spread(realm *v1alpha1.AuthRealm, topology string) *corev1ac.TopologySpreadConstraintApplyConfiguration {
	return corev1ac.TopologySpreadConstraint().
		WithMaxSkew(1).
		WithTopologyKey(topology).
		WithWhenUnsatisfiable(corev1.ScheduleAnyway).
		WithMatchLabelKeys(appsv1.DefaultDeploymentUniqueLabelKey).
		WithLabelSelector(metav1ac.LabelSelector().WithMatchLabels(selector(realm, server)))
}

// PullSecrets names what the images of the realm's pods are pulled with: what the spec
// says, or else what the installation has.
func PullSecrets(realm *v1alpha1.AuthRealm, images Images) []string {
	if len(realm.Spec.ImagePullSecrets) == 0 {
		return images.PullSecrets
	}
	return NamedPullSecrets(realm)
}

// NamedPullSecrets are those that the spec names.
func NamedPullSecrets(realm *v1alpha1.AuthRealm) []string {
	var names []string
	for _, ref := range realm.Spec.ImagePullSecrets {
		names = append(names, ref.Name)
	}
	return names
}
