// SPDX-License-Identifier: Apache-2.0

package render_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/pki"
	"github.com/realmkeeper/realmkeeper/controllers/internal/render"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// Stores that spoke in the clear come to speak TLS and then nothing else, their
// certificates are renewed and their authority is replaced, and their Secrets are
// lost: all while people log in, and not one of them notices.
func TestStoresComeToSpeakTLSUnderLoad(t *testing.T) {
	t.Parallel()
	m := newManaged(t)
	m.startPostgres()
	m.postgres.Execute(t, "ALTER ROLE realmkeeper LOGIN PASSWORD '"+m.in.Database.Password+"'")
	m.in.DatabaseTLS.Plain, m.in.CacheTLS.Plain = true, true
	m.mount()
	m.runRedis()

	old := m.newRealm(speakingPlainly)
	if err := old.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	leaving := old.Serve()
	people := m.visit(leaving)
	people.goOn("as a release that spoke no TLS left it")
	lingering, err := pgx.Connect(t.Context(), m.databaseURL(speakingPlainly))
	if err != nil {
		t.Fatal(err)
	}

	m.runRoles()
	m.awaitShown()
	people.goOn("when the stores take both")
	now := m.newRealm(speakingTLS)
	now.Config.Realm, now.Keyset = old.Config.Realm, old.Keyset
	now.Update()
	mounted := m.mountInto(now)
	if err := now.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	server := now.Serve()
	m.awaitTaken(server, mounted)
	others := m.visit(server)
	others.goOn("over TLS")
	people.leave()
	leaving.End()

	m.awaitIdle(lingering)
	m.in.DatabaseTLS.Plain, m.in.CacheTLS.Plain = false, false
	m.mount()
	m.awaitNothingInTheClear(old)
	if err := lingering.Ping(t.Context()); err == nil {
		t.Error("a connection in the clear is still open")
	}
	others.goOn("over TLS alone")

	m.in.DatabaseTLS, m.in.CacheTLS = m.show(m.authority), m.show(m.authority)
	m.mount()
	m.awaitShown()
	others.goOn("with renewed certificates")
	m.replaceAuthority(server, others)
	m.loseSecrets(server, others)
	others.leave()
	m.refuseStrangers(server)
}

// replaceAuthority does what the operator does: pods trust both authorities before the
// stores show what the new one has issued.
func (m *managed) replaceAuthority(server *realmtest.Server, people *visitors) {
	m.t.Helper()
	before := m.authority
	m.authority = newAuthority(m.t)
	for _, t := range []*render.StoreTLS{&m.in.DatabaseTLS, &m.in.CacheTLS} {
		t.Trusted = m.authority.AlsoTrusting(before.Bundle, noon())
	}
	m.mount()
	m.awaitTaken(server, m.mountInto(server.Realm))
	people.goOn("while both authorities are trusted")
	for _, t := range []*render.StoreTLS{&m.in.DatabaseTLS, &m.in.CacheTLS} {
		trusted := t.Trusted
		*t = m.show(m.authority)
		t.Trusted = trusted
	}
	m.mount()
	m.awaitShown()
	people.goOn("with certificates of the new authority")
	m.in.DatabaseTLS.Trusted, m.in.CacheTLS.Trusted = m.authority.Bundle, m.authority.Bundle
	m.awaitTaken(server, m.mountInto(server.Realm))
	people.goOn("while the new authority alone is trusted")
}

// loseSecrets makes both logins anew, as after their Secrets were deleted.
func (m *managed) loseSecrets(server *realmtest.Server, people *visitors) {
	m.t.Helper()
	var databaseErr, cacheErr error
	m.in.Database, databaseErr = render.ReadDatabaseLogin(render.FirstDatabaseLogin("AfterLossPassword0123", true), noon())
	m.in.Cache, cacheErr = render.ReadCacheLogin(render.FirstCacheLogin("AfterLossPassword4567", true), noon())
	if err := errors.Join(databaseErr, cacheErr); err != nil {
		m.t.Fatal(err)
	}
	m.mount()
	people.goOn("while pods have the lost logins")
	m.awaitTaken(server, m.mountInto(server.Realm))
	people.goOn("with the logins that were made anew")
	m.in.Database.Lost, m.in.Cache.Lost = false, false
	m.mount()
	people.goOn("with them alone")
}

