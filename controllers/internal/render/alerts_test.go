// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"

	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
)

// Prometheus itself says here which alerts fire on which series, written as its
// promtool wants them: "1+2x90" is 1, 3, 5 and so on for 90 minutes.

// own is a series of the realm's pods, or of the operator about the realm where
// Prometheus honors labels.
func own(metric, labels string) string {
	return fmt.Sprintf(`%s{namespace="identity",realm="staff",%s}`, metric, labels)
}

// told is a series of the operator about the realm where Prometheus keeps the
// label namespace for the operator's own.
func told(metric, labels string) string {
	return fmt.Sprintf(`%s{namespace="realmkeeper-system",exported_namespace="identity",realm="staff",%s}`, metric, labels)
}

// well are the series of a realm that lacks nothing.
func well() map[string]string {
	return map[string]string{
		own("up", `pod="staff-0"`):                                                   "1x90",
		own("up", `pod="staff-1"`):                                                   "1x90",
		own("realmkeeper_http_requests_total", `status="200"`):                       "0+600x90",
		own("realmkeeper_http_requests_total", `status="503"`):                       "0+6x90",
		own("realmkeeper_realm_condition", `type="DatabaseReady"`):                   "1x90",
		own("realmkeeper_realm_condition", `type="ConfigPropagated"`):                "1x90",
		own("realmkeeper_realm_condition", `type="Exposed"`):                         "0x90",
		own("realmkeeper_realm_signing_keys", `state="Active"`):                      "1x90",
		own("realmkeeper_realm_signing_keys", `state="Pending"`):                     "0x90",
		own("realmkeeper_realm_certificate_expiry_timestamp_seconds", `pod="o"`):     "2592000x90", // 30 days after the first sample
		own("realmkeeper_password_queue_wait_seconds", `pod="staff-0"`):              "0.2x90",
		own("realmkeeper_cache_away", `pod="staff-0"`):                               "0x90",
		own("realmkeeper_messages_oldest_seconds", `pod="staff-0"`):                  "3x90",
		own("realmkeeper_client_logouts_oldest_seconds", `pod="staff-0"`):            "0x90",
		own("realmkeeper_requirement_held", `pod="staff-0",requirement="factors"`):   "0x90",
		own("realmkeeper_requirement_held", `pod="staff-1",requirement="factors"`):   "0x90",
		own("realmkeeper_requirement_held", `pod="staff-0",requirement="passwords"`): "0x90",
	}
}

func TestAlertsFireWhenTheyShould(t *testing.T) {
	t.Parallel()
	type series = map[string]string
	cases := map[string]struct {
		series series // in place of those of a realm that lacks nothing, or beside them
		fires  string // the one alert, or none
	}{
		"a realm that lacks nothing": {nil, ""},
		"another realm is down":      {series{`up{namespace="identity",realm="shop"}`: "0x90"}, ""},
		"one pod of two is down":     {series{own("up", `pod="staff-0"`): "0x90"}, ""},
		"every pod is down":          {series{own("up", `pod="staff-0"`): "0x90", own("up", `pod="staff-1"`): "0x90"}, "RealmDown"},
		"no pod is scraped":          {series{own("up", `pod="staff-0"`): "_x90", own("up", `pod="staff-1"`): "_x90"}, "RealmDown"},
		"every pod is down for a minute": {series{
			own("up", `pod="staff-0"`): "1x88 0x1", own("up", `pod="staff-1"`): "1x88 0x1"}, ""},
		"one request in ten is refused":       {series{own("realmkeeper_http_requests_total", `status="503"`): "0+60x90"}, "RealmUnavailable"},
		"nothing was ever refused":            {series{own("realmkeeper_http_requests_total", `status="503"`): "_x90"}, ""},
		"no database":                         {series{own("realmkeeper_realm_condition", `type="DatabaseReady"`): "0x90"}, "RealmDatabaseAway"},
		"no database, as told":                {series{told("realmkeeper_realm_condition", `type="DatabaseReady"`): "0x90"}, "RealmDatabaseAway"},
		"no key signs":                        {series{own("realmkeeper_realm_signing_keys", `state="Active"`): "0x90"}, "RealmDoesNotSign"},
		"no key signs, as told":               {series{told("realmkeeper_realm_signing_keys", `state="Active"`): "0x90"}, "RealmDoesNotSign"},
		"a certificate of three days":         {series{own("realmkeeper_realm_certificate_expiry_timestamp_seconds", `pod="o"`): "259200x90"}, "RealmCertificateExpires"},
		"a pod lags for an hour":              {series{own("realmkeeper_realm_condition", `type="ConfigPropagated"`): "1x20 0x69"}, "RealmSettingsNotTakenUp"},
		"a pod lagged for an hour":            {series{own("realmkeeper_realm_condition", `type="ConfigPropagated"`): "1x20 0x60 1x8"}, ""},
		"logins wait":                         {series{own("realmkeeper_password_queue_wait_seconds", `pod="staff-1"`): "2.5x90"}, "RealmPasswordsQueue"},
		"one pod has no cache":                {series{own("realmkeeper_cache_away", `pod="staff-1"`): "1x90"}, "RealmCacheAway"},
		"a mail waits":                        {series{own("realmkeeper_messages_oldest_seconds", `pod="staff-0"`): "0+60x90"}, "RealmMessagesWait"},
		"a client is not told":                {series{own("realmkeeper_client_logouts_oldest_seconds", `pod="staff-0"`): "0+60x90"}, "RealmClientLogoutsWait"},
		"a requirement is held":               {series{own("realmkeeper_requirement_held", `pod="staff-1",requirement="factors"`): "0x80 1x9"}, "RealmRequirementHeld"},
		"a requirement was held for a moment": {series{own("realmkeeper_requirement_held", `pod="staff-1",requirement="factors"`): "0x80 1x3 0x5"}, ""},
	}
	fired := map[string]bool{}
	for name, c := range cases {
		fired[c.fires] = true
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			writeRules(t, dir)
			input := well()
			maps.Copy(input, c.series)
			writeJSON(t, filepath.Join(dir, "test.json"), map[string]any{
				"rule_files": []string{"alerts.json"}, "evaluation_interval": "1m", "tests": []any{promtoolTest(input, c.fires)},
			})
			promtool(t, dir, "test", "rules", "test.json")
		})
	}
	for _, rule := range alertRules(t) {
		if !fired[rule.Alert] {
			t.Errorf("no case lets %s fire", rule.Alert)
		}
	}
}

