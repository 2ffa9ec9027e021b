// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// published is what servers of the name localhost show; only TestMain writes to it.
var published tls.Certificate

// trustPublished has every realm of this process trust such servers, besides whom it trusts
// anyway. Programs that tests start do not.
func trustPublished() error {
	certificate, key, err := realmfolder.NewCertificate(time.Now().Add(24*time.Hour), "localhost")
	if err != nil {
		return err
	}
	if published, err = tls.X509KeyPair([]byte(certificate), []byte(key)); err != nil {
		return fmt.Errorf("read certificate: %w", err)
	}
	folder, err := os.MkdirTemp("", "roots")
	if err != nil {
		return fmt.Errorf("trust publishers: %w", err)
	}
	defer func() { _ = os.RemoveAll(folder) }()
	const variable = "SSL_CERT_FILE"
	file, before := filepath.Join(folder, "roots.pem"), os.Getenv(variable)
	if err := os.WriteFile(file, []byte(certificate), 0o600); err != nil {
		return fmt.Errorf("trust publishers: %w", err)
	}
	defer func() { _ = os.Setenv(variable, before) }()
	if err := os.Setenv(variable, file); err != nil {
		return fmt.Errorf("trust publishers: %w", err)
	}
	_, err = x509.SystemCertPool() // which is read once
	return err
}

// publish serves what a client says of itself at the address that is its id.
func publish(t *testing.T, c client) *url.URL {
	t.Helper()
	address := &url.URL{}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != address.Path {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"client_id": address.String(), "client_name": "Helper", "redirect_uris": c.RedirectURIs, "token_endpoint_auth_method": "none",
			"grant_types": []string{"authorization_code", "refresh_token"},
		})
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{published}}
	address.Scheme, address.Path = "https", "/client.json"
	address.Host = fmt.Sprintf("localhost:%d", server.Listener.Addr().(*net.TCPAddr).Port)
	server.StartTLS()
	t.Cleanup(server.Close)
	return address
}