// refuseStrangers shows the server's pods what is not theirs.
func (m *managed) refuseStrangers(server *realmtest.Server) {
	m.t.Helper()
	want := func(what string, problem func(realmconfig.Report) string, says string) {
		m.t.Helper()
		eventually.Succeeds(m.t, func(context.Context) error {
			if said := problem(server.Report()); !strings.Contains(said, says) {
				return fmt.Errorf("%s: it says %q, want %q", what, said, says)
			}
			return nil
		})
	}
	ofDatabase := func(r realmconfig.Report) string { return r.DatabaseProblem }
	ofCache := func(r realmconfig.Report) string { return r.CacheProblem }

	good := m.authority.Bundle
	stranger := newAuthority(m.t).Bundle
	m.in.DatabaseTLS.Trusted, m.in.CacheTLS.Trusted = stranger, stranger
	m.mountInto(server.Realm)
	want("a store of another authority", ofDatabase, "unknown authority")
	want("a store of another authority", ofCache, "unknown authority")

	m.in.DatabaseTLS, m.in.CacheTLS = m.showFor(m.authority, "staff-cache"), m.showFor(m.authority, "staff-database")
	m.mount()
	m.in.DatabaseTLS.Trusted, m.in.CacheTLS.Trusted = append(good, stranger...), append(good, stranger...)
	m.mountInto(server.Realm)
	want("a store of another name", ofDatabase, "127.0.0.1")
	want("a store of another name", ofCache, "127.0.0.1")
}

// newRealm is the folder of the realm's pods, with the URLs of a kind.
func (m *managed) newRealm(key string) *realmtest.Realm {
	m.t.Helper()
	return realmtest.New(m.t, realmtest.WithDatabase(m.databaseURL(key)), realmtest.WithCache(m.cacheURL(key)))
}

// mountInto mounts what pods read of the stores' Secrets, and returns the revision that
// the operator waits for.
func (m *managed) mountInto(r *realmtest.Realm) (revision string) {
	m.t.Helper()
	c := realmconfig.Credentials{
		DatabaseURL: realmconfig.NewCredential([]byte(m.databaseURL(speakingTLS))), DatabaseCA: realmconfig.NewCredential(m.in.DatabaseTLS.Trusted),
		CacheURL: realmconfig.NewCredential([]byte(m.cacheURL(speakingTLS))), CacheCA: realmconfig.NewCredential(m.in.CacheTLS.Trusted),
	}
	r.Mount(map[string]any{
		realmconfig.DatabaseURLFile: string(c.DatabaseURL), realmconfig.DatabaseCAFile: string(c.DatabaseCA),
		realmconfig.CacheURLFile: string(c.CacheURL), realmconfig.CacheCAFile: string(c.CacheCA),
	})
	return realmconfig.CredentialsRevision(r.EncryptionKeys, c)
}

func (m *managed) awaitTaken(server *realmtest.Server, revision string) {
	m.t.Helper()
	eventually.Succeeds(m.t, func(context.Context) error {
		r := server.Report()
		if r.CredentialsRevision != revision || r.DatabaseProblem+r.CacheProblem != "" {
			return fmt.Errorf("revision %s is in force, want %s: %s %s", r.CredentialsRevision, revision, r.DatabaseProblem, r.CacheProblem)
		}
		return nil
	})
}

// awaitShown waits until whoever connects now is shown the certificates that the Secrets
// hold.
func (m *managed) awaitShown() {
	m.t.Helper()
	eventually.Succeeds(m.t, func(ctx context.Context) error {
		return errors.Join(m.shows(ctx, m.showsDatabase, m.in.DatabaseTLS), m.shows(ctx, m.showsCache, m.in.CacheTLS))
	})
}

func (m *managed) shows(ctx context.Context, ask func(context.Context) (*x509.Certificate, error), want render.StoreTLS) error {
	got, err := ask(ctx)
	if err != nil {
		return err
	}
	if (pki.Pair{Certificate: got}).Fingerprint() != want.Certificate.Fingerprint() {
		return errors.New("an earlier certificate is shown")
	}
	return nil
}

func (m *managed) showsDatabase(ctx context.Context) (*x509.Certificate, error) {
	conn, err := pgx.Connect(ctx, trusting(m.t, m.databaseURL(speakingTLS), m.in.DatabaseTLS.Trusted))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close(ctx) }()
	return conn.PgConn().Conn().(*tls.Conn).ConnectionState().PeerCertificates[0], nil
}

func (m *managed) showsCache(ctx context.Context) (*x509.Certificate, error) {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(m.in.CacheTLS.Trusted)
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}}
	conn, err := dialer.DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", m.tlsPort))
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }()
	return conn.(*tls.Conn).ConnectionState().PeerCertificates[0], nil
}

// awaitIdle waits until a connection has been idle for so long that no pod has it.
func (m *managed) awaitIdle(conn *pgx.Conn) {
	m.t.Helper()
	eventually.Succeeds(m.t, func(ctx context.Context) error {
		left := 0
		err := m.ask(ctx, "SELECT count(*) FROM pg_stat_activity WHERE pid = $1 AND state_change > now() - interval '6 seconds'", &left, conn.PgConn().PID())
		if err == nil && left > 0 {
			err = errors.New("it has not been idle for long")
		}
		return err
	})
}

