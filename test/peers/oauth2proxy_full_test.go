// SPDX-License-Identifier: Apache-2.0

//go:build full

package peers

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// oauth2-proxy, as docs/apps/oauth2-proxy.md sets it up, but for TLS in front of it, and
// refreshing sooner. It is slow to build.
func TestOAuth2Proxy(t *testing.T) {
	t.Parallel()
	c := newClient(t, at("/oauth2/callback"))
	r := newRealm(t, c)
	app := newUpstream(t)
	values := struct {
		Config struct{ ConfigFile string }
	}{}
	err := yaml.Unmarshal([]byte(documented(t, "oauth2-proxy.md", "yaml", "configFile", map[string]string{
		"login.example.com":             strings.TrimPrefix(r.Config.Issuer, "https://"),
		"https://shop.example.com":      c.origin,
		"shop.proxy":                    c.ID,
		"/etc/proxy-oidc/client-secret": "client-secret",
		"http://shop.shop.svc:8080":     app.URL,
		`cookie_refresh = "55m"`:        `cookie_refresh = "1s"`,
	})), &values)
	if err != nil {
		t.Fatal(err)
	}
	p := r.program(c, "oauth2-proxy", "--config=oauth2-proxy.cfg", "--http-address="+c.address(), "--cookie-secure=false", "--provider-ca-file=ca.crt")
	p.Files["oauth2-proxy.cfg"], p.Files["client-secret"] = values.Config.ConfigFile, c.secret
	p.Environment = append(p.Environment, "OAUTH2_PROXY_COOKIE_SECRET="+rand.Text()+rand.Text()[:6])
	testenv.ServeGo(t, "oauth2-proxy.sh", p)

	v := r.newVisitor()
	v.open(c.origin + "/orders?page=2")
	v.signsIn()
	v.isAt(c.origin+"/orders", http.StatusOK)
	if got := app.told(); v.at.RawQuery != "page=2" || got.Get("X-Forwarded-User") != r.ann || got.Get("X-Forwarded-Email") != userEmail || got.Get("X-Forwarded-Groups") != "platform,shop" {
		t.Errorf("at %s, the application is told %v", v.at, got)
	}

	r.join("support")
	r.leave("platform")
	eventually.Holds(t, "a refresh has brought the new groups", func() bool {
		v.open(c.origin + "/")
		v.isAt(c.origin+"/", http.StatusOK)
		return app.told().Get("X-Forwarded-Groups") == "shop,support"
	})

	leave := r.Config.Issuer + "/oauth2/end-session?id_token_hint={id_token}&post_logout_redirect_uri=" + c.origin + "/"
	v.open(c.origin + "/oauth2/sign_out?rd=" + url.QueryEscape(leave))
	v.isAt(r.Config.Issuer+"/signin", http.StatusOK) // the application's first page needs somebody again
}
