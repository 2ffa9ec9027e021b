// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto/x509"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	clientkeys "github.com/realmkeeper/realmkeeper/authserver/internal/upstream"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/outbound"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

const tokenEndpoint = issuer + "/oauth2/token"

// clientWorld authenticates clients against a real database and a real server of keys.
type clientWorld struct {
	*client.Service
	t        *testing.T
	clock    *realmtest.Clock
	settings realmconfig.Config
	key      realmconfig.Key
	clusters []realmconfig.Cluster
	// keys is where a client has its keys; asked counts, answer is what it answers.
	keys   *httptest.Server
	asked  atomic.Int32
	answer atomic.Pointer[http.HandlerFunc]
}

func newClientWorld(t *testing.T) *clientWorld {
	t.Helper()
	w := &clientWorld{t: t, clock: &realmtest.Clock{}, settings: realmconfig.Defaults("test/clients", issuer), key: realmfolder.NewKey(realmconfig.ES256)}
	w.settings.Clients.AllowPrivateNetworks = true
	w.clock.Stop() // an assertion is good for a minute, and a busy machine takes its time
	w.keys = httptest.NewTLSServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.asked.Add(1)
		(*w.answer.Load())(rw, r)
	}))
	t.Cleanup(w.keys.Close)
	w.publish(w.key)
	roots := x509.NewCertPool()
	roots.AddCert(w.keys.Certificate())
	store, err := postgres.Open(t.Context(), realmconfig.Place{URL: realmconfig.Credential(suite.postgres.Database(t))}, postgres.Options{Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	settings := func() realmconfig.Config { return w.settings }
	w.Service = &client.Service{
		Realm: auth.Realm{Settings: settings, Now: w.clock.Now, Log: slog.New(slog.DiscardHandler)},
		Store: store, Usage: client.NewUsage(w.clock.Now),
		Keys: clientkeys.NewClientKeys(settings, func(allowPrivate bool) *http.Client {
			return outbound.New(outbound.Options{Timeout: 30 * time.Second, MaxAnswer: clientkeys.MaxClientKeys, AllowPrivate: allowPrivate, Roots: roots})
		}, w.clock.Now),
	}
	w.serveClients()
	return w
}

// publish has the server of keys answer with these.
func (w *clientWorld) publish(keys ...realmconfig.Key) {
	w.respond(func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write(w.jwks(keys...)) })
}

func (w *clientWorld) respond(handler http.HandlerFunc) { w.answer.Store(&handler) }

func (w *clientWorld) jwks(keys ...realmconfig.Key) []byte {
	set := struct {
		Keys []realmconfig.JWK `json:"keys"`
	}{}
	for _, k := range keys {
		set.Keys = append(set.Keys, publicOf(w.t, k))
	}
	document, err := json.Marshal(set)
	if err != nil {
		w.t.Fatal(err)
	}
	return document
}

// serveClients puts a client of every kind in force, and others.
func (w *clientWorld) serveClients(others ...realmconfig.Client) {
	w.t.Helper()
	f := realmfolder.New(w.t, "", "")
	remote := newClient("shop.remote", withKeys(nil))
	remote.JWKSURI = w.keys.URL + "/jwks"
	post := newClient("shop.post", withTwoSecrets)
	post.TokenEndpointAuthMethod = realmconfig.ClientSecretPost
	f.Clients = append(others, newClient("shop.web", withTwoSecrets), post, newClient("shop.public", publicClient),
		newClient("shop.key", withKeys(w.jwks(w.key))), remote)
	f.Clusters = w.clusters
	if err := f.Save(); err != nil {
		w.t.Fatal(err)
	}
	set := realmconfig.LoadClients(f.Dir, nil)
	if set.Len() != len(f.Clients) {
		r := realmconfig.Report{}
		set.ReportTo(&r)
		w.t.Fatalf("clients are refused: %v", r.ClientProblems)
	}
	w.Clients = func() *realmconfig.ClientSet { return set }
}

// withTwoSecrets lets a client show its id with "new-" or "old-" before it.
func withTwoSecrets(c *realmconfig.Client) {
	c.Secrets = []realmconfig.ClientSecret{
		{ID: "new", SHA256: realmconfig.DigestSecret("new-" + c.ID)}, {ID: "old", SHA256: realmconfig.DigestSecret("old-" + c.ID)},
	}
}

// withKeys lets a client sign assertions with the keys of a set.
func withKeys(jwks []byte) func(*realmconfig.Client) {
	return func(c *realmconfig.Client) {
		c.TokenEndpointAuthMethod, c.Secrets, c.JWKS = realmconfig.PrivateKeyJWT, nil, jwks
	}
}

// claims are those of a good assertion.
func (w *clientWorld) claims(id string) jwt.MapClaims {
	return jwt.MapClaims{"iss": id, "sub": id, "aud": issuer, "exp": w.clock.Now().Add(time.Minute).Unix(), "jti": uuid.NewString()}
}

// assertionOf makes a JWT with a key, by its algorithm unless another is said.
func assertionOf(t *testing.T, key realmconfig.Key, claims jwt.MapClaims, header map[string]any) auth.Secret {
	t.Helper()
	signer, err := key.Signer()
	if err != nil {
		t.Fatal(err)
	}
	return assertionBy(t, string(key.Algorithm), signer, claims, header)
}

func assertionBy(t *testing.T, algorithm string, with any, claims jwt.MapClaims, header map[string]any) auth.Secret {
	t.Helper()
	token := jwt.NewWithClaims(jwt.GetSigningMethod(algorithm), claims)
	for name, value := range header {
		token.Header[name] = value
	}
	signed, err := token.SignedString(with)
	if err != nil {
		t.Fatal(err)
	}
	return auth.Secret(signed)
}

func (w *clientWorld) show(id string, assertion auth.Secret) error {
	_, err := w.Authenticate(w.t.Context(), client.Credentials{
		Method: realmconfig.PrivateKeyJWT, ClientID: id, Assertion: assertion, Endpoints: []string{tokenEndpoint},
	})
	return err
}

// expectRefusal wants an error of the protocol that says why, and quotes nothing.
func expectRefusal(t *testing.T, err error, problem string) {
	t.Helper()
	var refused *client.InvalidClient
	switch {
	case problem == "" && err != nil:
		t.Errorf("refused: %v", err)
	case problem != "" && (!errors.As(err, &refused) || !strings.Contains(err.Error(), problem)):
		t.Errorf("got %v, want %q", err, problem)
	case err != nil && strings.Contains(err.Error(), "hunter2"):
		t.Errorf("the error quotes what was shown: %v", err)
	}
}
