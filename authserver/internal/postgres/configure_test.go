// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/tlspolicy"
)

// Whoever gives a CA and does not say otherwise never talks to a server that it
// does not vouch for.
func TestACAIsAlwaysAsked(t *testing.T) {
	t.Parallel()
	ca := certificate(t)
	for _, text := range []string{
		"postgres://app@db", "postgres://app@db?", "postgres://app@db/app", "postgres://app@a,b/app?target_session_attrs=read-write",
		"postgres://app:hunter2?x@db/app", "postgres://app@db/app?ssl=true", "postgres://app@db/app?sslmode=require",
		"postgres://app@db/app?sslmode=verify-ca", "postgres://app@db/app?sslmode=verify-full&application_name=x",
		"postgres://app@db/app?sslmode=", "postgres://app@db/app?sslmode=disable&sslmode=require", "postgres:///app?host=db",
	} {
		config, err := configure(realmconfig.Place{URL: realmconfig.Credential(text), CA: ca})
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		for _, c := range append(config.ConnConfig.Fallbacks, &pgconn.FallbackConfig{TLSConfig: config.ConnConfig.TLSConfig}) {
			switch {
			case c.TLSConfig == nil:
				t.Errorf("%s: goes without TLS", text)
			case c.TLSConfig.InsecureSkipVerify && c.TLSConfig.VerifyPeerCertificate == nil:
				t.Errorf("%s: trusts anybody", text)
			case c.TLSConfig.RootCAs == nil:
				t.Errorf("%s: trusts the public CAs", text)
			case !slices.Equal(c.TLSConfig.CipherSuites, tlspolicy.New().CipherSuites):
				t.Errorf("%s: speaks every cipher", text)
			}
		}
	}
}

// Without a name, a statement that was parsed in one session may be taken for another
// one's in the next, which PostgreSQL notices only when their parameters differ.
func TestWhatNeedsASession(t *testing.T) {
	t.Parallel()
	for query, needed := range map[string]bool{
		"": true, "?default_query_exec_mode=describe_exec": true,
		"?default_query_exec_mode=cache_statement": false, "?default_query_exec_mode=cache_describe": false,
		"?default_query_exec_mode=exec": false, "?default_query_exec_mode=simple_protocol": false,
	} {
		config, err := configure(realmconfig.Place{URL: realmconfig.Credential("postgres://app@db/app" + query)})
		if err != nil {
			t.Fatal(err)
		}
		if needsSession(config.ConnConfig) != needed {
			t.Errorf("%q needs a session: %t", query, !needed)
		}
	}
}

func certificate(t *testing.T) realmconfig.Credential {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return realmconfig.Credential(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func FuzzConfigure(f *testing.F) {
	for _, url := range []string{
		"postgres://app:hunter2@db:5432/app", "postgresql://app:hunter2@a,b:1/app?target_session_attrs=read-write",
		"postgres:///app?host=a&password=hunter2", "postgres://app:hunter2@[::1/app", "postgres://a:hunter2@h?sslmode=verify-full&sslmode=x",
		"postgres://u:hunter2:x@h:port/d", "postgres://u@h/d?connect_timeout=hunter2", "postgres://u@h/d?pool_max_conns=hunter2",
	} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, url string) {
		_, err := configure(realmconfig.Place{URL: realmconfig.Credential(url)})
		if err != nil && strings.Contains(url, "hunter2") && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("the error quotes the URL: %v", err)
		}
	})
}
