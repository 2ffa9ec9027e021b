// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/metrics"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Alerts and dashboard are the operator's; that what they look at exists is seen
// here, on a server that runs. A series with labels is there from its first event
// on, which is made happen aside.
func TestAlertsAndDashboardLookAtWhatServersShow(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	response, err := http.Get("http://" + s.Ops + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	shown := readAll(t, response.Body) + everyEvent(t)

	name := regexp.MustCompile(`(realmkeeper|process)_[a-z_]+`)
	for _, file := range []string{"alerts.yaml", "dashboard.json"} {
		text, err := os.ReadFile(filepath.Join("..", "controllers", "internal", "render", file))
		if err != nil {
			t.Fatal(err)
		}
		asked := slices.Compact(slices.Sorted(slices.Values(name.FindAllString(string(text), -1))))
		if len(asked) < 5 {
			t.Errorf("%s looks at %v alone", file, asked)
		}
		for _, metric := range asked {
			ofOperator := strings.HasPrefix(metric, "realmkeeper_realm_")
			if !ofOperator && !strings.Contains(shown, "\n"+metric) {
				t.Errorf("%s looks at %s, which no server shows", file, metric)
			}
		}
	}
}

// everyEvent is what the metrics of events look like after one of each.
func everyEvent(t *testing.T) string {
	t.Helper()
	m := metrics.New()
	m.Request("POST /api/auth/login", http.StatusOK, time.Second)
	m.Login("success")
	m.Refresh("success")
	m.Provider("google", "success")
	m.Lockout(auth.CounterKind("account"))
	m.Limited("POST /api/auth/login")
	m.Message("email", "code", "delivered")
	m.Requirement(realmconfig.FactorsRequirement, &realmconfig.RequirementReport{})
	recorder := httptest.NewRecorder()
	m.Handler().ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	text, err := io.ReadAll(recorder.Body)
	if err != nil {
		t.Fatal(err)
	}
	return "\n" + string(text)
}
