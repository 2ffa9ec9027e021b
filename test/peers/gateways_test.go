// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"context"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

const (
	// gatedHost is that of an application behind a gateway, as docs/gateways.md has it.
	gatedHost = "app.example.com"
	gatedURL  = "https://" + gatedHost
	gateways  = "../gateways.md"
)

// behind lets a client be the application behind a gateway.
func behind(c *client) {
	c.ID, c.Type, c.TokenEndpointAuthMethod, c.Secrets = "shop.reports", realmconfig.PublicClient, realmconfig.NoAuthMethod, nil
	c.RedirectURIs, c.PostLogoutRedirectURIs = []string{gatedURL + "/_realm/callback"}, nil
	c.Scopes = []string{"openid", "email", "groups"}
	c.ProtectedResource = &realmconfig.ProtectedResource{Resource: gatedURL + "/mcp", Scopes: []string{"reports:read"}}
}

// gate is a gateway of other people's in front of an application that knows nothing of
// sign-in.
type gate struct {
	address string
	app     *upstream
	// certificate and key are those of the application's host, authority is what the gateway
	// trusts for the realm.
	certificate, key, authority string
}

func newGate(t *testing.T, authority string) *gate {
	t.Helper()
	port, err := testenv.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	g := &gate{address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), app: newUpstream(t), authority: authority}
	if g.certificate, g.key, err = realmfolder.NewCertificate(time.Now().Add(time.Hour), gatedHost); err != nil {
		t.Fatal(err)
	}
	return g
}

// address is where a realm listens.
func (r *realm) address() string { return strings.TrimPrefix(r.Config.Issuer, "https://") }

// gatesOf are the gateways that the document has files for.
func gatesOf() map[string]func(t *testing.T, g *gate, realm string) {
	files := func(g *gate) map[string]string {
		return map[string]string{"ca.crt": g.authority, "app.crt": g.certificate, "app.key": g.key, "app.pem": g.certificate + g.key}
	}
	return map[string]func(t *testing.T, g *gate, realm string){
		"nginx": func(t *testing.T, g *gate, realm string) {
			testenv.StartNginx(t, g.address, documented(t, gateways, "nginx", "auth_request_set", map[string]string{
				"listen 443 ssl;":         "listen " + g.address + " ssl;",
				"auth.example.com:443":    realm,
				"app.internal:8080":       g.app.Listener.Addr().String(),
				"/etc/realmkeeper/ca.crt": "ca.crt",
				"/etc/nginx/app.":         "app.",
			}), files(g))
		},
		"Caddy": func(t *testing.T, g *gate, realm string) {
			_, port, _ := net.SplitHostPort(g.address)
			testenv.StartCaddy(t, g.address, documented(t, gateways, "caddyfile", "forward_auth", map[string]string{
				"app.example.com {":        gatedURL + ":" + port + " {\n\ttls app.crt app.key\n",
				"https://auth.example.com": "https://" + realm,
				"app.internal:8080":        g.app.Listener.Addr().String(),
				"/etc/realmkeeper/ca.crt":  "ca.crt",
			}), files(g))
		},
		"HAProxy": func(t *testing.T, g *gate, realm string) {
			all := files(g)
			all["realm.lua"] = documented(t, gateways, "lua", "forward_auth", nil)
			testenv.StartHAProxy(t, g.address, documented(t, gateways, "haproxy", "lua.forward_auth", map[string]string{
				"bind :443 ssl":            "bind " + g.address + " ssl",
				"https://auth.example.com": "https://" + realm,
				"auth.example.com:443":     realm,
				"app.internal:8080":        g.app.Listener.Addr().String(),
				"/etc/realmkeeper/ca.crt":  "ca.crt",
				"/etc/haproxy/":            "",
			}), all)
		},
	}
}

// newGatedVisitor reaches the application through the gateway.
func (r *realm) newGatedVisitor(g *gate) *visitor {
	r.t.Helper()
	v := r.newVisitor()
	transport := v.http.Transport.(*http.Transport)
	transport.TLSClientConfig.RootCAs.AppendCertsFromPEM([]byte(g.certificate))
	transport.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if address == gatedHost+":443" {
			address = g.address
		}
		return (&net.Dialer{}).DialContext(ctx, network, address)
	}
	return v
}

// sends is a request of a visitor's as it stands, which follows nothing. It returns what the
// application was told, nil for a request that has not come through.
func (v *visitor) sends(g *gate, method, path string, headers ...string) (*http.Response, http.Header) {
	v.t.Helper()
	r, err := http.NewRequestWithContext(v.t.Context(), method, gatedURL+path, nil)
	if err != nil {
		v.t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header[headers[i]] = append(r.Header[headers[i]], headers[i+1])
	}
	g.app.forget()
	follows := *v.http
	follows.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	response, err := follows.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	_ = response.Body.Close()
	return response, g.app.told()
}

