// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
	"github.com/realmkeeper/realmkeeper/internal/testenv/process"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
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
	server *process.Process
	client *http.Client
	smtp   *testenv.SMTP
	next   atomic.Int64 // the user who logs in next
	places atomic.Int64 // that requests have come from
}

func newWorld(t *testing.T) *world {
	t.Helper()
	postgres, err := testenv.SharedPostgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = postgres.Stop() })
	w := &world{t: t}
	r := realmtest.New(t, realmtest.WithDatabase(postgres.Database(t)), realmtest.WithSettings(w.configure))
	r.Clients = benchClients()
	w.smtp = r.SendMail()
	r.AddProvider("secret", provider(testenv.StartIssuer(t)))

	binary := process.Build(t, "./cmd/authserver")
	process.Run(t, "", binary, "migrate", "--config-dir", r.Dir)
	process.Run(t, w.userLines(), binary, "import", "--config-dir", r.Dir)
	api, ops := freeAddress(t), freeAddress(t)
	w.server = process.Start(t, nil, binary, "serve", "--config-dir", r.Dir, "--drain-delay", "0s", "--log-level", "warn",
		"--api-address", api, "--ops-address", ops)
	eventually.Holds(t, "the server is ready", func() bool { return realmtest.Probe(ops, "/readyz") == http.StatusOK })
	// As many as a gateway would keep open. A request waits for one, and that counts.
	transport := realmtest.NewTransport(r.Roots(), api, false)
	transport.MaxConnsPerHost, transport.MaxIdleConns, transport.MaxIdleConnsPerHost = connections, connections, connections
	w.client = &http.Client{
		Timeout:       time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     transport,
	}
	return w
}

// configure lets every request say where it comes from, and as many as there may be
// come from one place: limits per client are not what is measured.
func (w *world) configure(c *realmconfig.Config) {
	c.Network.RequestsPerMinute = 1_000_000
	c.Clients.Audiences = []string{api}
	c.Passwords.BcryptCost = cost
	c.Passkeys = &realmconfig.Passkeys{}
	c.Login.Lockout.SourceFailures = realmfolder.Settings().Login.Lockout.SourceFailures
	c.Network.TrustedProxies = []string{"127.0.0.0/8"}
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

// do sends a request as a client of its own and decodes the answer if there is one.
func (w *world) do(ctx context.Context, method, path, bearer string, in, out any) (*http.Response, error) {
	return w.doFrom(ctx, w.somewhere(), method, path, bearer, in, out)
}

// somewhere is an address that no other client has.
func (w *world) somewhere() string {
	n := w.places.Add(1)
	return fmt.Sprintf("10.%d.%d.%d", n>>16&255, n>>8&255, n&255)
}

func (w *world) doFrom(ctx context.Context, address, method, path, bearer string, in, out any) (*http.Response, error) {
	request, err := realmtest.NewRequest(ctx, method, "https://"+realmfolder.IssuerHost+path, in)
	if err != nil {
		return nil, err
	}
	request.Header.Set("X-Forwarded-For", address)
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

func freeAddress(t *testing.T) string {
	t.Helper()
	port, err := testenv.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
}
