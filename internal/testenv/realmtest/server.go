// SPDX-License-Identifier: Apache-2.0

package realmtest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// Server is one that serves a realm.
type Server struct {
	*Realm
	// API and Ops are the addresses of its listeners.
	API, Ops string
	// HTTP reaches the server under the issuer's name, and trusts its certificate.
	HTTP *http.Client

	t    testing.TB
	stop context.CancelFunc
	done chan error
}

// Start is a realm that is served at its issuer until the test ends.
func Start(t testing.TB, options ...Option) *Server {
	t.Helper()
	r := New(t, options...)
	r.Listen()
	return r.Serve()
}

// Serve runs a server until the test ends, and returns once it is ready.
func (r *Realm) Serve() *Server {
	r.t.Helper()
	api := r.listener
	if r.listener = nil; api == nil {
		api = Listen(r.t, "127.0.0.1:0")
	}
	s := r.launch(api, Listen(r.t, "127.0.0.1:0"), 0)
	s.AwaitReady()
	return s
}

// Launch runs a server at two addresses until the test ends, and does not wait for
// it. For so long as drain it goes on after it was told to end.
func (r *Realm) Launch(api, ops string, drain time.Duration) *Server {
	r.t.Helper()
	return r.launch(Listen(r.t, api), Listen(r.t, ops), drain)
}

func (r *Realm) launch(api, ops net.Listener, drain time.Duration) *Server {
	r.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{
		Realm: r, API: api.Addr().String(), Ops: ops.Addr().String(),
		t: r.t, stop: cancel, done: make(chan error, 1),
	}
	s.HTTP = s.NewClient(true)
	o := r.Options
	o.API, o.Ops, o.DrainDelay = seemingly{api, r.Peer}, ops, drain
	go func() { s.done <- authserver.Run(ctx, o) }()
	r.t.Cleanup(s.End)
	return s
}

// Stop tells the server to end, and does not wait for it.
func (s *Server) Stop() { s.stop() }

// End stops the server, unless it has ended, and asks for a clean exit.
func (s *Server) End() {
	s.HTTP.CloseIdleConnections()
	s.stop()
	err, ended := <-s.done
	if ended && err != nil {
		s.t.Errorf("server ended with: %v", err)
	}
	if ended {
		close(s.done)
	}
}

// AwaitReady returns when the server is ready, and ends the test when it has
// ended instead.
func (s *Server) AwaitReady() {
	s.t.Helper()
	eventually.Holds(s.t, "the server is ready", func() bool {
		select {
		case err := <-s.done:
			s.done <- err
			s.t.Fatalf("server ended at its start: %v", err)
		default:
		}
		return Probe(s.Ops, "/readyz") == http.StatusOK
	})
}

// URL is where the realm is found: its issuer.
func (s *Server) URL() string { return s.Config.Issuer }

// Patience is how long a client of a test waits for an answer: longer than any
// takes on a machine that is busy with other things, so that only one that never
// comes is given up.
const Patience = eventually.Patience

// NewClient has connections of its own, by HTTP/2 or 1.1, trusts the certificate
// that is mounted now, and has Patience.
func (s *Server) NewClient(http2 bool) *http.Client {
	s.t.Helper()
	transport := NewTransport(s.Roots(), s.API, http2)
	s.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: Patience}
}

// NewTransport finds every host at one address.
func NewTransport(roots *x509.CertPool, address string, http2 bool) *http.Transport {
	protocols := &http.Protocols{}
	protocols.SetHTTP1(!http2)
	protocols.SetHTTP2(http2)
	return &http.Transport{
		TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		Protocols:       protocols,
		DialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			return (&net.Dialer{}).DialContext(ctx, network, address)
		},
	}
}

// Probe asks an ops listener for a path as a kubelet does, and returns the status,
// or 0 where nobody answers.
func Probe(ops, path string) int {
	response, err := patientClient().Get("http://" + ops + path)
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	return response.StatusCode
}

// OpsStatus asks the ops listener for a path: see Probe.
func (s *Server) OpsStatus(path string) int { return Probe(s.Ops, path) }

// Report is what the server tells the operator.
func (s *Server) Report() realmconfig.Report {
	s.t.Helper()
	response, err := patientClient().Get("http://" + s.Ops + realmconfig.ReportPath)
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

// Change puts new settings in force while the server runs, and returns when it
// has taken them up.
func (s *Server) Change(change func(*realmconfig.Config)) {
	s.t.Helper()
	change(&s.Config)
	s.Update()
	document, err := realmconfig.Encode(s.Config)
	if err != nil {
		s.t.Fatal(err)
	}
	eventually.Holds(s.t, "the settings are in force", func() bool {
		return s.Report().ConfigRevision == realmconfig.Revision(document)
	})
}

// Metric reads one sample by its name and labels, as the text format has them;
// empty when there is none.
func (s *Server) Metric(sample string) string {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodGet, "http://"+s.Ops+"/metrics", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Accept-Encoding", "identity")
	response, err := patientClient().Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	for line := range strings.Lines(read(s.t, response.Body)) {
		if value, found := strings.CutPrefix(line, sample+" "); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// patientClient does not wait for ever for a server that hangs.
func patientClient() *http.Client { return &http.Client{Timeout: eventually.Patience} }
