// SPDX-License-Identifier: Apache-2.0

package render

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"strings"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
)

// realmLabel is what the PodMonitor adds to every series of the realm, and what
// alerts and dashboard ask for.
const realmLabel = "realm"

// monitors are what the spec asks for of Prometheus and Grafana.
func monitors(in Inputs) ([]Object, error) {
	var objects []Object
	wants := in.Realm.Spec.Monitoring
	if wants.PodMonitor != nil {
		objects = append(objects, podMonitor(in))
	}
	if wants.PrometheusRule != nil {
		rule, err := prometheusRule(in)
		if err != nil {
			return nil, err
		}
		objects = append(objects, rule)
	}
	if wants.Dashboard != nil {
		dashboard, err := dashboardConfigMap(in)
		if err != nil {
			return nil, err
		}
		objects = append(objects, dashboard)
	}
	return objects, nil
}

// podMonitor has pods scraped, not a Service: the ops port speaks plain HTTP and
// is in none, and a pod that is not ready is the one to look at.
func podMonitor(in Inputs) *Custom {
	endpoint := map[string]any{
		"port": "ops",
		"path": "/metrics",
		"relabelings": []any{
			map[string]any{"action": "replace", "targetLabel": realmLabel, "replacement": in.Realm.Name},
		},
	}
	if interval := in.Realm.Spec.Monitoring.PodMonitor.Interval; interval != nil {
		endpoint["interval"] = fmt.Sprintf("%dms", interval.Milliseconds()) // Prometheus knows no fractions
	}
	return custom(in.Realm, podMonitorKind, NamesOf(in.Realm).Server(), map[string]any{
		"selector":            map[string]any{"matchLabels": selector(in.Realm, server)},
		"podMetricsEndpoints": []any{endpoint},
	})
}

//go:embed alerts.yaml
var alerts string

// prometheusRule is the realm's alerts.
func prometheusRule(in Inputs) (*Custom, error) {
	var groups []any
	if err := yaml.Unmarshal([]byte(ofRealm(in.Realm, alerts)), &groups); err != nil {
		return nil, fmt.Errorf("read alerts: %w", err)
	}
	return custom(in.Realm, prometheusRuleKind, NamesOf(in.Realm).Server(), map[string]any{"groups": groups}), nil
}

//go:embed dashboard.json
var dashboard string

// dashboardConfigMap is a dashboard where Grafana's sidecar finds it.
func dashboardConfigMap(in Inputs) (*corev1ac.ConfigMapApplyConfiguration, error) {
	document := ofRealm(in.Realm, dashboard)
	if !json.Valid([]byte(document)) {
		return nil, fmt.Errorf("read dashboard: it is not JSON")
	}
	name := NamesOf(in.Realm).Dashboard()
	return corev1ac.ConfigMap(name, in.Realm.Namespace).
		WithLabels(labels(in.Realm, server)).
		WithLabels(selectedLabels(in.Realm)).
		WithLabels(map[string]string{"grafana_dashboard": "1"}).
		WithOwnerReferences(owner(in.Realm)).
		WithData(map[string]string{fmt.Sprintf("%s-%s.json", in.Realm.Namespace, in.Realm.Name): document}), nil
}

// ofRealm fills a realm's namespace and name into alerts and dashboard. Neither
// holds a character that would have to be quoted.
func ofRealm(realm *v1alpha1.AuthRealm, text string) string {
	return strings.NewReplacer("@namespace", realm.Namespace, "@realm", realm.Name).Replace(text)
}

// selectedLabels are the labels that the spec gives to everything of monitoring.
func selectedLabels(realm *v1alpha1.AuthRealm) map[string]string {
	return plainLabels(realm.Spec.Monitoring.Labels)
}

func plainLabels(labels map[string]v1alpha1.LabelValue) map[string]string {
	out := map[string]string{}
	for name, value := range labels {
		out[name] = string(value)
	}
	return out
}
