// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path"
	"path/filepath"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

const (
	issuer     = "https://auth.example.com"
	issuerHost = "auth.example.com"
	audience   = "https://api.example.com"
)

// documents is a realm's folder, mounted the way the kubelet does it.
type documents struct {
	dir      string
	config   realmconfig.Config
	keyset   realmconfig.Keyset
	database string
	cache    string
	swaps    int
}

func newDocuments(dir, realm, database, cache string) *documents {
	config := realmfolder.Settings()
	config.Realm, config.Issuer, config.Tokens.Audience = realm, issuer, []string{audience}
	// Hashes are cheap, and all tests come from one address.
	config.Passwords.BcryptCost, config.Login.Lockout.SourceFailures = 10, 100_000
	return &documents{
		dir: dir, config: config, database: database, cache: cache,
		keyset: realmconfig.Keyset{Version: realmconfig.Version, Keys: []realmconfig.Key{newKey(realmconfig.ES256)}},
	}
}

func encryptionKeys() realmconfig.EncryptionKeys {
	return realmconfig.EncryptionKeys{
		Version: realmconfig.Version, Primary: "one",
		Keys: []realmconfig.EncryptionKey{{ID: "one", Key: make([]byte, realmconfig.EncryptionKeyBytes)}},
	}
}

// newKey is a key that signs since long ago.
func newKey(a realmconfig.Algorithm) realmconfig.Key {
	signer := crypto.Signer(nil)
	err := error(nil)
	switch a {
	case realmconfig.RS256:
		signer, err = rsa.GenerateKey(rand.Reader, 2048)
	case realmconfig.EdDSA:
		_, signer, err = ed25519.GenerateKey(rand.Reader)
	default:
		signer, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	}
	if err != nil {
		panic(err)
	}
	since := time.Now().Add(-time.Hour)
	key, err := realmconfig.NewKey(signer, since)
	if err != nil {
		panic(err)
	}
	key.SignFrom = &since
	return key
}

func (d *documents) writeAll() error {
	certificate, key, err := newCertificate(time.Now().Add(time.Hour))
	if err != nil {
		return err
	}
	for _, mount := range []map[string]any{
		{realmconfig.ConfigFile: d.config},
		{realmconfig.KeysetFile: d.keyset},
		{realmconfig.EncryptionKeysFile: encryptionKeys()},
		{realmconfig.CertificateFile: certificate, realmconfig.CertificateKeyFile: key},
		{realmconfig.DatabaseURLFile: d.database},
		{realmconfig.CacheURLFile: d.cache},
		{realmconfig.InitialAdminEmailFile: adminEmail + "\n", realmconfig.InitialAdminPasswordFile: adminPassword},
	} {
		if err := d.mount(mount); err != nil {
			return err
		}
	}
	return nil
}

// mount replaces one mounted folder: new contents in a new folder, then one
// rename of the symbolic link through which all files are seen.
func (d *documents) mount(files map[string]any) error {
	d.swaps++
	version := fmt.Sprintf("..version_%d", d.swaps)
	folder := ""
	for name, content := range files {
		folder = filepath.Join(d.dir, path.Dir(name))
		if err := os.MkdirAll(filepath.Join(folder, version), 0o755); err != nil {
			return err
		}
		data := []byte(nil)
		switch c := content.(type) {
		case string:
			data = []byte(c)
		default:
			encoded, err := realmconfig.Encode(content)
			if err != nil {
				return err
			}
			data = encoded
		}
		if err := os.WriteFile(filepath.Join(folder, version, path.Base(name)), data, 0o600); err != nil {
			return err
		}
	}
	next := filepath.Join(folder, "..data_tmp")
	if err := os.Symlink(version, next); err != nil {
		return err
	}
	if err := os.Rename(next, filepath.Join(folder, "..data")); err != nil {
		return err
	}
	for name := range files {
		visible := filepath.Join(d.dir, name)
		if _, err := os.Lstat(visible); err == nil {
			continue
		}
		if err := os.Symlink(filepath.Join("..data", path.Base(name)), visible); err != nil {
			return err
		}
	}
	return nil
}

// newCertificate signs itself, for the issuer's host.
func newCertificate(notAfter time.Time) (certificate, key string, err error) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return "", "", err
	}
	serial, err := rand.Int(rand.Reader, big.NewInt(1<<62))
	if err != nil {
		return "", "", err
	}
	template := &x509.Certificate{
		SerialNumber: serial, Subject: pkix.Name{CommonName: "test"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: notAfter,
		DNSNames: []string{issuerHost}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		return "", "", err
	}
	encoded, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return "", "", err
	}
	certificate = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	return certificate, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: encoded})), nil
}
