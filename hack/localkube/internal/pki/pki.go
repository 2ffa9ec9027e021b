// SPDX-License-Identifier: Apache-2.0

// Package pki makes the certificates of a throw-away cluster.
package pki

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

const (
	lifetime = 365 * 24 * time.Hour
	// leeway lets certificates be valid on machines whose clock is a bit behind.
	leeway = 5 * time.Minute
)

// Identity is what a certificate says about its holder. One with names or
// addresses may serve TLS as well as open connections.
type Identity struct {
	Name      string
	Groups    []string
	DNSNames  []string
	Addresses []net.IP
}

// Authority signs certificates.
type Authority struct {
	certificate *x509.Certificate
	key         *ecdsa.PrivateKey
}

// NewAuthority makes a certificate authority and writes its certificate, but
// not its key: nothing is signed after the cluster has been set up.
func NewAuthority(folder, name string, now time.Time) (*Authority, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate key of %s: %w", name, err)
	}
	template := newTemplate(name, nil, now)
	template.IsCA, template.BasicConstraintsValid = true, true
	template.KeyUsage = x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate of %s: %w", name, err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, fmt.Errorf("read back certificate of %s: %w", name, err)
	}
	return &Authority{certificate, key}, writePEM(filepath.Join(folder, name+".crt"), "CERTIFICATE", der)
}

// Issue writes <file>.crt and <file>.key for identity.
func (a *Authority) Issue(folder, file string, identity Identity, now time.Time) error {
	key, err := NewKey(folder, file)
	if err != nil {
		return err
	}
	template := newTemplate(identity.Name, identity.Groups, now)
	template.KeyUsage = x509.KeyUsageDigitalSignature
	template.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	if len(identity.DNSNames)+len(identity.Addresses) > 0 {
		template.ExtKeyUsage = append(template.ExtKeyUsage, x509.ExtKeyUsageServerAuth)
		template.DNSNames, template.IPAddresses = identity.DNSNames, identity.Addresses
	}
	der, err := x509.CreateCertificate(rand.Reader, template, a.certificate, key.Public(), a.key)
	if err != nil {
		return fmt.Errorf("sign certificate of %s: %w", identity.Name, err)
	}
	return writePEM(filepath.Join(folder, file+".crt"), "CERTIFICATE", der)
}

// NewKey writes <file>.key, an ECDSA key on P-256, and <file>.pub.
func NewKey(folder, file string) (crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("generate key %s: %w", file, err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode key %s: %w", file, err)
	}
	public, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		return nil, fmt.Errorf("encode public key %s: %w", file, err)
	}
	return key, errors.Join(
		writePEM(filepath.Join(folder, file+".key"), "PRIVATE KEY", private),
		writePEM(filepath.Join(folder, file+".pub"), "PUBLIC KEY", public))
}

// Exists tells whether folder already holds the certificate or key called file.
func Exists(folder, file string) bool {
	_, err := os.Stat(filepath.Join(folder, file))
	return !errors.Is(err, fs.ErrNotExist)
}

func newTemplate(name string, groups []string, now time.Time) *x509.Certificate {
	// A random serial of 127 bits: unique without a counter to keep.
	serial, _ := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	return &x509.Certificate{
		SerialNumber: serial,
		Subject:      pkix.Name{CommonName: name, Organization: groups},
		NotBefore:    now.Add(-leeway),
		NotAfter:     now.Add(lifetime),
	}
}

func writePEM(path, kind string, der []byte) error {
	block := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := os.WriteFile(path, block, 0o600); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
