// SPDX-License-Identifier: Apache-2.0

// Package realmfolder writes a realm's folder, as the operator mounts it in a
// pod, for tests that run the server's program.
package realmfolder

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Folder is what a test may change before Write.
type Folder struct {
	Dir    string
	Config realmconfig.Config
	// DatabaseURL and CacheURL are where the stores are.
	DatabaseURL, CacheURL string
	// AdminEmail and AdminPassword are of the user that migrations create.
	AdminEmail, AdminPassword string
	// Files are more of what is mounted, by name, and come before all else.
	Files map[string]string
}

// IssuerHost is the name in the server's certificate, beside 127.0.0.1.
const IssuerHost = "auth.example.com"

// New is a folder that lasts as long as the test.
func New(t testing.TB, databaseURL, cacheURL string) *Folder {
	t.Helper()
	return &Folder{
		Dir: t.TempDir(), DatabaseURL: databaseURL, CacheURL: cacheURL,
		AdminEmail: "admin@example.com", AdminPassword: rand.Text(),
		Config: Settings(),
	}
}

// Settings are the defaults of a realm that lets anybody register, with an
// application beside it and no limit to requests.
func Settings() realmconfig.Config {
	config := realmconfig.Defaults("test/"+rand.Text(), "https://"+IssuerHost)
	config.Tokens.Audience = []string{"https://api.example.com"}
	config.Registration.Mode = realmconfig.Open
	config.TwoFactor.Label, config.UI.DisplayName = "Example", "Example"
	config.Browser.ResetPasswordURL = "https://app.example.com/reset?token={token}"
	config.Browser.VerifyEmailURL = "https://app.example.com/verify?token={token}"
	config.Network.RequestsPerMinute = 0
	return config
}

// Write puts the folder on the disk and returns how a client trusts the server.
func (f *Folder) Write(t testing.TB) *tls.Config {
	t.Helper()
	if err := f.Save(); err != nil {
		t.Fatal(err)
	}
	certificate, err := os.ReadFile(filepath.Join(f.Dir, realmconfig.CertificateFile))
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(certificate)
	return &tls.Config{RootCAs: roots}
}

// Save puts the folder on the disk.
func (f *Folder) Save() error {
	files, err := f.files()
	if err != nil {
		return err
	}
	for name, content := range f.Files {
		files[name] = []byte(content)
	}
	for name, content := range files {
		path := filepath.Join(f.Dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return fmt.Errorf("write realm: %w", err)
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return fmt.Errorf("write realm: %w", err)
		}
	}
	return nil
}

func (f *Folder) files() (map[string][]byte, error) {
	certificate, certificateKey, err := newCertificate()
	if err != nil {
		return nil, err
	}
	config, err := realmconfig.Encode(f.Config)
	if err != nil {
		return nil, fmt.Errorf("encode settings: %w", err)
	}
	keyset, err := newKeyset()
	if err != nil {
		return nil, err
	}
	sealing, err := realmconfig.Encode(realmconfig.EncryptionKeys{
		Version: realmconfig.Version, Primary: "one",
		Keys: []realmconfig.EncryptionKey{{ID: "one", Key: make([]byte, realmconfig.EncryptionKeyBytes)}},
	})
	if err != nil {
		return nil, fmt.Errorf("encode encryption keys: %w", err)
	}
	return map[string][]byte{
		realmconfig.ConfigFile:               config,
		realmconfig.KeysetFile:               keyset,
		realmconfig.EncryptionKeysFile:       sealing,
		realmconfig.CertificateFile:          certificate,
		realmconfig.CertificateKeyFile:       certificateKey,
		realmconfig.DatabaseURLFile:          []byte(f.DatabaseURL),
		realmconfig.CacheURLFile:             []byte(f.CacheURL),
		realmconfig.InitialAdminEmailFile:    []byte(f.AdminEmail),
		realmconfig.InitialAdminPasswordFile: []byte(f.AdminPassword),
	}, nil
}

// newKeyset is one key that signs already.
func newKeyset() ([]byte, error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	since := time.Now()
	key, err := realmconfig.NewKey(private, since)
	if err != nil {
		return nil, fmt.Errorf("make signing key: %w", err)
	}
	key.SignFrom = &since
	return realmconfig.Encode(realmconfig.Keyset{Version: realmconfig.Version, Keys: []realmconfig.Key{key}})
}

// newCertificate signs itself and lasts a day.
func newCertificate() (certificate, key []byte, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, nil, fmt.Errorf("make certificate: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		DNSNames: []string{IssuerHost}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return nil, nil, fmt.Errorf("make certificate: %w", err)
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, nil, fmt.Errorf("make certificate: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded}), nil
}
