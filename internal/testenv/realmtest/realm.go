// SPDX-License-Identifier: Apache-2.0

package realmtest

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// The user whom every realm has from the beginning.
const (
	AdminEmail    = "admin@example.com"
	AdminPassword = "correct horse battery staple"
)

// Realm is the documents and the stores of a realm. Servers serve it, none or
// several.
type Realm struct {
	// Folder has the settings and keys. Update puts changed ones in force.
	*realmfolder.Folder
	// Clock is the time of the realm's servers.
	Clock *Clock
	// SMTP takes the realm's mails; nil before SendMail.
	SMTP *testenv.SMTP
	// Options are those that servers and migrations are run with.
	Options authserver.Options

	t testing.TB
	// Peer is the address and port that connections to servers seem to come from;
	// when it is empty, they come from where they do.
	Peer     netip.AddrPort
	listener net.Listener // of the first server, when the issuer says where
}

// New is a realm that nobody serves yet, with tables and an initial admin.
// Passwords are hashed at the least cost that is allowed.
func New(t testing.TB, options ...Option) *Realm {
	t.Helper()
	given := setup{t: t, log: slog.New(slog.DiscardHandler)}
	for _, option := range options {
		option(&given)
	}
	database, migrated := given.databaseURL()
	if given.cache == "" {
		given.cache = testenv.RedisURL(t)
	}
	r := &Realm{Folder: realmfolder.New(t, database, given.cache), Clock: &Clock{}, t: t}
	furnish(r.Folder)
	// A name of its own in a Redis that tests, and their repetitions, may share.
	r.Config.Realm = "test/" + t.Name() + "-" + rand.Text()
	r.Options = authserver.Options{
		ConfigDir: r.Dir, Build: "test", Log: given.log, Now: r.Clock.Now, HashingWorkers: 2,
		DatabaseTimeout: databasePatience, PasswordTimeout: passwordPatience, CacheTimeout: cachePatience,
		LogoutTimeout: logoutPatience,
	}
	if given.mail {
		r.SendMail()
	}
	for _, change := range given.settings {
		change(&r.Config)
	}
	if err := r.Save(); err != nil {
		t.Fatal(err)
	}
	if !migrated {
		if err := r.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// furnish is for tests: hashes are cheap, and everybody comes from one address.
func furnish(f *realmfolder.Folder) {
	f.AdminEmail, f.AdminPassword = AdminEmail, AdminPassword
	f.Config.Passwords.BcryptCost, f.Config.Login.Lockout.SourceFailures = leastCost, 100_000
}

// cachePatience lets a cache answer on a machine that is busy with other things:
// a server that goes on without it counts for itself alone.
const cachePatience = 20 * time.Second

// databasePatience does the same for a statement: one that takes too long is an error.
const databasePatience = 20 * time.Second

// passwordPatience does the same for many logins at once: those that wait longer are refused.
// It leaves them time within that of a request.
const passwordPatience = 15 * time.Second

// logoutPatience does the same for a client that hears of a sign-out: one whose yes comes too
// late is told again.
const logoutPatience = 20 * time.Second

// leastCost is the cheapest that realmconfig allows.
const leastCost = 10

// Migrate prepares the database as a pod's init container does.
func (r *Realm) Migrate(ctx context.Context) error { return authserver.Migrate(ctx, r.Options) }

// Import adds the users of lines in the format of docs/import.md.
func (r *Realm) Import(ctx context.Context, lines io.Reader) error {
	return authserver.Import(ctx, r.Options, lines)
}

// Update puts changed settings, keys and clients on the disk, where servers find them.
func (r *Realm) Update() {
	r.t.Helper()
	files := r.ClientFiles()
	files[realmconfig.ConfigFile], files[realmconfig.KeysetFile] = r.Config, r.Keyset
	r.Mount(files)
}

// Mount replaces mounted files, such as credentials, by name. What is not a text
// is a document.
func (r *Realm) Mount(files map[string]any) {
	r.t.Helper()
	if err := r.Folder.Mount(files); err != nil {
		r.t.Fatal(err)
	}
}

// Roots trust the certificate that is mounted now, and no other.
func (r *Realm) Roots() *x509.CertPool {
	r.t.Helper()
	roots, err := r.Folder.Roots()
	if err != nil {
		r.t.Fatal(err)
	}
	return roots
}

// Listen makes the address of the next server the realm's issuer, for those who
// find the server by its issuer alone.
func (r *Realm) Listen() {
	r.t.Helper()
	r.listener = Listen(r.t, "127.0.0.1:0")
	r.Config.Issuer = "https://" + r.listener.Addr().String()
	r.Update()
}

// Listen opens a TCP address for Launch.
func Listen(t testing.TB, address string) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// AccessTokenLifetime is how long an access token is worth something.
func (r *Realm) AccessTokenLifetime() time.Duration {
	return time.Duration(r.Config.Tokens.AccessTokenLifetime)
}
