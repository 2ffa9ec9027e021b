// SPDX-License-Identifier: Apache-2.0

//go:build e2e

package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv/process"
)

// The cluster's own API server trusts the realm: who is in its group viewers looks at pods
// and deletes none, and does not even look two minutes after somebody has disabled them.
func TestAMemberOfViewersLosesAccessToTheCluster(t *testing.T) {
	quickstart.waitReady(t)
	declareKubectl(t)
	trustRealm(t)
	admin := quickstart.client(t, true)
	quickstart.loginAsAdmin(t, admin)
	ann := newMember(t, "ann@kubectl.example.com")
	var made struct{ ID string }
	if err := admin.Call(t.Context(), http.MethodPost, "/api/admin/users", map[string]string{"email": ann.email, "password": ann.password}, &made); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := admin.Call(context.Background(), http.MethodDelete, "/api/admin/users/"+made.ID, nil, nil); err != nil {
			t.Error(err)
		}
	})
	if err := admin.Join(t.Context(), ann.email, "viewers"); err != nil {
		t.Fatal(err)
	}

	ann.login(t)
	eventually(t, patience, func() string { // once the API server has read the file, and the realm's keys
		if out, err := ann.kubectl(t, "get", "pods", "-n", quickstart.namespace); err != nil || !strings.Contains(out, quickstart.name) {
			return out
		}
		return ""
	})
	pods := quickstart.pods(t)
	if out, err := ann.kubectl(t, "delete", "pod", "-n", quickstart.namespace, pods[0]); err == nil || !strings.Contains(out, `User "realm:`+ann.email+`" cannot delete`) {
		t.Errorf("who may view deletes a pod: %v\n%s", err, out)
	}
	if after := quickstart.pods(t); strings.Join(after, " ") != strings.Join(pods, " ") {
		t.Errorf("pods were %v and are %v", pods, after)
	}

	token := ann.idToken(t)
	disabled := time.Now()
	if err := admin.Call(t.Context(), http.MethodPatch, "/api/admin/users/"+made.ID, map[string]bool{"disabled": true}, nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, 2*time.Minute, func() string {
		if out, err := ann.kubectl(t, "get", "pods", "-n", quickstart.namespace, "--token="+token); err == nil {
			return "who is disabled still sees\n" + out
		}
		return ""
	})
	t.Logf("access was lost %.0f s after the user was disabled", time.Since(disabled).Seconds())
	if out, err := ann.kubectl(t, "get", "pods", "-n", quickstart.namespace); err == nil || !strings.Contains(out, "sign in with: kubectl realmkeeper login") {
		t.Errorf("who is disabled is told %v\n%s", err, out)
	}
}

// declareKubectl makes kubectl a client of the realm, and lets its group viewers look at the
// cluster.
func declareKubectl(t *testing.T) {
	t.Helper()
	manifest := fmt.Sprintf(`
apiVersion: auth.realmkeeper.io/v1alpha1
kind: OAuthClient
metadata: {name: kubectl, namespace: %s}
spec:
  realmRef: {name: %s}
  type: Public
  redirectURIs: ["http://127.0.0.1/"]
  scopes: [openid, email, groups]
  idTokenLifetime: 1m
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: realm-viewers}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: view}
subjects:
  - {apiGroup: rbac.authorization.k8s.io, kind: Group, name: "realm:viewers"}
`, quickstart.namespace, quickstart.name)
	apply(t, manifest)
	t.Cleanup(func() { _, _ = tryKubectl(context.Background(), manifest, "delete", "--ignore-not-found", "-f", "-") })
	eventually(t, patience, func() string {
		ready := field(t, quickstart.namespace, "oauthclient/kubectl", `.status.conditions[?(@.type=="Ready")]['status','message']`)
		if !strings.HasPrefix(ready, "True") {
			return "the client is not ready: " + ready
		}
		return ""
	})
}

// trustRealm lets the API server, which goes on running, take the realm's ID tokens until the
// test ends.
func trustRealm(t *testing.T) {
	t.Helper()
	file := os.Getenv("AUTHENTICATION_CONFIG")
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatalf("read AUTHENTICATION_CONFIG: %v", err)
	}
	replace := func(content []byte) error {
		return errors.Join(os.WriteFile(file+".new", content, 0o600), os.Rename(file+".new", file))
	}
	t.Cleanup(func() {
		if err := replace(before); err != nil {
			t.Error(err)
		}
	})
	authority := strings.TrimSpace(field(t, quickstart.namespace, "configmap/"+quickstart.name+"-ca", `.data.ca\.crt`))
	err = replace(fmt.Appendf(nil, `
apiVersion: apiserver.config.k8s.io/v1
kind: AuthenticationConfiguration
jwt:
  - issuer:
      url: %s
      audiences: [%s.kubectl]
      certificateAuthority: |
        %s
    claimValidationRules:
      - expression: claims.?email_verified.orValue(false) == true
        message: the address is not verified
    claimMappings:
      username: {claim: email, prefix: "realm:"}
      groups: {claim: groups, prefix: "realm:"}
`, quickstart.issuer(t), quickstart.namespace, strings.ReplaceAll(authority, "\n", "\n        ")))
	if err != nil {
		t.Fatal(err)
	}
}

// member is somebody of the realm with a kubectl, the plugin, and files of their own.
type member struct {
	email, password string
	folder, plugin  string
	environment     []string
}

