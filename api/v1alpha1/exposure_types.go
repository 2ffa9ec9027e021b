// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import networkingv1 "k8s.io/api/networking/v1"

// Exposure is how requests from outside the cluster reach the realm. The whole
// host of the issuer is the realm's.
//
// +kubebuilder:validation:MinProperties=1
type Exposure struct {
	// gateway attaches the realm to Gateways of the Gateway API, with an
	// HTTPRoute and a BackendTLSPolicy.
	// +optional
	Gateway *GatewayExposure `json:"gateway,omitempty"`

	// ingress attaches the realm to an Ingress controller, with an Ingress.
	// +optional
	Ingress *IngressExposure `json:"ingress,omitempty"`
}

// GatewayExposure attaches the realm to Gateways.
type GatewayExposure struct {
	// parentRefs name the Gateways, or listeners of them.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=16
	ParentRefs []GatewayRef `json:"parentRefs,omitempty"`
}

// GatewayRef names a Gateway, or a listener of it.
type GatewayRef struct {
	// name of the Gateway.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="name must be the name of a Gateway: lower-case letters, digits, '-' and '.', such as public"
	Name string `json:"name,omitempty"`

	// namespace of the Gateway; the realm's own when absent. The Gateway says
	// which namespaces may attach to it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?$')",message="namespace must be the name of a namespace: lower-case letters, digits and '-', such as gateways"
	Namespace string `json:"namespace,omitempty"`

	// sectionName is the name of one listener; every listener that fits when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="sectionName must be the name of a listener: lower-case letters, digits, '-' and '.', such as https"
	SectionName string `json:"sectionName,omitempty"`

	// port of the listeners; any when absent.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port *int32 `json:"port,omitempty"`
}

// IngressExposure attaches the realm to an Ingress controller.
type IngressExposure struct {
	// className is the IngressClass; the cluster's default when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="className must be the name of an IngressClass: lower-case letters, digits, '-' and '.', such as nginx"
	ClassName string `json:"className,omitempty"`

	// annotations of the Ingress, by which controllers are told what its spec
	// cannot say: that the realm speaks HTTPS, for one.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=64
	// +kubebuilder:validation:XValidation:rule="self.all(k, size(k) <= 317 && k.matches('^([a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?([.][a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?)*/)?[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$'))",message="annotations are named like nginx.ingress.kubernetes.io/backend-protocol: a domain, a '/', and at most 63 letters, digits, '-', '_' and '.'"
	Annotations map[string]AnnotationValue `json:"annotations,omitempty"`

	// tlsSecretName is the Secret with the certificate that the Ingress
	// controller shows; the realm's own when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="tlsSecretName must be the name of a Secret: lower-case letters, digits, '-' and '.', such as shop-tls"
	TLSSecretName string `json:"tlsSecretName,omitempty"`
}

// AnnotationValue is the value of an annotation.
//
// +kubebuilder:validation:MaxLength=16384
type AnnotationValue string

// NetworkPolicy says who may talk to the realm's pods, and to whom they may.
// Everything that is not needed is refused once it is there.
type NetworkPolicy struct {
	// from are those who may call the realm; everybody when absent.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	From []networkingv1.NetworkPolicyPeer `json:"from,omitempty"`

	// metricsFrom are those who may read the pods' metrics, beside the operator.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	MetricsFrom []networkingv1.NetworkPolicyPeer `json:"metricsFrom,omitempty"`

	// to are further places that the auth server may call. It may always call
	// name servers, the realm's own database and cache, and anything at the
	// ports of what its settings name: a database or cache of yours, mail,
	// text messages, traces, providers and documents of clients.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	To []networkingv1.NetworkPolicyEgressRule `json:"to,omitempty"`
}
