// SPDX-License-Identifier: Apache-2.0

package render

import (
	"slices"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	metav1ac "k8s.io/client-go/applyconfigurations/meta/v1"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// The kinds that not every cluster has: others bring them.
var (
	certificateKind      = schema.GroupVersionKind{Group: "cert-manager.io", Version: "v1", Kind: "Certificate"}
	httpRouteKind        = schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "HTTPRoute"}
	backendTLSPolicyKind = schema.GroupVersionKind{Group: "gateway.networking.k8s.io", Version: "v1", Kind: "BackendTLSPolicy"}
	podMonitorKind       = schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "PodMonitor"}
	prometheusRuleKind   = schema.GroupVersionKind{Group: "monitoring.coreos.com", Version: "v1", Kind: "PrometheusRule"}
)

// CustomKinds are the kinds that a cluster may lack, by the names of the
// CustomResourceDefinitions that bring them.
func CustomKinds() map[string]schema.GroupVersionKind {
	return map[string]schema.GroupVersionKind{
		"certificates.cert-manager.io":                 certificateKind,
		"httproutes.gateway.networking.k8s.io":         httpRouteKind,
		"backendtlspolicies.gateway.networking.k8s.io": backendTLSPolicyKind,
		"podmonitors.monitoring.coreos.com":            podMonitorKind,
		"prometheusrules.monitoring.coreos.com":        prometheusRuleKind,
	}
}

// CertificateKind is cert-manager's.
func CertificateKind() schema.GroupVersionKind { return certificateKind }

// RouteKinds are those that exposure by a Gateway takes.
func RouteKinds() []schema.GroupVersionKind {
	return []schema.GroupVersionKind{httpRouteKind, backendTLSPolicyKind}
}

// MonitoringKinds are those that monitoring may take.
func MonitoringKinds() []schema.GroupVersionKind {
	return []schema.GroupVersionKind{podMonitorKind, prometheusRuleKind}
}

// CustomKindsWanted are the kinds that a cluster may lack and the realm asks for.
func CustomKindsWanted(realm *v1alpha1.AuthRealm) []schema.GroupVersionKind {
	var kinds []schema.GroupVersionKind
	if OrdersCertificate(realm) {
		kinds = append(kinds, certificateKind)
	}
	if e := realm.Spec.Exposure; e != nil && e.Gateway != nil {
		kinds = append(kinds, RouteKinds()...)
	}
	if m := realm.Spec.Monitoring; m != nil && m.PodMonitor != nil {
		kinds = append(kinds, podMonitorKind)
	}
	if m := realm.Spec.Monitoring; m != nil && m.PrometheusRule != nil {
		kinds = append(kinds, prometheusRuleKind)
	}
	return kinds
}

// Custom is an object of one of the CustomKinds. It is written as the kind's own
// API has it, so that the project depends on none of their modules.
type Custom struct {
	// Content is what is applied, and then what the API server answered with.
	Content *unstructured.Unstructured
}

func custom(realm *v1alpha1.AuthRealm, kind schema.GroupVersionKind, name string, spec map[string]any) *Custom {
	meta := metav1ac.ObjectMeta().
		WithName(name).
		WithNamespace(realm.Namespace).
		WithLabels(labels(realm, server)).
		WithOwnerReferences(owner(realm))
	if slices.Contains(MonitoringKinds(), kind) {
		meta.WithLabels(selectedLabels(realm))
	}
	content := configuration[map[string]any](map[string]any{
		"apiVersion": kind.GroupVersion().String(), "kind": kind.Kind, "metadata": meta, "spec": spec,
	})
	return &Custom{Content: &unstructured.Unstructured{Object: *content}}
}

// IsApplyConfiguration implements runtime.ApplyConfiguration.
func (c *Custom) IsApplyConfiguration() {}

// GetAPIVersion implements Object.
func (c *Custom) GetAPIVersion() *string { return new(c.Content.GetAPIVersion()) }

// GetKind implements Object.
func (c *Custom) GetKind() *string { return new(c.Content.GetKind()) }

// GetNamespace implements Object.
func (c *Custom) GetNamespace() *string { return new(c.Content.GetNamespace()) }

// GetName implements Object.
func (c *Custom) GetName() *string { return new(c.Content.GetName()) }

// MarshalJSON implements json.Marshaler.
func (c *Custom) MarshalJSON() ([]byte, error) { return c.Content.MarshalJSON() }

// Status reads the object's status into a struct, as far as it fits.
func (c *Custom) Status(into any) {
	if status, ok := c.Content.Object["status"].(map[string]any); ok {
		_ = runtime.DefaultUnstructuredConverter.FromUnstructured(status, into)
	}
}
