// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

// Monitoring is what the realm brings along for Prometheus and Grafana.
//
// +kubebuilder:validation:XValidation:rule="has(self.podMonitor) || has(self.prometheusRule) || has(self.dashboard)",message="monitoring needs podMonitor, prometheusRule or dashboard"
type Monitoring struct {
	// labels of the objects, by which a Prometheus or a Grafana selects what is
	// meant for it, such as release: kube-prometheus-stack.
	// +optional
	// +kubebuilder:validation:MinProperties=1
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="self.all(k, !k.startsWith('app.kubernetes.io/') && !k.startsWith('auth.realmkeeper.io/'))",message="labels of app.kubernetes.io and auth.realmkeeper.io are the operator's own"
	// +kubebuilder:validation:XValidation:rule="self.all(k, size(k) <= 317 && k.matches('^([a-z0-9]([-a-z0-9]*[a-z0-9])?([.][a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?[a-zA-Z0-9]([-._a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$'))",message="labels are named like release or example.com/team: maybe a domain and a '/', and at most 63 letters, digits, '-', '_' and '.'"
	Labels map[string]LabelValue `json:"labels,omitempty"`

	// podMonitor has the Prometheus operator scrape the realm's pods.
	// +optional
	PodMonitor *PodMonitor `json:"podMonitor,omitempty"`

	// prometheusRule has the Prometheus operator raise the realm's alerts.
	// +optional
	PrometheusRule *PrometheusRule `json:"prometheusRule,omitempty"`

	// dashboard is a ConfigMap with a Grafana dashboard, labelled
	// grafana_dashboard: "1" as Grafana's sidecar looks for it.
	// +optional
	Dashboard *Dashboard `json:"dashboard,omitempty"`
}

// PodMonitor says how pods are scraped.
type PodMonitor struct {
	// interval between two scrapes, in seconds or more, such as 30s; as
	// Prometheus decides when absent.
	// +optional
	// +realmkeeper:validation:Duration:example="30s",min="1s",max="1h"
	Interval *metav1.Duration `json:"interval,omitempty"`
}

// PrometheusRule is the realm's alerts; docs/monitoring.md has each of them.
type PrometheusRule struct{}

// Dashboard is the realm's Grafana dashboard.
type Dashboard struct{}

// LabelValue is the value of a label.
//
// +kubebuilder:validation:MaxLength=63
// +kubebuilder:validation:XValidation:rule="self.matches('^([a-zA-Z0-9]([-._a-zA-Z0-9]*[a-zA-Z0-9])?)?$')",message="the value of a label may hold only letters, digits, '-', '_' and '.', and must begin and end with a letter or digit"
type LabelValue string
