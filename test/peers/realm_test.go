// SPDX-License-Identifier: Apache-2.0

package peers

import (
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// realm is one that a peer signs people in at.
type realm struct {
	*realmtest.Realm
	server *realmtest.Server
	t      *testing.T
	admin  *realmtest.App
	ann    string // her id
}

// newRealm is served, with keys of every algorithm and these clients. Ann is in two
// groups.
func newRealm(t *testing.T, clients ...client) *realm {
	t.Helper()
	return newRealmSet(t, func(*realmconfig.Config) {}, clients...)
}

// newRealmSet is newRealm with other settings.
func newRealmSet(t *testing.T, change func(*realmconfig.Config), clients ...client) *realm {
	t.Helper()
	r := &realm{Realm: realmtest.New(t, realmtest.WithPostgres(postgres)), t: t}
	r.Keyset = realmfolder.Keyset(
		realmfolder.NewKey(realmconfig.ES256), realmfolder.NewKey(realmconfig.RS256), realmfolder.NewKey(realmconfig.EdDSA))
	for _, c := range clients {
		r.Clients = append(r.Clients, c.Client)
		r.Config.Clients.Audiences = append(r.Config.Clients.Audiences, c.ID)
		if c.ProtectedResource != nil {
			r.Config.Clients.Audiences = append(r.Config.Clients.Audiences, c.ProtectedResource.Resource)
		}
	}
	change(&r.Config)
	r.Listen()
	r.server = r.Serve()
	r.admin = r.server.NewApp()
	if err := r.admin.LogIn(t.Context(), realmtest.AdminEmail, realmtest.AdminPassword); err != nil {
		t.Fatal(err)
	}
	var err error
	if r.ann, err = r.admin.UserID(t.Context(), userEmail); err != nil {
		t.Fatal(err)
	}
	r.join("platform", "shop")
	return r
}

// join puts Ann into groups.
func (r *realm) join(groups ...string) {
	r.t.Helper()
	if err := r.admin.Join(r.t.Context(), userEmail, groups...); err != nil {
		r.t.Fatal(err)
	}
}

// leave takes Ann out of a group.
func (r *realm) leave(group string) {
	r.t.Helper()
	if err := r.admin.Leave(r.t.Context(), userEmail, group); err != nil {
		r.t.Fatal(err)
	}
}

// authority is the certificate to trust, in PEM.
func (r *realm) authority() string {
	r.t.Helper()
	certificate, err := os.ReadFile(filepath.Join(r.Dir, realmconfig.CertificateFile))
	if err != nil {
		r.t.Fatal(err)
	}
	return string(certificate)
}

// client is an application's, with the secret that it shows.
type client struct {
	realmconfig.Client
	secret string
	// origin is where the application is, with a free port.
	origin string
}

// newClient may do what an OAuthClient may that says no more than where it is, and
// asks for groups too. The application's callback is at /callback.
func newClient(t *testing.T, changes ...func(*client)) client {
	t.Helper()
	port, err := testenv.FreePort()
	if err != nil {
		t.Fatal(err)
	}
	c := client{Client: realmconfig.DefaultClient(), secret: rand.Text() + rand.Text(), origin: fmt.Sprintf("http://localhost:%d", port)}
	c.ID, c.DisplayName, c.Since = "shop.app", "Shop", time.Now().Add(-time.Hour).UTC()
	c.RedirectURIs, c.PostLogoutRedirectURIs = []string{c.origin + "/callback"}, []string{c.origin + "/"}
	c.Scopes = []string{"openid", "profile", "email", "groups"}
	c.Secrets = []realmconfig.ClientSecret{{ID: "one", SHA256: realmconfig.DigestSecret(c.secret)}}
	for _, change := range changes {
		change(&c)
	}
	return c
}

// at lets the application's callback be at another path.
func at(callback string) func(*client) {
	return func(c *client) { c.RedirectURIs = []string{c.origin + callback} }
}

// address is where the application listens.
func (c client) address() string {
	_, port, _ := net.SplitHostPort(c.origin[len("http://"):])
	return net.JoinHostPort("127.0.0.1", port)
}

// program is one that is told where the realm is and who the client is by its
// environment, and whom to trust by a file.
func (r *realm) program(c client, argv ...string) testenv.Program {
	r.t.Helper()
	return testenv.Program{
		Argv: argv, Address: c.address(), Files: map[string]string{"ca.crt": r.authority()},
		Environment: []string{
			"ISSUER=" + r.Config.Issuer, "CLIENT_ID=" + c.ID, "CLIENT_SECRET=" + c.secret, "ORIGIN=" + c.origin,
			"NODE_EXTRA_CA_CERTS=ca.crt", "SSL_CERT_FILE=ca.crt", "REQUESTS_CA_BUNDLE=ca.crt",
		},
	}
}
