// SPDX-License-Identifier: Apache-2.0

package conformance

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// startRealm serves a realm over TLS, on stores of its own.
func startRealm(t *testing.T, clients []client) *provider {
	t.Helper()
	return serveRealm(t, newRealm(t, clients))
}

// newRealm is one that nobody serves yet, with the clients and the person of these tests.
func newRealm(t *testing.T, clients []client) *realmtest.Realm {
	t.Helper()
	r := realmtest.New(t, realmtest.WithDatabase(suite.postgres.Database(t)))
	ann := person{"ann@example.com", "correct horse battery staple"}
	hash, err := bcrypt.GenerateFromPassword([]byte(ann.password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	line := fmt.Sprintf(`{"email":%q,"name":"Ann Lee","locale":"de-CH","password_hash":%q,"email_verified":true}`, ann.login, hash)
	if err := r.Import(t.Context(), strings.NewReader(line)); err != nil {
		t.Fatal(err)
	}
	for _, c := range clients {
		r.Clients = append(r.Clients, realmClient(c))
	}
	r.Config.Clients.AllowPrivateNetworks = true
	r.Listen()
	return r
}

// realmClient is a client as a realm's documents have it.
func realmClient(c client) realmconfig.Client {
	known := realmconfig.DefaultClient()
	known.ID, known.DisplayName, known.Since = c.id, "Conformance", time.Now().Add(-time.Hour)
	known.RedirectURIs, known.PostLogoutRedirectURIs = []string{redirectURI}, []string{signedOutURI}
	known.BackchannelLogoutURI = c.backchannelURI
	known.Scopes = []string{"openid", "profile", "email", "groups", "offline_access"}
	known.TokenEndpointAuthMethod = realmconfig.AuthMethod(c.method)
	known.Secrets = []realmconfig.ClientSecret{{ID: "one", SHA256: realmconfig.DigestSecret(c.secret)}}
	return known
}

func serveRealm(t *testing.T, r *realmtest.Realm) *provider {
	t.Helper()
	s := r.Serve()
	return &provider{
		issuer: s.URL(), roots: r.Roots(), person: person{"ann@example.com", "correct horse battery staple"},
		now: r.Clock.Now, advance: r.Clock.Advance,
	}
}
