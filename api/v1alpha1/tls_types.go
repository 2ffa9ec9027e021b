// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// TLS is where the serving certificate comes from.
//
// +kubebuilder:validation:XValidation:rule="!(has(self.secretRef) && has(self.certManager))",message="tls takes secretRef (a certificate of yours) or certManager (one that cert-manager issues), not both"
// +kubebuilder:validation:XValidation:rule="has(self.secretRef) || has(self.certManager)",message="tls needs secretRef or certManager; leave tls out for a certificate of the operator's own CA"
type TLS struct {
	// secretRef names a Secret of type kubernetes.io/tls whose certificate
	// covers the issuer's host. With ca.crt it also tells clients what to trust.
	// +optional
	SecretRef *SecretRef `json:"secretRef,omitempty"`

	// certManager has cert-manager issue the certificate, and renew it.
	// +optional
	CertManager *CertManager `json:"certManager,omitempty"`
}

// CertManager describes a certificate to cert-manager.
type CertManager struct {
	// issuerRef names who issues the certificate.
	// +required
	IssuerRef IssuerRef `json:"issuerRef,omitzero"`

	// dnsNames are further names that the certificate is for, beside the
	// issuer's host: those of the realm's Service, say, where a CA of your own
	// issues it. Public CAs issue nothing for names inside the cluster.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=32
	// +kubebuilder:validation:items:MaxLength=253
	// +kubebuilder:validation:items:XValidation:rule="self.matches('^([*][.])?[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$')",message="dnsNames must be host names such as staff.identity.svc, with at most 63 characters between the dots"
	DNSNames []string `json:"dnsNames,omitempty"`

	// duration is how long a certificate shall be valid, such as 2160h; as
	// cert-manager decides when absent.
	// +optional
	// +realmkeeper:validation:Duration:example="2160h",min="1h"
	Duration *metav1.Duration `json:"duration,omitempty"`
}

// IssuerKind is a kind of cert-manager's, or of one of its external issuers.
type IssuerKind string

const (
	// NamespacedIssuer issues within its own namespace.
	NamespacedIssuer IssuerKind = "Issuer"
	// ClusterIssuer issues in every namespace.
	ClusterIssuer IssuerKind = "ClusterIssuer"
)

// IssuerRef names an issuer of cert-manager.
//
// +kubebuilder:validation:XValidation:rule="has(self.group) || !has(self.kind) || self.kind in ['Issuer', 'ClusterIssuer']",message="kind must be Issuer or ClusterIssuer; another one needs group, the API group of an external issuer"
type IssuerRef struct {
	// name of the issuer.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="name must be the name of an issuer: lower-case letters, digits, '-' and '.', such as letsencrypt"
	Name string `json:"name,omitempty"`

	// kind of the issuer: Issuer (also when absent), ClusterIssuer, or with
	// group the kind of an external issuer.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Z][A-Za-z0-9]*$')",message="kind must be the kind of an issuer, such as ClusterIssuer"
	Kind IssuerKind `json:"kind,omitempty"`

	// group of the issuer's kind; cert-manager.io when absent.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="group must be an API group: lower-case letters, digits, '-' and '.', such as awspca.cert-manager.io"
	Group string `json:"group,omitempty"`
}
