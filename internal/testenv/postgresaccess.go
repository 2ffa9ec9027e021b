// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/jackc/pgx/v5"
)

// NewPostgres is a server of one test's own, which it may break.
func NewPostgres(t testing.TB) *Postgres {
	t.Helper()
	p, err := StartPostgres(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	p.stopAfter(t)
	return p
}

func (p *Postgres) stopAfter(t testing.TB) {
	t.Cleanup(func() {
		if err := p.Stop(); err != nil {
			t.Error(err)
		}
	})
}

// Address is the host and port of the server.
func (p *Postgres) Address() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(p.port)) }

// Socket is the folder of the server's socket, which is its user's own.
func (p *Postgres) Socket() string { return p.folder }

// UseSocket has the tests' own user come by the socket from now on, where nobody is asked
// for a password, whatever becomes of the others.
func (p *Postgres) UseSocket() {
	p.url = &url.URL{
		Scheme: "postgres", User: url.User("postgres"), Path: "/postgres",
		RawQuery: url.Values{"host": {p.folder}, "port": {strconv.Itoa(p.port)}}.Encode(),
	}
}

// Execute runs a statement as the server's own user.
func (p *Postgres) Execute(t testing.TB, statement string) {
	t.Helper()
	if err := p.execute(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// AskForPasswords has the server ask everybody for a password, but its own user.
func (p *Postgres) AskForPasswords(t testing.TB) {
	t.Helper()
	p.writeData(t, "pg_hba.conf", "local all all trust\nhost all postgres 127.0.0.1/32 trust\nhost replication postgres 127.0.0.1/32 trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
	p.Execute(t, "SELECT pg_reload_conf()")
}

// ServeTLS has the server speak TLS too, and refuse everybody who does not but
// its own user. It returns the CA in PEM; the certificate is for 127.0.0.1.
func (p *Postgres) ServeTLS(t testing.TB) (ca string) {
	t.Helper()
	c, err := newCertificate(loopback)
	if err != nil {
		t.Fatal(err)
	}
	key, err := c.key()
	if err != nil {
		t.Fatal(err)
	}
	p.writeData(t, "server.crt", c.pem)
	p.writeData(t, "server.key", key)
	p.writeData(t, "pg_hba.conf", "local all all trust\nhost all postgres 127.0.0.1/32 trust\nhostssl all all 127.0.0.1/32 trust\n")
	p.Execute(t, "ALTER SYSTEM SET ssl = on")
	p.Execute(t, "SELECT pg_reload_conf()")
	return c.pem
}

func (c certificate) key() (string, error) {
	der, err := x509.MarshalPKCS8PrivateKey(c.pair.PrivateKey)
	if err != nil {
		return "", fmt.Errorf("encode key: %w", err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), nil
}

func (p *Postgres) writeData(t testing.TB, name, content string) {
	t.Helper()
	path := filepath.Join(p.data(), name)
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := own(path); err != nil {
		t.Fatal(err)
	}
}

// Standby is a new server that follows this one and can only be read, until
// Promote.
func (p *Postgres) Standby(t testing.TB) *Postgres {
	t.Helper()
	folder, err := newFolder("postgres")
	if err != nil {
		t.Fatal(err)
	}
	standby := &Postgres{folder: folder, settings: quick()}
	err = standby.run(t.Context(), "pg_basebackup", "--pgdata="+standby.data(), "--write-recovery-conf", "--checkpoint=fast",
		"--no-sync", "--host=127.0.0.1", "--port="+strconv.Itoa(p.port), "--username=postgres")
	if err == nil {
		err = standby.startFirst(t.Context())
	}
	if err != nil {
		_ = os.RemoveAll(folder)
		t.Fatal(err)
	}
	standby.stopAfter(t)
	return standby
}

// AwaitCopy returns when a standby has all that the server has.
func (p *Postgres) AwaitCopy(t testing.TB) {
	t.Helper()
	err := p.daemon.await(t.Context(), func(ctx context.Context) error {
		conn, err := pgx.Connect(ctx, p.url.String())
		if err != nil {
			return err
		}
		defer func() { _ = conn.Close(ctx) }()
		return conn.QueryRow(ctx, `SELECT 1 FROM pg_stat_replication WHERE replay_lsn = pg_current_wal_lsn()`).Scan(new(int))
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Promote makes a standby a server of its own.
func (p *Postgres) Promote(t testing.TB) {
	t.Helper()
	p.Execute(t, "SELECT pg_promote()")
}
