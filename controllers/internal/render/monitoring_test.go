// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"
)

func TestEveryAlertIsExplained(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "monitoring.md"))
	if err != nil {
		t.Fatal(err)
	}
	alerts := alertRules(t)
	for _, rule := range alerts {
		if !strings.Contains(string(page), "\n### "+rule.Alert+"\n") {
			t.Errorf("docs/monitoring.md does not explain %s", rule.Alert)
		}
		if want := "/docs/monitoring.md#" + strings.ToLower(rule.Alert); !strings.HasSuffix(rule.Annotations["runbook_url"], want) {
			t.Errorf("%s links to %s", rule.Alert, rule.Annotations["runbook_url"])
		}
		if strings.Count(rule.Expr, "{") == 0 || strings.Count(rule.Expr, "{") != strings.Count(rule.Expr, `realm="@realm"`) {
			t.Errorf("%s is not about its realm alone: %s", rule.Alert, rule.Expr)
		}
	}
	if explained := strings.Count(string(page), "\n### "); explained != len(alerts) {
		t.Errorf("docs/monitoring.md explains %d alerts, of which there are %d", explained, len(alerts))
	}
}

type alertRule struct {
	Alert, Expr string
	Annotations map[string]string
}

// alertRules are the alerts of a realm, before its name is filled in.
func alertRules(t *testing.T) []alertRule {
	t.Helper()
	text, err := os.ReadFile("alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var groups []struct{ Rules []alertRule }
	if err := yaml.Unmarshal(text, &groups); err != nil {
		t.Fatal(err)
	}
	var rules []alertRule
	for _, group := range groups {
		rules = append(rules, group.Rules...)
	}
	if len(rules) == 0 {
		t.Fatal("there are no alerts")
	}
	return rules
}
