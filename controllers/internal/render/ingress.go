// SPDX-License-Identifier: Apache-2.0

package render

import (
	"cmp"

	networkingv1 "k8s.io/api/networking/v1"
	networkingv1ac "k8s.io/client-go/applyconfigurations/networking/v1"
)

// ingress leads the issuer's whole host to the realm. That the realm speaks
// HTTPS is said by annotations, each controller's own.
func ingress(in Inputs) *networkingv1ac.IngressApplyConfiguration {
	wants, host := in.Realm.Spec.Exposure.Ingress, hostname(in.Realm)
	annotations := map[string]string{}
	for name, value := range wants.Annotations {
		annotations[name] = string(value)
	}
	spec := networkingv1ac.IngressSpec().
		WithRules(networkingv1ac.IngressRule().
			WithHost(host).
			WithHTTP(networkingv1ac.HTTPIngressRuleValue().
				WithPaths(networkingv1ac.HTTPIngressPath().
					WithPath("/").
					WithPathType(networkingv1.PathTypePrefix).
					WithBackend(networkingv1ac.IngressBackend().
						WithService(networkingv1ac.IngressServiceBackend().
							WithName(NamesOf(in.Realm).Server()).
							WithPort(networkingv1ac.ServiceBackendPort().WithName("https"))))))).
		WithTLS(networkingv1ac.IngressTLS().
			WithHosts(host).
			WithSecretName(cmp.Or(wants.TLSSecretName, CertificateSecret(in.Realm))))
	if wants.ClassName != "" {
		spec.WithIngressClassName(wants.ClassName)
	}
	return networkingv1ac.Ingress(NamesOf(in.Realm).Server(), in.Realm.Namespace).
		WithLabels(labels(in.Realm, server)).
		WithAnnotations(annotations).
		WithOwnerReferences(owner(in.Realm)).
		WithSpec(spec)
}