// nginx, Caddy and HAProxy, as docs/gateways.md sets them up, sign people in for an
// application that has no code for it.
func TestGatewaysSignPeopleIn(t *testing.T) {
	t.Parallel()
	for name, start := range gatesOf() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			reader, writer := newProgram(t, "reports:read"), newProgram(t, "reports:write")
			r := newRealm(t, newClient(t, behind), reader, writer)
			g := newGate(t, r.authority())
			start(t, g, r.address())
			g.letsProgramsIn(r, reader, writer)
			v := r.newGatedVisitor(g)
			v.open(gatedURL + "/orders?page=2&next=%2Fx")
			v.signsIn()
			v.isAt(gatedURL+"/orders", http.StatusOK)
			if v.at.RawQuery != "page=2&next=%2Fx" {
				t.Errorf("has come back to %s", v.at)
			}
			g.tells(v, map[string]string{
				"X-Auth-User-Id": r.ann, "X-Auth-Email": userEmail, "X-Auth-Email-Verified": "true", "X-Auth-Role": "user",
				"X-Auth-Groups": "platform,shop", "X-Auth-Client-Id": "shop.reports",
			})
			g.refusesStrangers(r.newGatedVisitor(g))
			g.keepsTo(v)

			long := gatedURL + "/" + strings.Repeat("%20", 450)
			other := r.newGatedVisitor(g)
			other.open(long)
			other.signsIn()
			if other.at.String() != long || other.status != http.StatusOK {
				t.Errorf("has come back to %s with %d", other.at, other.status)
			}

			out, err := http.NewRequestWithContext(t.Context(), http.MethodGet, gatedURL+"/_realm/signout", nil)
			if err != nil {
				t.Fatal(err)
			}
			out.Header.Set("Sec-Fetch-Site", "same-origin")
			v.send(out)
			v.isAt(r.Config.Issuer+"/signed-out", http.StatusOK)
			v.open(gatedURL + "/orders")
			v.isAt(r.Config.Issuer+"/signin", http.StatusOK)
		})
	}
}

// tells fails the test unless the application is told this of a visitor, whatever they claim
// in headers of each name. Some applications cannot tell an underscore from a dash, nor an
// empty header from none.
func (g *gate) tells(v *visitor, want map[string]string) {
	v.t.Helper()
	forged := []string{}
	for header := range want {
		forged = append(forged, header, "root", strings.ToLower(header), "root", strings.ReplaceAll(header, "-", "_"), "root")
	}
	for _, forged := range [][]string{nil, forged} {
		response, told := v.sends(g, http.MethodPost, "/orders", forged...)
		if response.StatusCode != http.StatusOK || told == nil {
			v.t.Fatalf("is answered %d", response.StatusCode)
		}
		got := map[string][]string{}
		for header, values := range told {
			header = http.CanonicalHeaderKey(strings.ReplaceAll(header, "_", "-"))
			got[header] = append(got[header], values...)
		}
		for header, value := range want {
			if all := strings.Join(got[header], ", "); all != value {
				v.t.Errorf("%s is told as %q, want %q", header, all, value)
			}
		}
	}
}

// refusesStrangers tries what somebody may without a session.
func (g *gate) refusesStrangers(v *visitor) {
	v.t.Helper()
	for what, c := range map[string]struct {
		method  string
		headers []string
		status  int
	}{
		"a script":                        {"GET", []string{"Accept", "*/*"}, 401},
		"a form":                          {"POST", []string{"Accept", "text/html"}, 401},
		"a page":                          {"GET", []string{"Accept", "text/html"}, 302},
		"a bad token":                     {"GET", []string{"Authorization", "Bearer x"}, 401},
		"a cookie of their own":           {"GET", []string{"Cookie", "__Host-rk-app=AQEx"}, 401},
		"a form that calls itself a page": {"POST", []string{"Accept", "text/html", "X-Forwarded-Method", "GET"}, 401},
		"who they are":                    {"GET", []string{"X-Auth-User-Id", "root"}, 401},
		"another host":                    {"GET", []string{"Accept", "text/html", "X-Forwarded-Host", "evil.example"}, 302},
		"another address":                 {"GET", []string{"Accept", "text/html", "X-Forwarded-Uri", "/other"}, 302},
	} {
		response, told := v.sends(g, c.method, "/orders?client=shop.app&role=user", c.headers...)
		location := ""
		if c.status == http.StatusFound {
			location = gatedURL + "/_realm/signin?to=%2Forders%3Fclient%3Dshop.app%26role%3Duser"
		}
		if response.StatusCode != c.status || response.Header.Get("Location") != location || told != nil {
			v.t.Errorf("%s is answered %d %s, and has come through: %t", what, response.StatusCode, response.Header.Get("Location"), told != nil)
		}
	}
}

// keepsTo tries the part of the application that is for others.
func (g *gate) keepsTo(v *visitor) {
	v.t.Helper()
	for _, path := range []string{"/admin/users", "/admin/users?role=user", "/orders/../admin/users", "/%61dmin/users", "/_realm/../admin/users", "//admin/users", "/./admin/users"} {
		if response, told := v.sends(g, http.MethodGet, path, "Accept", "text/html"); response.StatusCode == http.StatusOK && told != nil {
			v.t.Errorf("%s has come through", path)
		}
	}
	if response, _ := v.sends(g, http.MethodGet, "/admin/users", "Accept", "text/html"); response.StatusCode != http.StatusForbidden {
		v.t.Errorf("the admins' part is answered %d", response.StatusCode)
	}
}

// A gateway that cannot know lets nobody in.
func TestGatewaysLetNobodyInOnTheWordOfAnother(t *testing.T) {
	t.Parallel()
	foreign, _, err := realmfolder.NewCertificate(time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	for name, start := range gatesOf() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealm(t, newClient(t, behind))
			g := newGate(t, foreign)
			start(t, g, r.address())
			response, told := r.newGatedVisitor(g).sends(g, http.MethodGet, "/orders", "Accept", "text/html")
			if want := map[string]int{"nginx": 500, "Caddy": 502, "HAProxy": 503}[name]; response.StatusCode != want || told != nil {
				t.Errorf("is answered %d, and has come through: %t", response.StatusCode, told != nil)
			}
		})
	}
}