func newMember(t *testing.T, email string) *member {
	t.Helper()
	m := &member{email: email, password: "eleven owls in the barn at noon", folder: t.TempDir(), plugin: process.Build(t, "./cmd/kubectl-realmkeeper")}
	config, err := os.ReadFile(os.Getenv("KUBECONFIG"))
	authority := field(t, quickstart.namespace, "configmap/"+quickstart.name+"-ca", `.data.ca\.crt`)
	err = errors.Join(err, os.WriteFile(m.file("config"), config, 0o600), os.WriteFile(m.file("realm-ca.crt"), []byte(authority), 0o600))
	if err != nil {
		t.Fatal(err)
	}
	proxy := serveProxy(t, quickstart)
	m.environment = append(os.Environ(), "KUBECONFIG="+m.file("config"), "HOME="+m.folder, "XDG_CACHE_HOME="+m.file("cache"),
		"PATH="+filepath.Dir(m.plugin)+":"+os.Getenv("PATH"), "DISPLAY=", "WAYLAND_DISPLAY=", "HTTPS_PROXY="+proxy, "NO_PROXY=10.0.0.0/8")
	for _, args := range [][]string{
		append([]string{"set-credentials", "ann", "--exec-api-version=client.authentication.k8s.io/v1", "--exec-interactive-mode=Never",
			"--exec-command=kubectl-realmkeeper", "--exec-arg=token"}, prefixed("--exec-arg=", m.flags(t))...),
		{"set-context", "--current", "--user=ann"},
	} {
		if out, err := m.kubectl(t, append([]string{"config"}, args...)...); err != nil {
			t.Fatalf("kubectl config: %v\n%s", err, out)
		}
	}
	return m
}

func (m *member) file(name string) string { return filepath.Join(m.folder, name) }

// flags are the plugin's.
func (m *member) flags(t *testing.T) []string {
	t.Helper()
	return []string{"--issuer=" + quickstart.issuer(t), "--client-id=" + quickstart.namespace + ".kubectl", "--certificate-authority=" + m.file("realm-ca.crt")}
}

func prefixed(prefix string, texts []string) (all []string) {
	for _, text := range texts {
		all = append(all, prefix+text)
	}
	return all
}

// kubectl returns all that one command prints.
func (m *member) kubectl(t *testing.T, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "kubectl", args...)
	cmd.Env = m.environment
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// idToken is what the plugin gives kubectl.
func (m *member) idToken(t *testing.T) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), m.plugin, append([]string{"token"}, m.flags(t)...)...)
	cmd.Env = m.environment
	out, err := cmd.Output()
	var credential struct{ Status struct{ Token string } }
	if err := errors.Join(err, json.Unmarshal(out, &credential)); err != nil || credential.Status.Token == "" {
		t.Fatalf("kubectl realmkeeper token: %v", err)
	}
	return credential.Status.Token
}

// login follows the address that the plugin prints, signs in on the realm's page, and confirms
// on the next one.
func (m *member) login(t *testing.T) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), m.plugin, append([]string{"login"}, m.flags(t)...)...)
	cmd.Env = m.environment
	said, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	person, all := quickstart.visitor(t), ""
	for lines := bufio.NewScanner(said); lines.Scan(); {
		all += lines.Text() + "\n"
		if address := strings.TrimSpace(lines.Text()); strings.HasPrefix(address, quickstart.issuer(t)+"/") {
			_, page := person.follow(t, address)
			_, _, page = person.ask(t, http.MethodPost, quickstart.issuer(t)+"/signin", url.Values{
				"journey": {hidden(t, page, "journey")}, "email": {m.email}, "password": {m.password},
			})
			_, _, page = person.ask(t, http.MethodPost, quickstart.issuer(t)+"/oauth2/decision", url.Values{
				"journey": {hidden(t, page, "journey")}, "decision": {hidden(t, page, "decision")}, "answer": {"allow"},
			})
			all += page
		}
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(all, "Signed in at "+quickstart.issuer(t)+" as "+m.email) {
		t.Fatalf("kubectl realmkeeper login: %v\n%s", err, all)
	}
}

// hidden is what a form remembers under a name.
func hidden(t *testing.T, page, name string) string {
	t.Helper()
	found := regexp.MustCompile(`name="` + name + `" value="([^"]*)"`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("no %s in\n%s", name, page)
	}
	return html.UnescapeString(found[1])
}

// serveProxy is an HTTP proxy that finds the realm at its Service, whatever its name resolves
// to here.
func serveProxy(t *testing.T, r realm) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	service := r.serviceAddress(t)
	proxy := &http.Server{ReadHeaderTimeout: time.Minute, Handler: http.HandlerFunc(func(w http.ResponseWriter, request *http.Request) {
		there, err := net.Dial("tcp", service)
		if err != nil || request.Method != http.MethodConnect {
			http.Error(w, "the realm cannot be reached", http.StatusBadGateway)
			return
		}
		defer func() { _ = there.Close() }()
		here, buffered, err := http.NewResponseController(w).Hijack()
		if err != nil {
			return
		}
		defer func() { _ = here.Close() }()
		_, _ = io.WriteString(here, "HTTP/1.1 200 OK\r\n\r\n")
		go func() { _, _ = io.Copy(there, buffered) }()
		_, _ = io.Copy(here, there)
	})}
	go func() { _ = proxy.Serve(listener) }()
	t.Cleanup(func() { _ = proxy.Close() })
	return "http://" + listener.Addr().String()
}
