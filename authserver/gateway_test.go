// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// gateway is a program of other people's in front of an application, set up as
// docs/forward-auth.md says.
type gateway struct {
	t       *testing.T
	address string
	app     *application
}

// application remembers the last request that came through.
type application struct {
	*httptest.Server
	mu   sync.Mutex
	last *http.Request
}

func newApplication(t *testing.T) *application {
	t.Helper()
	a := &application{}
	a.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		defer a.mu.Unlock()
		a.last = r
	}))
	t.Cleanup(a.Close)
	return a
}

// visited is the request that came through since the last look, nil for none.
func (a *application) visited() *http.Request {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.last
	a.last = nil
	return r
}

// documented is the only block of a language in the document, with the names
// that stand in it for those of the reader replaced. Each must be there.
func documented(t *testing.T, language string, replace map[string]string) string {
	t.Helper()
	page, err := os.ReadFile("../docs/forward-auth.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(page), "```"+language+"\n")
	if len(blocks) != 2 {
		t.Fatalf("there are %d blocks of %s", len(blocks)-1, language)
	}
	block, _, _ := strings.Cut(blocks[1], "```")
	for from, to := range replace {
		if !strings.Contains(block, from) {
			t.Fatalf("%q is not in the block of %s", from, language)
		}
		block = strings.ReplaceAll(block, from, to)
	}
	return block
}

// authority is a file with the certificate to trust, as anybody may read it.
func (r *realm) authority() string {
	r.t.Helper()
	certificate, err := os.ReadFile(filepath.Join(r.Dir, realmconfig.CertificateFile))
	if err != nil {
		r.t.Fatal(err)
	}
	return authorityFile(r.t, certificate)
}

func authorityFile(t *testing.T, certificate []byte) string {
	t.Helper()
	folder, err := os.MkdirTemp("", "realmkeeper-authority-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	file := filepath.Join(folder, "ca.crt")
	if err := os.WriteFile(file, certificate, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	return file
}

// gateways are those that the document tells of.
func gateways() map[string]func(t *testing.T, realm, authority string) *gateway {
	start := func(run func(t *testing.T, g *gateway, realm, authority string)) func(*testing.T, string, string) *gateway {
		return func(t *testing.T, realm, authority string) *gateway {
			t.Helper()
			port, err := testenv.FreePort()
			if err != nil {
				t.Fatal(err)
			}
			g := &gateway{t, net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), newApplication(t)}
			run(t, g, realm, authority)
			return g
		}
	}
	return map[string]func(*testing.T, string, string) *gateway{
		"nginx": start(func(t *testing.T, g *gateway, realm, authority string) {
			testenv.StartNginx(t, g.address, documented(t, "nginx", map[string]string{
				"listen 80;":              "listen " + g.address + ";",
				"auth.example.com:443":    realm,
				"app.internal:8080":       g.app.Listener.Addr().String(),
				"/etc/realmkeeper/ca.crt": authority,
			}), nil)
		}),
		"Caddy": start(func(t *testing.T, g *gateway, realm, authority string) {
			testenv.StartCaddy(t, g.address, documented(t, "caddyfile", map[string]string{
				"app.example.com {":        "http://" + g.address + " {",
				"https://auth.example.com": "https://" + realm,
				"app.internal:8080":        g.app.Listener.Addr().String(),
				"/etc/realmkeeper/ca.crt":  authority,
			}), nil)
		}),
	}
}

// ask sends a request with a token and headers, in pairs, and returns the answer
// and what the application got of it.
func (g *gateway) ask(method, path, access string, headers ...string) (*http.Response, *http.Request) {
	g.t.Helper()
	r, err := http.NewRequestWithContext(g.t.Context(), method, "http://"+g.address+path, nil)
	if err != nil {
		g.t.Fatal(err)
	}
	if access != "" {
		r.Header.Set("Authorization", "Bearer "+access)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header[headers[i]] = []string{headers[i+1]}
	}
	response, err := (&http.Client{Timeout: realmtest.Patience}).Do(r)
	if err != nil {
		g.t.Fatal(err)
	}
	_ = response.Body.Close()
	return response, g.app.visited()
}

func TestGatewaysAsDocumented(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	admin := s.login().Access
	ann := s.createUser(admin, "ann@example.com", "")
	access := s.tokensOf(s.tryLogin("ann@example.com", strangerPassword)).Access
	bob := s.createUser(admin, "bob@example.com", "")
	r.Exec("UPDATE users SET email_verified_at = NULL WHERE id = $1", bob.ID)
	unproved := s.tokensOf(s.tryLogin("bob@example.com", strangerPassword)).Access
	for name, start := range gateways() {
		t.Run(name, func(t *testing.T) {
			g := start(t, s.API, r.authority())
			cases := map[string]struct {
				method, path, access string
				status               int
			}{
				"no token":                       {"GET", "/", "", 401},
				"a bad token":                    {"GET", "/", access + "x", 401},
				"a good token":                   {"GET", "/", access, 200},
				"a request that changes things":  {"POST", "/orders", access, 200},
				"a query that is the app's":      {"GET", "/?role=nobody", access, 200},
				"the admins' part, for an admin": {"GET", "/admin/users", admin, 200},
				"the admins' part, for a user":   {"GET", "/admin/users", access, 403},
				"that, with a role of one's own": {"GET", "/admin/users?role=user", access, 403},
				"that, on the way round":         {"GET", "/orders/../admin/users", access, 403},
				"that, without a token":          {"GET", "/admin/users", "", 401},
			}
			for what, c := range cases {
				response, got := g.ask(c.method, c.path, c.access)
				if response.StatusCode != c.status || (got != nil) != (c.status == 200) {
					t.Errorf("%s: answered %d, came through: %t", what, response.StatusCode, got != nil)
				}
				if c.status == 401 && !strings.HasPrefix(response.Header.Get("WWW-Authenticate"), "Bearer ") {
					t.Errorf("%s: the challenge is %q", what, response.Header.Get("WWW-Authenticate"))
				}
				if got != nil && (got.Method != c.method || got.URL.RequestURI() != c.path) {
					t.Errorf("%s: came through as %s %s", what, got.Method, got.URL.RequestURI())
				}
			}

			for access, said := range map[string]map[string]string{
				access:   {"X-Auth-User-Id": ann.ID, "X-Auth-Email": "ann@example.com", "X-Auth-Email-Verified": "true"},
				unproved: {"X-Auth-User-Id": bob.ID, "X-Auth-Email": "", "X-Auth-Email-Verified": "false"},
			} {
				said["X-Auth-Role"], said["X-Auth-Session-Id"] = "user", claimsOf(t, access)["sid"].(string)
				g.forges(access, said)
			}
		})
	}
}

// forges claims to be somebody else, in headers of each name, and looks for what
// the application was told. Some applications cannot tell an underscore from a
// dash, nor an empty header from none.
func (g *gateway) forges(access string, said map[string]string) {
	g.t.Helper()
	_, got := g.ask("GET", "/", access, "X-Auth-User-Id", "root", "x-auth-role", "admin", "X_Auth_Role", "admin",
		"X-AUTH-EMAIL", "root@example.com", "x_auth_email", "root@example.com", "X-Auth-Session-Id", "",
		"X-Auth-Email-Verified", "true", "x_auth_email_verified", "true")
	told := map[string][]string{}
	for header, values := range got.Header {
		header = http.CanonicalHeaderKey(strings.ReplaceAll(header, "_", "-"))
		told[header] = append(told[header], values...)
	}
	for header, want := range said {
		if values := strings.Join(told[header], ", "); values != want {
			g.t.Errorf("%s came through as %q, want %q", header, values, want)
		}
	}
}

// A gateway that cannot know must let nobody in.
func TestGatewaysLetNobodyInWithoutTheRealm(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	s := r.serve()
	access := s.login().Access
	foreign, _, err := realmfolder.NewCertificate(time.Now().Add(time.Hour))
	if err != nil {
		t.Fatal(err)
	}
	port, err := testenv.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	for name, start := range gateways() {
		for what, c := range map[string]struct{ realm, authority string }{
			"nobody there":      {net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), r.authority()},
			"another authority": {s.API, authorityFile(t, []byte(foreign))},
		} {
			t.Run(name+", "+what, func(t *testing.T) {
				g := start(t, c.realm, c.authority)
				want := map[string]int{"nginx": 500, "Caddy": 502}[name]
				if response, got := g.ask("GET", "/", access); response.StatusCode != want || got != nil {
					t.Errorf("answered %d, came through: %t", response.StatusCode, got != nil)
				}
			})
		}
	}
}
