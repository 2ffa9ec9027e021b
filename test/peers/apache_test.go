// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// upstream is an application that knows nothing of OpenID, and remembers the headers of
// the last request that came through.
type upstream struct {
	*httptest.Server
	mu   sync.Mutex
	last http.Header
}

func newUpstream(t *testing.T) *upstream {
	t.Helper()
	u := &upstream{}
	u.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		u.mu.Lock()
		defer u.mu.Unlock()
		u.last = r.Header
	}))
	t.Cleanup(u.Close)
	return u
}

// forget lets told be nil until the next request.
func (u *upstream) forget() {
	u.mu.Lock()
	defer u.mu.Unlock()
	u.last = nil
}

// told are the headers that came through last.
func (u *upstream) told() http.Header {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.last
}

// The module of Apache's HTTP server, as docs/apps/apache.md sets it up.
func TestApache(t *testing.T) {
	t.Parallel()
	c := newClient(t, at("/oidc/callback"))
	r := newRealm(t, c)
	app := newUpstream(t)
	site := documented(t, "apache.md", "apache", "OIDCClientID", map[string]string{
		"https://login.example.com": r.Config.Issuer,
		"https://shop.example.com":  c.origin,
		"shop.proxy":                c.ID,
		"${CLIENT_SECRET}":          c.secret,
		"${CRYPTO_PASSPHRASE}":      "of a server that lives as long as a test",
		"/etc/staff-ca/ca.crt":      "ca.crt",
		"http://shop.shop.svc:8080": app.URL,
	})
	testenv.StartProgram(t, testenv.Program{
		Argv: []string{"apache2", "-d", ".", "-f", "httpd.conf", "-D", "FOREGROUND"}, Address: c.address(),
		Files: map[string]string{"ca.crt": r.authority(), "site.conf": site, "httpd.conf": `
ServerName localhost
Listen ` + c.address() + `
PidFile httpd.pid
ErrorLog /dev/stderr
Mutex file:.
LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
LoadModule authn_core_module /usr/lib/apache2/modules/mod_authn_core.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule authz_user_module /usr/lib/apache2/modules/mod_authz_user.so
LoadModule proxy_module /usr/lib/apache2/modules/mod_proxy.so
LoadModule proxy_http_module /usr/lib/apache2/modules/mod_proxy_http.so
LoadModule auth_openidc_module /usr/lib/apache2/modules/mod_auth_openidc.so
Include site.conf
`},
	})

	v := r.newVisitor()
	v.open(c.origin + "/orders?page=2")
	v.signsIn()
	v.isAt(c.origin+"/orders", http.StatusOK)
	if got := app.told(); v.at.RawQuery != "page=2" || got.Get("OIDC_CLAIM_sub") != r.ann || got.Get("OIDC_CLAIM_email") != userEmail || got.Get("OIDC_CLAIM_groups") != "platform,shop" {
		t.Errorf("at %s, the application is told %v", v.at, got)
	}
	v.open(c.origin + "/admin/")
	v.isAt(c.origin+"/admin/", http.StatusOK)

	r.leave("platform")
	before := app.told().Get("OIDC_access_token")
	v.open(c.origin + "/oidc/callback?refresh=" + c.origin + "/orders&access_token=" + before)
	v.isAt(c.origin+"/orders", http.StatusOK)
	if got := app.told(); got.Get("OIDC_access_token") == before || strings.Contains(got.Get("OIDC_CLAIM_groups"), "platform") {
		t.Errorf("after a refresh, the application is told %v", got)
	}
	v.open(c.origin + "/admin/")
	if v.status == http.StatusOK {
		t.Error("who is in the group no more is let through")
	}

	v.open(c.origin + "/oidc/callback?logout=" + c.origin + "/")
	v.isAt(r.Config.Issuer+"/signin", http.StatusOK) // the application's first page needs somebody again
}
