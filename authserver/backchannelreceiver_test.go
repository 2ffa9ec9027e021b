// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/coreos/go-oidc/v3/oidc"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// trustTestServers has everything in this process trust the servers of package httptest and
// of suite.localhost, besides whom it trusts anyway.
func trustTestServers() (forget func(), err error) {
	server := httptest.NewTLSServer(http.NotFoundHandler())
	defer server.Close()
	folder, err := os.MkdirTemp("", "roots")
	if err != nil {
		return nil, fmt.Errorf("trust test servers: %w", err)
	}
	file := filepath.Join(folder, "roots.pem")
	if suite.localhost, err = newLocalhostCertificate(); err != nil {
		return nil, err
	}
	roots := []byte{}
	for _, trusted := range [][]byte{server.Certificate().Raw, suite.localhost.Certificate[0]} {
		roots = append(roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: trusted})...)
	}
	if err := os.WriteFile(file, roots, 0o600); err != nil {
		return nil, fmt.Errorf("trust test servers: %w", err)
	}
	return func() { _ = os.RemoveAll(folder) }, os.Setenv("SSL_CERT_FILE", file)
}

// receiver is where a client is told of sign-outs.
type receiver struct {
	t      *testing.T
	server *httptest.Server
	answer atomic.Pointer[http.HandlerFunc]
	mu     sync.Mutex
	tokens []string
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := &receiver{t: t}
	r.answerBy(func(http.ResponseWriter, *http.Request) {})
	r.server = httptest.NewTLSServer(r)
	t.Cleanup(func() {
		r.server.CloseClientConnections() // somebody may hang
		r.server.Close()
	})
	return r
}

// answerBy is how it answers from now on.
func (r *receiver) answerBy(handler http.HandlerFunc) { r.answer.Store(&handler) }

// client has a client told here.
func (r *receiver) client(c *realmconfig.Client) { c.BackchannelLogoutURI = r.server.URL + "/logout" }

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	token := request.PostFormValue("logout_token")
	if request.Method != http.MethodPost || request.URL.Path != "/logout" || len(request.PostForm) != 1 ||
		request.Header.Get("Content-Type") != "application/x-www-form-urlencoded" || strings.Count(token, ".") != 2 {
		r.t.Errorf("it is told by %s %s %v", request.Method, request.URL, request.Header)
	}
	suite.secrets.used(token)
	r.mu.Lock()
	r.tokens = append(r.tokens, token)
	r.mu.Unlock()
	(*r.answer.Load())(w, request)
}

// await is what it has been told, once that is so much.
func (r *receiver) await(n int) []string {
	r.t.Helper()
	got := []string{}
	eventually.Holds(r.t, fmt.Sprintf("the client is told of %d sign-outs", n), func() bool {
		r.mu.Lock()
		defer r.mu.Unlock()
		got = slices.Clone(r.tokens)
		return len(got) >= n
	})
	return got
}

// newRealmThatTells is one whose clients are on this machine.
func newRealmThatTells(t *testing.T, clients ...realmconfig.Client) *realm {
	t.Helper()
	r := newRealmOfClients(t, clients...)
	r.Config.Clients.AllowPrivateNetworks = true
	r.Update()
	return r
}

// logouts is how many notices wait.
func (r *realm) logouts() int { return query[int](r, "SELECT count(*) FROM logouts") }

func (s *server) clientLogouts(outcome string) int {
	s.t.Helper()
	n, _ := strconv.Atoi(s.Metric(fmt.Sprintf(`realmkeeper_client_logouts_total{outcome=%q}`, outcome)))
	return n
}

// logoutToken is what a logout token says, which other people's code has verified.
func (a *relyingParty) logoutToken(token string) map[string]any {
	a.s.t.Helper()
	ctx, said := oidc.ClientContext(a.s.t.Context(), a.s.HTTP), map[string]any{}
	verified, err := a.provider.VerifierContext(ctx, &oidc.Config{
		ClientID: a.config.ClientID, Now: a.s.realm.Clock.Now, SupportedSigningAlgs: []string{"ES256", "RS256", "EdDSA"}, SkipExpiryCheck: true,
	}).Verify(ctx, token)
	if err == nil {
		err = verified.Claims(&said)
	}
	if err != nil {
		a.s.t.Fatal(err)
	}
	return said
}
