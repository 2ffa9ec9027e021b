// SPDX-License-Identifier: Apache-2.0

package render

import (
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"
	policyv1ac "k8s.io/client-go/applyconfigurations/policy/v1"
)

// httpsPort is the Service's.
const httpsPort = 443

func serverService(in Inputs) *corev1ac.ServiceApplyConfiguration {
	return corev1ac.Service(NamesOf(in.Realm).Server(), in.Realm.Namespace).
		WithLabels(labels(in.Realm, server)).
		WithOwnerReferences(owner(in.Realm)).
		WithSpec(corev1ac.ServiceSpec().
			WithSelector(selector(in.Realm, server)).
			WithPorts(corev1ac.ServicePort().
				WithName("https").
				WithPort(httpsPort).
				WithTargetPort(intstr.FromString("https"))))
}

// serviceAccount gives the pods an identity of their own that can do nothing.
func serviceAccount(in Inputs) *corev1ac.ServiceAccountApplyConfiguration {
	return corev1ac.ServiceAccount(NamesOf(in.Realm).ServiceAccount(), in.Realm.Namespace).
		WithLabels(labels(in.Realm, server)).
		WithOwnerReferences(owner(in.Realm)).
		WithAutomountServiceAccountToken(false)
}

// disruptionBudget lets a node be drained one pod at a time. With a single
// replica that is the one pod: a drain that never ends helps nobody.
func disruptionBudget(in Inputs) *policyv1ac.PodDisruptionBudgetApplyConfiguration {
	return policyv1ac.PodDisruptionBudget(NamesOf(in.Realm).Server(), in.Realm.Namespace).
		WithLabels(labels(in.Realm, server)).
		WithOwnerReferences(owner(in.Realm)).
		WithSpec(policyv1ac.PodDisruptionBudgetSpec().
			WithMaxUnavailable(intstr.FromInt32(1)).
			WithSelector(metav1ac.LabelSelector().WithMatchLabels(selector(in.Realm, server))))
}
