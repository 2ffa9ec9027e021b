// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/test/peers/orders"
)

// The program of docs/apps/go-api.md is package orders, and lets in whom it says.
func TestTheGoAPI(t *testing.T) {
	t.Parallel()
	source, err := os.ReadFile("orders/orders.go")
	if err != nil {
		t.Fatal(err)
	}
	if _, program, _ := strings.Cut(string(source), "\npackage orders"); documented(t, "go-api.md", "go", "package orders", nil) != "package orders"+program {
		t.Fatal("orders/orders.go is not what docs/apps/go-api.md has")
	}

	reports := newClient(t, actsForItself("shop.reports", "orders:read"))
	writer := newClient(t, actsForItself("shop.writer", "orders:write"))
	itself := newClient(t, func(c *client) { c.ID, c.IDTokenSigningAlg = "shop.orders", realmconfig.ES256 })
	elsewhere := newClient(t, actsForItself("shop.elsewhere", "orders:read"), func(c *client) { c.Audiences = nil })
	r := newRealm(t, reports, writer, itself, elsewhere)
	ctx := oidc.ClientContext(t.Context(), r.server.NewClient(true))
	verifier, err := orders.NewVerifier(ctx, r.Config.Issuer)
	if err != nil {
		t.Fatal(err)
	}
	api := httptest.NewServer(orders.Needs("orders:read", verifier, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})))
	t.Cleanup(api.Close)
	r.serveGoOIDC(itself, "ES256")
	v := r.newVisitor()
	v.open(itself.origin + "/signin")
	v.signsIn()
	v.open(itself.origin + "/id-token")
	of := func(c client) string {
		t.Helper()
		config := clientcredentials.Config{
			ClientID: c.ID, ClientSecret: c.secret, TokenURL: r.Config.Issuer + "/oauth2/token",
		}
		token, err := config.Token(ctx)
		if err != nil {
			t.Fatalf("%s is given no token: %v", c.ID, err)
		}
		return token.AccessToken
	}
	for name, c := range map[string]struct {
		token  string
		status int
	}{
		"a client with the scope":      {of(reports), http.StatusOK},
		"an ID token of the API's own": {v.body, http.StatusUnauthorized},
		"a client with another scope":  {of(writer), http.StatusForbidden},
		"a client of another API":      {of(elsewhere), http.StatusUnauthorized},
		"somebody signed in elsewhere": {r.admin.Tokens.Access, http.StatusUnauthorized},
		"nobody":                       {"", http.StatusUnauthorized},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, api.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		if c.token != "" {
			request.Header.Set("Authorization", "Bearer "+c.token)
		}
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		if response.StatusCode != c.status {
			t.Errorf("%s is answered %d", name, response.StatusCode)
		}
	}
}
