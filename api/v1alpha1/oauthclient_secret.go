// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// ClientSecret is the Secret of a client. It holds client-id, client-secret and issuer.
//
// +kubebuilder:validation:MinProperties=1
type ClientSecret struct {
	// name of the Secret; that of the client and -oauth-client when absent. A Secret that
	// is not the client's own is never written to.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*$')",message="name must be the name of a Secret: lower-case letters, digits, '-' and '.', such as shop-credentials"
	Name string `json:"name,omitempty"`

	// keys are further keys of the Secret, for charts that want other names. In a value,
	// $(client-id), $(client-secret) and $(issuer) stand for what the Secret holds under
	// those keys.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="self.all(k, k.matches('^[-._a-zA-Z0-9]{1,253}$') && k != '.' && !k.startsWith('..'))",message="keys may be called by letters, digits, '-', '_' and '.' alone, and not begin with '..'"
	// +kubebuilder:validation:XValidation:rule="self.all(k, !(k in ['client-id', 'client-secret', 'issuer']))",message="keys must not name client-id, client-secret or issuer, which are always there"
	// +kubebuilder:validation:XValidation:rule="self.all(k, !self[k].replace('$(client-id)', '_').replace('$(client-secret)', '_').replace('$(issuer)', '_').contains('$('))",message="keys may use $(client-id), $(client-secret) and $(issuer), and nothing else between $( and )"
	Keys map[string]ClientSecretTemplate `json:"keys,omitempty"`

	// labels of the Secret beside the operator's own, for whoever looks for Secrets by them.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="self.all(k, size(k) <= 317 && k.matches('^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$'))",message="labels are named like app.kubernetes.io/part-of: a domain, a '/', and at most 63 letters, digits, '-', '_' and '.'"
	// +kubebuilder:validation:XValidation:rule="self.all(k, k == 'app.kubernetes.io/part-of' || !k.matches('(^|[.])(kubernetes|k8s|realmkeeper)[.]io/'))",message="labels of kubernetes.io, k8s.io and realmkeeper.io say whose a Secret is; app.kubernetes.io/part-of alone may be set"
	Labels map[string]SecretLabelValue `json:"labels,omitempty"`

	// annotations of the Secret, by which controllers are told what to do with it.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=8
	// +kubebuilder:validation:XValidation:rule="self.all(k, size(k) <= 317 && k.matches('^([a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?([.][a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?)*/)?[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$'))",message="annotations are named like reloader.stakater.com/match: a domain, a '/', and at most 63 letters, digits, '-', '_' and '.'"
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.lowerAscii().matches('(^|[.])(kubernetes|k8s|realmkeeper)[.]io/'))",message="annotations of kubernetes.io, k8s.io and realmkeeper.io are not for clients to set"
	Annotations map[string]AnnotationValue `json:"annotations,omitempty"`

	// rotation says when the secret is replaced by a new one; never when absent, unless
	// rotateAfter asks for it.
	// +optional
	Rotation *ClientSecretRotation `json:"rotation,omitempty"`

	// rotateAfter replaces a secret that was made before this time, such as
	// 2026-11-22T10:00:00Z. The time it is now asks for a rotation now, one that lies
	// ahead for a rotation then.
	// +optional
	RotateAfter *metav1.Time `json:"rotateAfter,omitempty"`
}

// SecretLabelValue is the value of a label of a client's Secret.
//
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:XValidation:rule="self.matches('^([a-zA-Z0-9]([-._a-zA-Z0-9]*[a-zA-Z0-9])?)?$')",message="the value of a label has letters, digits, '-', '_' and '.' alone, and begins and ends with a letter or digit, such as argocd"
type SecretLabelValue string

// ClientSecretTemplate is the value of a further key of a client's Secret.
//
// +kubebuilder:validation:MinLength=1
// +kubebuilder:validation:MaxLength=2048
type ClientSecretTemplate string

// ClientSecretRotation says when a client's secret is replaced.
//
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.interval) || [self.interval, self.?overlap.orValue('24h')].exists(d, !d.matches('^([0-9]+([.][0-9]+)?(ns|us|µs|ms|s|m|h))+$')) || duration(self.?overlap.orValue('24h')) < duration(self.interval)",message="overlap (24h when absent) must be shorter than interval"
type ClientSecretRotation struct {
	// interval is how old a secret becomes before a new one is made, such as 2160h, which
	// is 90 days; however old when absent.
	// +optional
	// +realmkeeper:validation:Duration:example="2160h",min="1h",max="87600h",which="ten years"
	Interval *metav1.Duration `json:"interval,omitempty"`

	// overlap is how long the secret before is good beside the new one, such as 1h; 24h
	// when absent. With 0s it is good no longer once the new one is written.
	// +optional
	// +realmkeeper:validation:Duration:example="1h or 24h",min="0s",max="8760h",which="a year"
	Overlap *metav1.Duration `json:"overlap,omitempty"`
}
