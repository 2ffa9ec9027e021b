// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import autoscalingv2 "k8s.io/api/autoscaling/v2"

// Autoscaling lets a HorizontalPodAutoscaler choose the number of auth server pods.
//
// +kubebuilder:validation:XValidation:rule="(has(self.minReplicas) ? self.minReplicas : 2) <= (has(self.maxReplicas) ? self.maxReplicas : 100)",message="maxReplicas must not be less than minReplicas (2 when absent)"
type Autoscaling struct {
	// minReplicas is the least number of pods; 2 when absent.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	MinReplicas *int32 `json:"minReplicas,omitempty"`

	// maxReplicas is the greatest number of pods.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=100
	MaxReplicas int32 `json:"maxReplicas,omitempty"`

	// targetCPUUtilization is how busy the pods shall be on average, in percent
	// of resources.requests.cpu; 70 when neither it nor metrics are there.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=1000
	TargetCPUUtilization *int32 `json:"targetCPUUtilization,omitempty"`

	// metrics are further measures to scale by, as in a HorizontalPodAutoscaler.
	// The one that asks for the most pods counts.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Metrics []autoscalingv2.MetricSpec `json:"metrics,omitempty"`
}
