// SPDX-License-Identifier: Apache-2.0

package render

import (
	appsv1 "k8s.io/api/apps/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	autoscalingv2ac "k8s.io/client-go/applyconfigurations/autoscaling/v2"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// defaultCPUUtilization leaves room for the logins that come while a pod starts.
// In percent of what a pod requests.
const defaultCPUUtilization = 70

// autoscaler chooses the number of auth server pods.
func autoscaler(in Inputs) *autoscalingv2ac.HorizontalPodAutoscalerApplyConfiguration {
	wants, name := in.Realm.Spec.Autoscaling, NamesOf(in.Realm).Server()
	spec := autoscalingv2ac.HorizontalPodAutoscalerSpec().
		WithScaleTargetRef(autoscalingv2ac.CrossVersionObjectReference().
			WithAPIVersion(appsv1.SchemeGroupVersion.String()).
			WithKind("Deployment").
			WithName(name)).
		WithMinReplicas(Replicas(in.Realm)).
		WithMaxReplicas(wants.MaxReplicas)
	if wants.TargetCPUUtilization != nil || len(wants.Metrics) == 0 {
		spec.WithMetrics(cpu(valueOr(wants.TargetCPUUtilization, defaultCPUUtilization)))
	}
	for _, m := range wants.Metrics {
		spec.WithMetrics(configuration[autoscalingv2ac.MetricSpecApplyConfiguration](m))
	}
	return autoscalingv2ac.HorizontalPodAutoscaler(name, in.Realm.Namespace).
		WithLabels(labels(in.Realm, server)).
		WithOwnerReferences(owner(in.Realm)).
		WithSpec(spec)
}

func cpu(utilization int32) *autoscalingv2ac.MetricSpecApplyConfiguration {
	return autoscalingv2ac.MetricSpec().
		WithType(autoscalingv2.ResourceMetricSourceType).
		WithResource(autoscalingv2ac.ResourceMetricSource().
			WithName(corev1.ResourceCPU).
			WithTarget(autoscalingv2ac.MetricTarget().
				WithType(autoscalingv2.UtilizationMetricType).
				WithAverageUtilization(utilization)))
}

// Autoscales reports whether the number of pods follows the load.
func Autoscales(realm *v1alpha1.AuthRealm) bool { return realm.Spec.Autoscaling != nil }
