// SPDX-License-Identifier: Apache-2.0

package render

import (
	appsv1ac "k8s.io/client-go/applyconfigurations/apps/v1"
	autoscalingv2ac "k8s.io/client-go/applyconfigurations/autoscaling/v2"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"
	policyv1ac "k8s.io/client-go/applyconfigurations/policy/v1"
)

// Version is the resource version that an object is for, "" for whichever there is.
func Version(o Object) string {
	if c, ok := o.(*Custom); ok {
		return c.Content.GetResourceVersion()
	}
	if m := metadataOf(o); m.ResourceVersion != nil {
		return *m.ResourceVersion
	}
	return ""
}

// SetVersion lets an object be applied over a resource version alone, "" for whichever there
// is.
func SetVersion(o Object, version string) {
	if c, ok := o.(*Custom); ok {
		c.Content.SetResourceVersion(version)
		return
	}
	m := metadataOf(o)
	if m.ResourceVersion = nil; version != "" {
		m.WithResourceVersion(version)
	}
}

// Labels are those that an object is rendered with.
func Labels(o Object) map[string]string {
	if c, ok := o.(*Custom); ok {
		return c.Content.GetLabels()
	}
	return metadataOf(o).Labels
}

// Annotations are those that an object is rendered with.
func Annotations(o Object) map[string]string {
	if c, ok := o.(*Custom); ok {
		return c.Content.GetAnnotations()
	}
	return metadataOf(o).Annotations
}

// metadataOf is that of an object of one of Kubernetes' own kinds. It belongs to none for an
// object of another kind.
func metadataOf(o Object) *metav1ac.ObjectMetaApplyConfiguration {
	switch o := o.(type) {
	case *appsv1ac.DeploymentApplyConfiguration:
		return o.ObjectMetaApplyConfiguration
	case *appsv1ac.StatefulSetApplyConfiguration:
		return o.ObjectMetaApplyConfiguration
	case *autoscalingv2ac.HorizontalPodAutoscalerApplyConfiguration:
		return o.ObjectMetaApplyConfiguration
	case *corev1ac.ConfigMapApplyConfiguration:
		return o.ObjectMetaApplyConfiguration
	case *corev1ac.SecretApplyConfiguration:
		return o.ObjectMetaApplyConfiguration
	case *corev1ac.ServiceApplyConfiguration:
		return o.ObjectMetaApplyConfiguration
	case *corev1ac.ServiceAccountApplyConfiguration:
		return o.ObjectMetaApplyConfiguration
	case *networkingv1ac.IngressApplyConfiguration:
		return o.ObjectMetaApplyConfiguration
	case *networkingv1ac.NetworkPolicyApplyConfiguration:
		return o.ObjectMetaApplyConfiguration
	case *policyv1ac.PodDisruptionBudgetApplyConfiguration:
		return o.ObjectMetaApplyConfiguration
	}
	return &metav1ac.ObjectMetaApplyConfiguration{}
}
