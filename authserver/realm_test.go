// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// realm is a folder of documents, a database and a cache of one test.
type realm struct {
	*documents
	t     *testing.T
	clock *clock
	// smtp is where its mails go; nil before sendsMail.
	smtp *testenv.SMTP
}

// newRealm is a realm that nobody serves yet.
func newRealm(t *testing.T) *realm {
	t.Helper()
	return newRealmOn(t, suite.postgres.Database(t), testenv.RedisURL(t))
}

func newRealmOn(t *testing.T, database, cache string) *realm {
	t.Helper()
	// A name of its own in a Redis that tests, and their repetitions, may share.
	name := "test/" + t.Name() + "-" + rand.Text()
	r := &realm{newDocuments(t.TempDir(), name, database, cache), t, &clock{}, nil}
	if err := r.writeAll(); err != nil {
		t.Fatal(err)
	}
	return r
}

// write puts changed settings and keys on the disk.
func (r *realm) write() {
	r.t.Helper()
	r.mountFiles(map[string]any{realmconfig.ConfigFile: r.config})
	r.mountFiles(map[string]any{realmconfig.KeysetFile: r.keyset})
}

func (r *realm) mountFiles(files map[string]any) {
	r.t.Helper()
	if err := r.mount(files); err != nil {
		r.t.Fatal(err)
	}
}

func (r *realm) accessLifetime() time.Duration {
	return time.Duration(r.config.Tokens.AccessTokenLifetime)
}

// clock is the true time and what the test has added.
type clock struct{ ahead atomic.Int64 }

func (c *clock) now() time.Time          { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *clock) advance(d time.Duration) { c.ahead.Add(int64(d)) }

// server is one running Run.
type server struct {
	t        *testing.T
	realm    *realm
	api, ops string // addresses
	client   *http.Client
	stop     context.CancelFunc
	done     chan error
}

// serve runs a server until the test ends, and returns once it is ready.
func (r *realm) serve() *server {
	r.t.Helper()
	s := r.launch("127.0.0.1:0", "127.0.0.1:0", 0)
	s.awaitReady()
	return s
}

func (r *realm) launch(apiAddress, opsAddress string, drain time.Duration) *server {
	r.t.Helper()
	api, ops := listen(r.t, apiAddress), listen(r.t, opsAddress)
	ctx, cancel := context.WithCancel(context.Background())
	s := &server{
		t: r.t, realm: r, api: api.Addr().String(), ops: ops.Addr().String(),
		stop: cancel, done: make(chan error, 1),
	}
	s.client = s.newClient(true)
	go func() {
		s.done <- authserver.Run(ctx, authserver.Options{
			ConfigDir: r.dir, Build: "test", Log: logger(), Now: r.clock.now, HashingWorkers: 2,
			API: api, Ops: ops, DrainDelay: drain,
		})
	}()
	r.t.Cleanup(s.end)
	return s
}

// end stops the server, unless it has ended, and asks for a clean exit.
func (s *server) end() {
	s.client.CloseIdleConnections()
	s.stop()
	err, ended := <-s.done
	if ended && err != nil {
		s.t.Errorf("server ended with: %v", err)
	}
	if ended {
		close(s.done)
	}
}

func listen(t *testing.T, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// newClient reaches the server under the issuer's name and trusts the
// certificate that is mounted now.
func (s *server) newClient(http2 bool) *http.Client {
	s.t.Helper()
	return &http.Client{Timeout: 30 * time.Second, Transport: newTransport(s.realm.roots(), s.api, http2)}
}

func newTransport(roots *x509.CertPool, address string, http2 bool) *http.Transport {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(!http2)
	protocols.SetHTTP2(http2)
	return &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots},
		Protocols:       protocols,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	}
}

func (r *realm) roots() *x509.CertPool {
	r.t.Helper()
	certificate, err := os.ReadFile(filepath.Join(r.dir, realmconfig.CertificateFile))
	if err != nil {
		r.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	return roots
}

func (s *server) awaitReady() {
	s.t.Helper()
	s.eventually("the server is ready", func() bool {
		select {
		case err := <-s.done:
			s.done <- err
			s.t.Fatalf("server ended at its start: %v", err)
		default:
		}
		return s.opsStatus("/readyz") == http.StatusOK
	})
}

func (s *server) opsStatus(path string) int {
	response, err := http.Get("http://" + s.ops + path)
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode
}

func (s *server) report() realmconfig.Report {
	s.t.Helper()
	response, err := http.Get("http://" + s.ops + realmconfig.ReportPath)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	report := realmconfig.Report{}
	if err := json.NewDecoder(response.Body).Decode(&report); err != nil {
		s.t.Fatal(err)
	}
	return report
}

// metric reads one sample by its name and labels, as the text format has them.
func (s *server) metric(sample string) string {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+s.ops+"/metrics", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "identity")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	for line := range strings.Lines(readAll(s.t, response.Body)) {
		if value, found := strings.CutPrefix(line, sample+" "); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// eventually polls, for what the server does by itself.
func (s *server) eventually(what string, holds func() bool) {
	s.t.Helper()
	eventually.Holds(s.t, what, holds)
}

// query reads one value from the realm's database.
func query[T any](r *realm, statement string, args ...any) T {
	r.t.Helper()
	conn, err := pgx.Connect(r.t.Context(), r.database)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	value := *new(T)
	if err := conn.QueryRow(r.t.Context(), statement, args...).Scan(&value); err != nil {
		r.t.Fatalf("%s: %v", statement, err)
	}
	return value
}

// exec changes rows behind the server's back.
func (r *realm) exec(statement string, args ...any) {
	r.t.Helper()
	conn, err := pgx.Connect(r.t.Context(), r.database)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.Background()) }()
	if _, err := conn.Exec(r.t.Context(), statement, args...); err != nil {
		r.t.Fatalf("%s: %v", statement, err)
	}
}

func (r *realm) cheapen() {
	r.t.Helper()
	if err := cheapen(r.t.Context(), r.database); err != nil {
		r.t.Fatal(err)
	}
}
