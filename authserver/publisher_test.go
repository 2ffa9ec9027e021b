// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// newLocalhostCertificate signs itself, for a host that has a name, as ids of clients need.
func newLocalhostCertificate() (tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make certificate: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("make certificate: %w", err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, nil
}

// publisher is where clients publish what they say of themselves.
type publisher struct {
	t      *testing.T
	server *httptest.Server
	// origin is of the clients' ids.
	origin string

	mu      sync.Mutex
	answers map[string]http.HandlerFunc
	asked   []string
}

func newPublisher(t *testing.T) *publisher {
	t.Helper()
	p := &publisher{t: t, answers: map[string]http.HandlerFunc{}}
	p.server = httptest.NewUnstartedServer(p)
	p.server.TLS = &tls.Config{Certificates: []tls.Certificate{suite.localhost}, MinVersion: tls.VersionTLS12}
	p.server.StartTLS()
	_, port, _ := strings.Cut(p.server.Listener.Addr().String(), ":")
	p.origin = "https://localhost:" + port
	t.Cleanup(func() {
		p.server.CloseClientConnections() // somebody may hang
		p.server.Close()
	})
	return p
}

func (p *publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	answer := p.answers[r.URL.Path]
	p.asked = append(p.asked, r.Method+" "+r.RequestURI)
	p.mu.Unlock()
	if answer == nil {
		http.NotFound(w, r)
		return
	}
	answer(w, r)
}

// reads is how often a document was read.
func (p *publisher) reads() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.asked)
}

func (p *publisher) answerAt(path string, answer http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answers[path] = answer
}

// document is a good one of the client at a path.
func (p *publisher) document(path string) map[string]any {
	return map[string]any{
		"client_id": p.origin + path, "client_name": "Agent", "client_uri": p.origin + "/", "redirect_uris": []string{p.origin + "/callback"},
		"grant_types": []string{"authorization_code", "refresh_token"}, "token_endpoint_auth_method": "none", "logo_uri": p.origin + "/logo.png",
	}
}

// serves answers with a document, which may be kept for so long.
func serves(t *testing.T, document any, cacheControl string) http.HandlerFunc {
	t.Helper()
	encoded, err := json.Marshal(document)
	if err != nil {
		t.Fatal(err)
	}
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", cacheControl)
		_, _ = w.Write(encoded)
	}
}

// publish has the client at a path say what document does, changed.
func (p *publisher) publish(path string, changes ...func(map[string]any)) realmconfig.Client {
	p.t.Helper()
	document := p.document(path)
	for _, change := range changes {
		change(document)
	}
	p.answerAt(path, serves(p.t, document, "max-age=3600"))
	return p.client(path)
}

// client is the one at a path, as an application knows itself.
func (p *publisher) client(path string) realmconfig.Client {
	return realmconfig.Client{ID: p.origin + path, RedirectURIs: []string{p.origin + "/callback"}, TokenEndpointAuthMethod: realmconfig.NoAuthMethod}
}

// newRealm is one that knows the clients that are published here, and others.
func (p *publisher) newRealm(clients ...realmconfig.Client) *realm {
	p.t.Helper()
	return p.listedBy(newRealmOfClients(p.t, clients...))
}

// listedBy has a realm know the clients that are published here.
func (p *publisher) listedBy(r *realm) *realm {
	p.t.Helper()
	r.Config.Clients.MetadataDocuments = &realmconfig.MetadataDocuments{Hosts: []string{strings.TrimPrefix(p.origin, "https://")}}
	r.Config.Clients.AllowPrivateNetworks = true
	r.Config.Network.RequestsPerMinute = 0
	r.Update()
	return r
}
