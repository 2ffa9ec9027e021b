// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

func TestMetricsTellWhatStatusSays(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.realm()
	w.ready(2)
	realm := w.read()
	labels := fmt.Sprintf("namespace=%q,realm=%q", w.namespace, realmName)
	eventually.Succeeds(t, func(context.Context) error {
		text := w.scrape()
		for _, line := range []string{
			fmt.Sprintf(`realmkeeper_realm_condition{%s,type="Ready"} 1`, labels),
			fmt.Sprintf(`realmkeeper_realm_pods{%s,state="wanted"} 2`, labels),
			fmt.Sprintf(`realmkeeper_realm_pods{%s,state="ready"} 2`, labels),
			fmt.Sprintf(`realmkeeper_realm_signing_keys{%s,state="Active"} 2`, labels), // one for each algorithm
			fmt.Sprintf(`realmkeeper_realm_signing_keys{%s,state="Retiring"} 0`, labels),
			fmt.Sprintf("realmkeeper_realm_certificate_expiry_timestamp_seconds{%s} %v", labels, float64(realm.Status.CertificateNotAfter.Unix())),
		} {
			if !strings.Contains(text, line+"\n") {
				return fmt.Errorf("no line %s in\n%s", line, text)
			}
		}
		return nil
	})

	if err := w.Delete(t.Context(), realm); err != nil {
		t.Fatal(err)
	}
	eventually.Succeeds(t, func(context.Context) error {
		if text := w.scrape(); strings.Contains(text, labels) {
			return fmt.Errorf("a realm that is gone still says\n%s", text)
		}
		return nil
	})
}

// scrape asks for the operator's metrics as Prometheus does.
func (w *world) scrape() string {
	w.t.Helper()
	answer := httptest.NewRecorder()
	promhttp.HandlerFor(w.metrics, promhttp.HandlerOpts{}).ServeHTTP(answer, httptest.NewRequest("GET", "/metrics", nil))
	return answer.Body.String()
}
