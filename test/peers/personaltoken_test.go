// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"
	"net/http"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// takesTokens lets people make tokens for the application behind a gateway.
func takesTokens(c *client) { c.PersonalAccessTokens = realmconfig.PersonalAccessTokensAllowed }

// nginx, Caddy and HAProxy, as docs/gateways.md sets them up, let a script through that shows
// a personal access token, and tell the application whose it is.
func TestGatewaysTakePersonalTokens(t *testing.T) {
	t.Parallel()
	for name, start := range gatesOf() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealm(t, newClient(t, behind, takesTokens))
			r.Config.PersonalAccessTokens = &realmconfig.PersonalAccessTokens{MaxLifetime: realmconfig.Duration(24 * time.Hour)}
			r.Update()
			g := newGate(t, r.authority())
			start(t, g, r.address())
			made := struct{ ID, Token string }{}
			eventually.Succeeds(t, func(ctx context.Context) error {
				return r.admin.Call(ctx, http.MethodPost, "/api/user/personal-access-tokens", map[string]any{
					"name": "Nightly backup", "client_id": "shop.reports", "scope": "email", "expires_in": 3600, "password": realmtest.AdminPassword,
				}, &made)
			})
			v := r.newGatedVisitor(g)
			response, told := v.sends(g, http.MethodGet, "/orders", "Authorization", "Bearer "+made.Token)
			if response.StatusCode != http.StatusOK || told.Get("X-Auth-Email") != realmtest.AdminEmail || told.Get("X-Auth-Role") != "admin" || told.Get("X-Auth-Client-Id") != "shop.reports" {
				t.Fatalf("is answered %d, and the application is told %v", response.StatusCode, told)
			}
			if response, told := v.sends(g, http.MethodGet, "/admin/users", "Authorization", "Bearer "+made.Token); response.StatusCode != http.StatusForbidden || told != nil {
				t.Errorf("the part for those who have shown a second factor is answered %d, and has come through: %t", response.StatusCode, told != nil)
			}
			if err := r.admin.Call(t.Context(), http.MethodDelete, "/api/user/personal-access-tokens/"+made.ID, nil, nil); err != nil {
				t.Fatal(err)
			}
			if response, told := v.sends(g, http.MethodGet, "/orders", "Authorization", "Bearer "+made.Token); response.StatusCode != http.StatusUnauthorized || told != nil {
				t.Errorf("a token that has ended is answered %d, and has come through: %t", response.StatusCode, told != nil)
			}
		})
	}
}
