// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"crypto"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"
)

// Key is one signing key.
type Key struct {
	// KID is the RFC 7638 thumbprint of the public key.
	KID       string    `json:"kid"`
	Algorithm Algorithm `json:"algorithm"`

	// Private is PKCS #8 in PEM.
	Private PEM `json:"private"`

	CreatedAt time.Time `json:"createdAt"`

	// AcknowledgedAt is when every pod that can serve had the key; nil before. It
	// is for the operator: a server makes nothing of it.
	AcknowledgedAt *time.Time `json:"acknowledgedAt,omitempty"`

	// SignFrom is when the key starts to sign; nil while it is only published.
	SignFrom *time.Time `json:"signFrom,omitempty"`

	// VerifyUntil is when the last token it signed has expired and the key
	// leaves the JWKS; nil while it may still sign.
	VerifyUntil *time.Time `json:"verifyUntil,omitempty"`
}

// PEM is key material. It never prints itself.
type PEM string

// LogValue hides the material from log/slog.
func (PEM) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Format hides the material from fmt, whatever the verb.
func (PEM) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

// NewKey describes a fresh private key that is not to sign yet.
func NewKey(private crypto.Signer, now time.Time) (Key, error) {
	jwk, err := NewJWK(private.Public())
	if err != nil {
		return Key{}, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return Key{}, fmt.Errorf("encode signing key: %w", err)
	}
	block := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	return Key{KID: jwk.KID, Algorithm: jwk.Alg, Private: PEM(block), CreatedAt: now}, nil
}

// Signer decodes the private key. The error never quotes the material.
func (k Key) Signer() (crypto.Signer, error) {
	block, _ := pem.Decode([]byte(k.Private))
	if block == nil {
		return nil, errors.New("is not PEM")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errors.New("is not PKCS #8")
	}
	signer, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, errors.New("is not a signing key")
	}
	return signer, nil
}

// published reports whether a verifier should know the key at now.
func (k Key) published(now time.Time) bool { return k.VerifyUntil == nil || k.VerifyUntil.After(now) }

func (k Key) validate(at string) error {
	signer, err := k.Signer()
	if err != nil {
		return fmt.Errorf("%s.private: %w", at, err)
	}
	jwk, err := NewJWK(signer.Public())
	if err != nil {
		return fmt.Errorf("%s.private: %w", at, err)
	}
	p := problems{}
	p.check(jwk.KID == k.KID, "%s.kid: is not the thumbprint of the key", at)
	p.check(jwk.Alg == k.Algorithm, "%s.algorithm: does not fit the key", at)
	return p.join()
}
