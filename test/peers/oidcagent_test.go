// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"bufio"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// oidcAgent is a running one, with a folder and a socket of its own.
type oidcAgent struct {
	r      *realm
	folder string
}

// startOIDCAgent runs one until the test ends.
func (r *realm) startOIDCAgent() oidcAgent {
	r.t.Helper()
	a := oidcAgent{r, r.t.TempDir()}
	if err := os.WriteFile(filepath.Join(a.folder, "ca.crt"), []byte(r.authority()), 0o600); err != nil {
		r.t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(a.folder, ".oidc-agent"), 0o700); err != nil {
		r.t.Fatal(err)
	}
	daemon, log := a.command("oidc-agent", "--console", "--no-autoreauthenticate", "--socket-path="+a.socket()), &strings.Builder{}
	daemon.Stdout, daemon.Stderr = log, log
	if err := daemon.Start(); err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() {
		_ = daemon.Process.Kill()
		_ = daemon.Wait()
		if r.t.Failed() {
			r.t.Logf("oidc-agent has logged\n%s", log)
		}
	})
	eventually.Holds(r.t, "oidc-agent listens", func() bool {
		_, err := os.Stat(a.socket())
		return err == nil
	})
	return a
}

func (a oidcAgent) socket() string { return filepath.Join(a.folder, "agent.sock") }

func (a oidcAgent) command(name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(a.r.t.Context(), name, args...)
	cmd.Dir = a.folder
	cmd.Env = append(os.Environ(), "HOME="+a.folder, "OIDC_CONFIG_DIR="+filepath.Join(a.folder, ".oidc-agent"), "OIDC_SOCK="+a.socket())
	return cmd
}

// token asks the agent for an access token.
func (a oidcAgent) token(args ...string) (string, error) {
	said, err := a.command("oidc-token", append(args, "tv")...).Output()
	return strings.TrimSpace(string(said)), err
}

var shownCode = regexp.MustCompile(`\b[A-Z]{4}-[A-Z]{4}\b`)

// oidc-agent keeps tokens for programs on machines without a browser: it shows a code, which
// somebody types elsewhere, and refreshes by itself.
func TestOIDCAgent(t *testing.T) {
	t.Parallel()
	c := newClient(t, func(c *client) {
		c.DisplayName, c.RedirectURIs, c.PostLogoutRedirectURIs = "Cluster shell", nil, nil
		c.GrantTypes = []realmconfig.GrantType{realmconfig.DeviceCodeGrant, realmconfig.RefreshTokenGrant}
		c.Scopes = append(c.Scopes, "offline_access")
	})
	r := newRealm(t, c)
	a := r.startOIDCAgent()
	gen := a.command("oidc-gen", "--manual", "--flow=device", "--iss="+r.Config.Issuer, "--client-id="+c.ID, "--client-secret="+c.secret,
		"--scope="+strings.Join(c.Scopes, " "), "--cert-path="+filepath.Join(a.folder, "ca.crt"), "--pw-cmd=echo password", "--no-url-call", "--confirm-default", "--prompt=none", "tv")
	output, input := io.Pipe()
	gen.Stdout, gen.Stderr = input, input
	if err := gen.Start(); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		done <- gen.Wait()
		_ = input.Close()
	}()
	log, typed := &strings.Builder{}, false
	for lines := bufio.NewScanner(output); lines.Scan(); {
		log.WriteString(lines.Text() + "\n")
		if code := shownCode.FindString(lines.Text()); code != "" && !typed {
			typed = true
			r.typesCode(code)
		}
	}
	if err := <-done; err != nil || !typed {
		t.Fatalf("oidc-gen ends with %v:\n%s", err, log)
	}

	first, err := a.token()
	if err != nil {
		t.Fatal(err)
	}
	r.userInfo(first).isAnn(t, r, "platform", "shop")
	r.leave("shop")
	second, err := a.token("--force-new")
	if err != nil || second == first {
		t.Fatalf("a refresh ends with %v", err)
	}
	r.userInfo(second).isAnn(t, r, "platform")
	if err := r.admin.Call(t.Context(), http.MethodPatch, "/api/admin/users/"+r.ann, map[string]any{"disabled": true}, nil); err != nil {
		t.Fatal(err)
	}
	if _, err := a.token("--force-new"); err == nil {
		t.Error("whoever is disabled is given another token")
	}
}

// typesCode lets the device of a code in, as Ann.
func (r *realm) typesCode(code string) {
	r.t.Helper()
	v := r.newVisitor()
	v.open(r.Config.Issuer + "/device")
	v.signsIn()
	v.isAt(r.Config.Issuer+"/device", http.StatusOK)
	v.submit("/device", map[string]string{"user_code": code})
	v.isAt(r.Config.Issuer+"/device/answer", http.StatusOK)
	v.submit("/device/answer", map[string]string{"answer": "allow"})
	v.isAt(r.Config.Issuer+"/device/answer", http.StatusOK)
}

// userInfo asks with an access token.
func (r *realm) userInfo(access string) (c claims) {
	r.t.Helper()
	app := realmtest.App{URL: r.server.URL(), HTTP: r.server.NewClient(true), Tokens: realmtest.Tokens{Access: access}}
	if err := app.Call(r.t.Context(), http.MethodGet, "/oauth2/userinfo", nil, &c); err != nil {
		r.t.Fatal(err)
	}
	return c
}
