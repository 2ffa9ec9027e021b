// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Tracing says where OpenTelemetry traces go and how many of them are kept.
//
// +kubebuilder:validation:XValidation:rule="(has(self.allowPrivateNetworks) && self.allowPrivateNetworks) || !has(self.endpoint) || !self.endpoint.startsWith('http://')",message="endpoint must be an https:// URL; http:// is for private networks, with allowPrivateNetworks: true"
type Tracing struct {
	// endpoint is the base URL of a collector that takes OTLP over HTTP, such as
	// http://otel-collector.observability:4318.
	// +required
	// +kubebuilder:validation:XValidation:rule="!self.contains('?')",message="endpoint must have no query"
	Endpoint EndpointURL `json:"endpoint,omitempty"`

	// samplePercent is how many of a hundred traces are kept; 100 when absent. A
	// trace that began elsewhere is kept or not as its traceparent says.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	SamplePercent *int32 `json:"samplePercent,omitempty"`

	// allowPrivateNetworks lets the endpoint be in private address ranges, such
	// as those of the cluster.
	// +optional
	AllowPrivateNetworks bool `json:"allowPrivateNetworks,omitempty"`
}