// promtoolTest says which alert is the only one that fires after an hour and a half.
func promtoolTest(input map[string]string, fires string) map[string]any {
	var inputs, firing []any
	for _, series := range slices.Sorted(maps.Keys(input)) {
		inputs = append(inputs, map[string]any{"series": series, "values": input[series]})
	}
	if fires != "" {
		firing = append(firing, map[string]any{"labels": fmt.Sprintf("{alertname=%q,realm=%q}", fires, "staff"), "value": 1})
	}
	return map[string]any{
		"interval": "1m", "input_series": inputs,
		"promql_expr_test": []any{map[string]any{
			"expr": `sum by (alertname, realm) (ALERTS{alertstate="firing"})`, "eval_time": "90m", "exp_samples": firing,
		}},
	}
}

func TestPrometheusReadsAlertsAndDashboard(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	writeRules(t, dir)
	promtool(t, dir, "check", "rules", "alerts.json")

	var rules []any
	for i, query := range dashboardQueries(t) {
		rules = append(rules, map[string]any{"record": fmt.Sprintf("dashboard:query:%d", i), "expr": query})
	}
	if len(rules) < 10 {
		t.Errorf("the dashboard asks %d queries", len(rules))
	}
	writeJSON(t, filepath.Join(dir, "dashboard.json"), map[string]any{"groups": []any{map[string]any{"name": "dashboard", "rules": rules}}})
	promtool(t, dir, "check", "rules", "dashboard.json")
}

// writeRules writes the realm's alerts as Prometheus reads them, to alerts.json.
func writeRules(t *testing.T, dir string) {
	t.Helper()
	for _, o := range objectsOf(t) {
		if rule, custom := o.(*render.Custom); custom && *rule.GetKind() == "PrometheusRule" {
			writeJSON(t, filepath.Join(dir, "alerts.json"), rule.Content.Object["spec"])
			return
		}
	}
	t.Fatal("no PrometheusRule is rendered")
}

// dashboardQueries are what the realm's dashboard asks Prometheus.
func dashboardQueries(t *testing.T) []string {
	t.Helper()
	var queries []string
	for _, o := range objectsOf(t) {
		config, ok := o.(*corev1ac.ConfigMapApplyConfiguration)
		if !ok || config.Labels["grafana_dashboard"] == "" {
			continue
		}
		for _, document := range config.Data {
			var dashboard struct {
				Panels []struct{ Targets []struct{ Expr string } }
			}
			if err := json.Unmarshal([]byte(document), &dashboard); err != nil {
				t.Fatal(err)
			}
			for _, panel := range dashboard.Panels {
				for _, target := range panel.Targets {
					queries = append(queries, target.Expr)
				}
			}
		}
	}
	return queries
}

// objectsOf are those of a realm that asks for everything.
func objectsOf(t *testing.T) []render.Object {
	t.Helper()
	objects, err := render.Objects(inputsOf(t, "wired"))
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// writeJSON writes what is YAML to Prometheus, too.
func writeJSON(t *testing.T, file string, content any) {
	t.Helper()
	document, err := json.MarshalIndent(content, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, document, 0o600); err != nil {
		t.Fatal(err)
	}
}

// promtool is Debian's, of the package prometheus, which `make deps` installs.
func promtool(t *testing.T, dir string, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "promtool", args...)
	command.Dir = dir
	if out, err := command.CombinedOutput(); err != nil {
		t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