// awaitNothingInTheClear waits until nobody is connected without TLS, and nobody can be.
func (m *managed) awaitNothingInTheClear(before *realmtest.Realm) {
	m.t.Helper()
	eventually.Succeeds(m.t, func(ctx context.Context) error {
		plain := 0
		err := m.ask(ctx, "SELECT count(*) FROM pg_stat_activity JOIN pg_stat_ssl USING (pid) WHERE client_addr IS NOT NULL AND NOT ssl", &plain)
		if err != nil {
			return err
		}
		if plain > 0 {
			return fmt.Errorf("%d connections are in the clear", plain)
		}
		if conn, err := pgx.Connect(ctx, before.DatabaseURL); err == nil {
			return errors.Join(errors.New("PostgreSQL takes a connection in the clear"), conn.Close(ctx))
		}
		if conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", fmt.Sprintf("127.0.0.1:%d", m.plainPort)); err == nil {
			return errors.Join(errors.New("Redis takes a connection in the clear"), conn.Close())
		}
		return nil
	})
}

// ask reads one value as PostgreSQL's own user.
func (m *managed) ask(ctx context.Context, statement string, into any, args ...any) error {
	_, port, _ := net.SplitHostPort(m.postgres.Address())
	conn, err := pgx.Connect(ctx, "postgres://postgres@/postgres?"+url.Values{"host": {m.socket()}, "port": {port}}.Encode())
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	return conn.QueryRow(ctx, statement, args...).Scan(into)
}

// visitors log in, refresh and look at their profile again and again, and accept no
// failure.
type visitors struct {
	t       *testing.T
	stop    context.CancelFunc
	people  sync.WaitGroup
	served  atomic.Int64
	refused atomic.Int64
	first   atomic.Pointer[error]
}

func (m *managed) visit(s *realmtest.Server) *visitors {
	m.t.Helper()
	ctx, stop := context.WithCancel(m.t.Context())
	v := &visitors{t: m.t, stop: stop}
	for i := range 4 {
		app := s.NewApp()
		if err := app.LogIn(ctx, realmtest.AdminEmail, realmtest.AdminPassword); err != nil {
			m.t.Fatal(err)
		}
		v.people.Go(func() {
			for ctx.Err() == nil {
				_, err := app.Profile(ctx)
				if err == nil {
					err = app.Refresh(ctx)
				}
				// One of them for all: many at once would be taken for somebody who guesses.
				if err == nil && i == 0 {
					err = app.LogIn(ctx, realmtest.AdminEmail, realmtest.AdminPassword)
				}
				v.met(ctx, err)
			}
		})
	}
	m.t.Cleanup(func() { stop(); v.people.Wait() })
	return v
}

func (v *visitors) met(ctx context.Context, err error) {
	switch {
	case ctx.Err() != nil:
	case err == nil:
		v.served.Add(1)
	default:
		v.refused.Add(1)
		v.first.CompareAndSwap(nil, &err)
	}
}

// goOn returns when people have been served anew.
func (v *visitors) goOn(when string) {
	v.t.Helper()
	before := v.served.Load()
	eventually.Holds(v.t, when+", everything goes on", func() bool { return v.served.Load() > before+20 })
	if err := v.first.Load(); err != nil {
		v.t.Fatalf("%s, %d were refused: %v", when, v.refused.Load(), *err)
	}
}

func (v *visitors) leave() {
	v.t.Helper()
	v.stop()
	v.people.Wait()
	if err := v.first.Load(); err != nil {
		v.t.Errorf("%d were refused and %d served: %v", v.refused.Load(), v.served.Load(), *err)
	}
}

// A pod that starts has no certificate: what it is for stands in no volume. It refuses
// everybody from elsewhere until it has one.
func TestAPostgreSQLThatStartsSpeaksNothingBeforeTLS(t *testing.T) {
	t.Parallel()
	m := newManaged(t)
	m.startPostgres()
	m.mount()
	end := m.runRoles()
	awaitDatabase := func() {
		t.Helper()
		eventually.Succeeds(t, func(ctx context.Context) error { return m.shows(ctx, m.showsDatabase, m.in.DatabaseTLS) })
	}
	awaitDatabase()
	end()
	if err := m.postgres.Halt(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"tls.pem", "tls.conf"} {
		if err := os.Remove(filepath.Join(m.socket(), name)); err != nil {
			t.Error(err)
		}
	}
	key := strings.Split(string(m.in.DatabaseTLS.Certificate.KeyPEM), "\n")[1]
	if file := fileWith(t, filepath.Join(m.socket(), "data"), key); file != "" {
		t.Errorf("%s in the volume holds the private key", file)
	}
	if err := m.postgres.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	plainly := strings.Replace(m.databaseURL(speakingTLS), "verify-full", "disable", 1)
	for name, at := range map[string]string{"in the clear": plainly, "with TLS": trusting(t, m.databaseURL(speakingTLS), m.authority.Bundle)} {
		if _, err := pgx.Connect(t.Context(), at); err == nil {
			t.Errorf("it takes connections %s", name)
		}
	}
	m.runRoles()
	awaitDatabase()
}

// fileWith is a file below a folder that holds a text, "" for none.
func fileWith(t *testing.T, folder, text string) (found string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		content, err := os.ReadFile(path)
		if strings.Contains(string(content), text) {
			found = path
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
