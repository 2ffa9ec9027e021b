// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

const (
	password = "correct horse battery staple"
	cost     = 12
	// users is enough that no two logins under way are of the same user.
	users = 3000
	// connections between the driver and the server.
	connections = 256
)

// world is a realm that is served to a driver.
type world struct {
	t      *testing.T
	server *process
	client *http.Client
	smtp   *testenv.SMTP
	next   atomic.Int64 // the user who logs in next
}

func newWorld(t *testing.T) *world {
	t.Helper()
	postgres, err := testenv.SharedPostgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = postgres.Stop() })
	w := &world{t: t, smtp: testenv.StartSMTP(t)}
	folder := realmfolder.New(t, postgres.Database(t), testenv.RedisURL(t))
	w.configure(&folder.Config)
	trust := folder.Write(t)
	w.writeCredentials(folder.Dir)

	binary := buildServer(t)
	runToEnd(t, "", binary, "migrate", "--config-dir", folder.Dir)
	runToEnd(t, w.userLines(), binary, "import", "--config-dir", folder.Dir)
	apiPort, opsPort := freePort(t), freePort(t)
	w.server = startServer(t, binary, folder.Dir, apiPort, opsPort)
	w.client = &http.Client{
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			// As many as a gateway would keep open. A request waits for one, and
			// that counts.
			TLSClientConfig: trust, MaxConnsPerHost: connections, MaxIdleConns: connections, MaxIdleConnsPerHost: connections,
			DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
				return (&net.Dialer{}).DialContext(ctx, network, fmt.Sprintf("127.0.0.1:%d", apiPort))
			},
		},
	}
	return w
}

// configure makes every request look like one of a client of its own: limits per
// client are not what is measured.
func (w *world) configure(c *realmconfig.Config) {
	c.Passwords.BcryptCost = cost
	c.Network.TrustedProxies = []string{"127.0.0.0/8"}
	c.Email = &realmconfig.Email{
		From: "Example <login@example.com>", Host: w.smtp.Host(), Port: w.smtp.Port(), Security: realmconfig.StartTLS,
		Timeout: realmconfig.Duration(10 * time.Second), Product: "Example",
	}
	c.Providers = []realmconfig.Provider{newProvider(w.t)}
}

func (w *world) writeCredentials(dir string) {
	w.t.Helper()
	username, secret := w.smtp.Credentials()
	for name, value := range map[string]string{
		realmconfig.SMTPUsernameFile: username, realmconfig.SMTPPasswordFile: secret, realmconfig.SMTPCAFile: w.smtp.CA(),
		realmconfig.ProviderSecretsDir + "/" + providerName: "secret",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			w.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(value), 0o600); err != nil {
			w.t.Fatal(err)
		}
	}
}

// userLines give all users the same hash, which would take hours otherwise.
func (w *world) userLines() string {
	w.t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), cost)
	if err != nil {
		w.t.Fatal(err)
	}
	lines := strings.Builder{}
	for i := range users {
		fmt.Fprintf(&lines, `{"email":"user-%d@example.com","password_hash":%q,"email_verified":true}`+"\n", i, hash)
	}
	return lines.String()
}

// someone is the next user's address.
func (w *world) someone() string {
	return fmt.Sprintf("user-%d@example.com", w.next.Add(1)%users)
}

// do sends a request as some client and decodes the answer if there is one.
func (w *world) do(ctx context.Context, method, path, bearer string, in, out any) (*http.Response, error) {
	body := io.Reader(nil)
	if in != nil {
		document, err := json.Marshal(in)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(document)
	}
	request, err := http.NewRequestWithContext(ctx, method, "https://"+realmfolder.IssuerHost+path, body)
	if err != nil {
		return nil, err
	}
	n := w.next.Load()
	request.Header.Set("X-Forwarded-For", fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255))
	if in != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	if bearer != "" {
		request.Header.Set("Authorization", "Bearer "+bearer)
	}
	return w.send(request, out)
}

func (w *world) send(request *http.Request, out any) (*http.Response, error) {
	response, err := w.client.Do(request)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	document, err := io.ReadAll(response.Body)
	if err == nil && out != nil && response.StatusCode == http.StatusOK {
		err = json.Unmarshal(document, out)
	}
	return response, err
}

func freePort(t *testing.T) int {
	t.Helper()
	port, err := testenv.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return port
}
