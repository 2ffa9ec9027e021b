// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"crypto/x509"
	"encoding/json"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// provider is an OpenID provider that knows the clients and the person of these tests.
type provider struct {
	issuer string
	// roots trust its certificate.
	roots *x509.CertPool
	// person is somebody who can sign in.
	person person
	// now is the provider's time, and advance puts it forward.
	now     func() time.Time
	advance func(time.Duration)
	// metadata is its discovery document; see discover.
	metadata metadata
}

// person is what somebody types in to sign in.
type person struct{ login, password string }

// client is a relying party as a provider knows it.
type client struct {
	id, secret string
	// method is how it shows who it is at the token endpoint.
	method string
	// backchannelURI is where it is told of sign-outs; empty for nowhere.
	backchannelURI string
}

const (
	// rpHost is where the relying parties are. Nobody is there: browsers of these tests
	// stop before they go there.
	rpHost           = "rp.example.com"
	redirectURI      = "https://" + rpHost + "/callback"
	signedOutURI     = "https://" + rpHost + "/signed-out"
	secretBasic      = "client_secret_basic"
	secretPost       = "client_secret_post"
	discoveryPath    = "/.well-known/openid-configuration"
	formType         = "application/x-www-form-urlencoded"
	jsonType         = "application/json"
	stateLength      = 128 // as long as the suite's, so that nobody may shorten one
	unregisteredPath = "/somewhere-else"
)

// The clients that every provider here knows.
var (
	basicClient = client{"conformance.basic", "fOAaF5XpXPkYxw_bWPOgHnHpMmvgB0yVUZyj0DgK7pA", secretBasic, ""}
	otherClient = client{"conformance.other", "kbS7fJ2DzS6AcpXBgXyo0BvBBe2y0AZDAnu8uZ9fVvE", secretBasic, ""}
	postClient  = client{"conformance.post", "0AJPlP3HmGJxcZoTZ2kS7b4dXR0nJ0gHkG2yYg8bRzc", secretPost, ""}
)

func clients() []client { return []client{basicClient, otherClient, postClient} }

// metadata is a discovery document.
type metadata map[string]any

func (m metadata) text(name string) string {
	value, _ := m[name].(string)
	return value
}

// list is an array of texts; nil for none.
func (m metadata) list(name string) []string {
	values, _ := m[name].([]any)
	texts := []string(nil)
	for _, v := range values {
		if text, ok := v.(string); ok {
			texts = append(texts, text)
		}
	}
	return texts
}

func (m metadata) says(name string) bool { return m[name] == true }

// has reports whether a list has a value.
func (m metadata) has(name, value string) bool { return slices.Contains(m.list(name), value) }

// newHTTP has connections of its own.
func (p *provider) newHTTP(t testing.TB) *http.Client {
	t.Helper()
	transport := realmtest.NewTransport(p.roots, hostOf(t, p.issuer), false)
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{
		Transport: transport, Timeout: realmtest.Patience,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// discover reads the discovery document, which all other addresses are taken from.
func (p *provider) discover(t testing.TB) *provider {
	t.Helper()
	a := get(t, p.newHTTP(t), p.issuer+discoveryPath)
	if a.Status != http.StatusOK {
		t.Fatalf("discovery answered %d %s", a.Status, a.Body)
	}
	if err := json.Unmarshal([]byte(a.Body), &p.metadata); err != nil {
		t.Fatal(err)
	}
	return p
}

// module is one of the suite's, by its name there.
type module struct {
	name string
	run  func(rp *relyingParty)
}

// underTest is a provider that can be started for one test, with clients.
type underTest struct {
	name  string
	start func(t *testing.T, clients []client) *provider
}

// providers are those that every module is run against.
func providers() []underTest {
	return []underTest{{"oidc-provider", startCertified}, {"realm", startRealm}}
}

// runModules runs modules against every provider.
func runModules(t *testing.T, mode string, modules []module) {
	for _, u := range providers() {
		t.Run(u.name, func(t *testing.T) {
			t.Parallel()
			u.start(t, clients()).run(t, mode, modules)
		})
	}
}

// run runs modules one after the other: they share the provider's clock. The browser of
// each is one that nobody has used.
func (p *provider) run(t *testing.T, mode string, modules []module) {
	t.Helper()
	p.discover(t)
	for _, m := range modules {
		t.Run(m.name, func(t *testing.T) { m.run(p.newRelyingParty(t, mode)) })
	}
}
