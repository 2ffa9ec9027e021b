// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
	"github.com/realmkeeper/realmkeeper/test/peers/orders"
)

// actsForItself lets a client have tokens of a scope for the API of shop.orders.
func actsForItself(id, scope string) func(*client) {
	return func(c *client) {
		c.ID, c.GrantTypes = id, []realmconfig.GrantType{realmconfig.ClientCredentialsGrant}
		c.RedirectURIs, c.PostLogoutRedirectURIs = nil, nil
		c.Scopes, c.Audiences = []string{scope}, []string{"shop.orders"}
	}
}

// Prometheus asks for tokens of its own, as docs/apps/prometheus.md sets it up, and shows
// them to the API of docs/apps/go-api.md.
func TestPrometheus(t *testing.T) {
	t.Parallel()
	allowed := newClient(t, actsForItself("monitoring.prometheus", "metrics:read"))
	other := newClient(t, actsForItself("monitoring.other", "orders:read"))
	r := newRealm(t, newClient(t, func(c *client) { c.ID = "shop.orders" }), allowed, other)
	verifier, err := orders.NewVerifier(oidc.ClientContext(t.Context(), r.server.NewClient(true)), r.Config.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(orders.Needs("metrics:read", verifier, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintln(w, "orders_total 7")
	})))
	t.Cleanup(api.Close)

	if health, complaint := r.scrapes(allowed, api); health != "up" {
		t.Errorf("with the scope, the API is %s: %s", health, complaint)
	}
	if health, complaint := r.scrapes(other, api); health != "down" || !strings.Contains(complaint, "403") {
		t.Errorf("without it, the API is %s: %s", health, complaint)
	}
}

// scrapes runs a Prometheus until the API has answered it, and returns what became of that.
// No answer in the time between two questions says nothing: a busy machine may take longer.
func (r *realm) scrapes(c client, api *httptest.Server) (health, complaint string) {
	r.t.Helper()
	settings := "global: {scrape_interval: 5s}\n" + documented(r.t, "prometheus.md", "yaml", "scrape_configs", map[string]string{
		"https://login.example.com":          r.Config.Issuer,
		"metrics:read":                       c.Scopes[0],
		"monitoring.prometheus":              c.ID,
		"/etc/prometheus-oidc/client-secret": "client-secret",
		"/etc/staff-ca/ca.crt":               "ca.crt",
		"orders.shop.svc:8080":               api.Listener.Addr().String(),
	})
	testenv.StartProgram(r.t, testenv.Program{
		Argv:    []string{"prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data", "--web.listen-address=" + c.address()},
		Address: c.address(), Files: map[string]string{"prometheus.yml": settings, "client-secret": c.secret, "ca.crt": r.authority()},
	})
	eventually.Succeeds(r.t, func(context.Context) error {
		answer := struct {
			Data struct {
				ActiveTargets []struct{ Health, LastError string }
			}
		}{}
		response, err := http.Get("http://" + c.address() + "/api/v1/targets")
		if err != nil {
			return err
		}
		defer func() { _ = response.Body.Close() }()
		if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
			return err
		}
		if len(answer.Data.ActiveTargets) != 1 {
			return fmt.Errorf("Prometheus has %d targets", len(answer.Data.ActiveTargets))
		}
		health, complaint = answer.Data.ActiveTargets[0].Health, answer.Data.ActiveTargets[0].LastError
		if health == "unknown" || strings.Contains(complaint, "deadline exceeded") {
			return fmt.Errorf("the API is %s: %s", health, complaint)
		}
		return nil
	})
	return health, complaint
}
