// SPDX-License-Identifier: Apache-2.0

// Package pki is a realm's own certificate authority and the certificate it
// serves. It keeps nothing, reads no clock and asks nobody: what it works on,
// the time and the randomness are parameters.
package pki

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	"time"
)

const (
	authorityLifetime = 10 * 365 * 24 * time.Hour
	leafLifetime      = 90 * 24 * time.Hour

	// backdate lets a certificate be used at once by a client whose clock is slow.
	backdate = 5 * time.Minute
)

// Pair is a certificate and its private key.
type Pair struct {
	Certificate *x509.Certificate
	Key         crypto.Signer

	// CertificatePEM may hold the chain that leads on from Certificate.
	CertificatePEM, KeyPEM []byte
}

// ParsePair reads a certificate chain, leaf first, and the leaf's private key.
// The error never quotes key material.
func ParsePair(certificatePEM, keyPEM []byte) (Pair, error) {
	pair, err := tls.X509KeyPair(certificatePEM, keyPEM)
	if err != nil {
		// The standard errors name what is wrong and quote nothing of it.
		return Pair{}, fmt.Errorf("read certificate and key: %w", err)
	}
	key, ok := pair.PrivateKey.(crypto.Signer)
	if !ok {
		return Pair{}, errors.New("read certificate and key: the key cannot sign")
	}
	return Pair{Certificate: pair.Leaf, Key: key, CertificatePEM: certificatePEM, KeyPEM: keyPEM}, nil
}

// RenewAt is when two thirds of the certificate's life have passed.
func (p Pair) RenewAt() time.Time {
	life := p.Certificate.NotAfter.Sub(p.Certificate.NotBefore)
	return p.Certificate.NotBefore.Add(life / 3 * 2)
}

// Fingerprint is the SHA-256 of the certificate in lower-case hex.
func (p Pair) Fingerprint() string {
	sum := sha256.Sum256(p.Certificate.Raw)
	return hex.EncodeToString(sum[:])
}

// sign makes a certificate from a template, for a key.
func sign(template, parent *x509.Certificate, key, signer crypto.Signer, random io.Reader) (Pair, error) {
	serial := make([]byte, 16)
	if _, err := io.ReadFull(random, serial); err != nil {
		return Pair{}, fmt.Errorf("draw serial number: %w", err)
	}
	serial[0] &= 0x7f // a serial number is positive (RFC 5280, section 4.1.2.2)
	template.SerialNumber = new(big.Int).SetBytes(serial)

	der, err := x509.CreateCertificate(random, template, parent, key.Public(), signer)
	if err != nil {
		return Pair{}, fmt.Errorf("sign certificate: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return Pair{}, fmt.Errorf("read signed certificate: %w", err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return Pair{}, fmt.Errorf("encode private key: %w", err)
	}
	return Pair{
		Certificate:    certificate,
		Key:            key,
		CertificatePEM: encode("CERTIFICATE", der),
		KeyPEM:         encode("PRIVATE KEY", keyDER),
	}, nil
}

func newKey(random io.Reader) (crypto.Signer, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), random)
	if err != nil {
		return nil, fmt.Errorf("generate key: %w", err)
	}
	return key, nil
}

func encode(kind string, der []byte) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
}

// parseBundle reads every certificate of a PEM file and passes over what is none.
func parseBundle(data []byte) []*x509.Certificate {
	var out []*x509.Certificate
	for {
		block, rest := pem.Decode(data)
		if block == nil {
			return out
		}
		if c, err := x509.ParseCertificate(block.Bytes); err == nil && block.Type == "CERTIFICATE" {
			out = append(out, c)
		}
		data = rest
	}
}

func encodeBundle(certificates []*x509.Certificate) []byte {
	var out bytes.Buffer
	for _, c := range certificates {
		out.Write(encode("CERTIFICATE", c.Raw))
	}
	return out.Bytes()
}
