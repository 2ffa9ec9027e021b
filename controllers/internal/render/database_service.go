// SPDX-License-Identifier: Apache-2.0

package render

import (
	"k8s.io/apimachinery/pkg/util/intstr"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
)

func databaseService(in Inputs) *corev1ac.ServiceApplyConfiguration {
	return corev1ac.Service(NamesOf(in.Realm).Database(), in.Realm.Namespace).
		WithLabels(labels(in.Realm, database)).
		WithOwnerReferences(owner(in.Realm)).
		WithSpec(corev1ac.ServiceSpec().
			WithSelector(selector(in.Realm, database)).
			WithPorts(corev1ac.ServicePort().
				WithName("postgresql").
				WithPort(databasePort).
				WithTargetPort(intstr.FromString("postgresql"))))
}
