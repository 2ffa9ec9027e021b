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
	text, err := os.ReadFile("alerts.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var groups []struct {
		Rules []struct {
			Alert, Expr string
			Annotations map[string]string
		}
	}
	if err := yaml.Unmarshal(text, &groups); err != nil {
		t.Fatal(err)
	}
	alerts := 0
	for _, group := range groups {
		for _, rule := range group.Rules {
			alerts++
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
	}
	if explained := strings.Count(string(page), "\n### "); explained != alerts {
		t.Errorf("docs/monitoring.md explains %d alerts, of which there are %d", explained, alerts)
	}
}
