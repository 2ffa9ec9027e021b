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
	"slices"
	"time"
)

// Keyset is every signing key of a realm, whatever its state. Keys carry times,
// so that the same document means the same on every pod, and stays right while
// the operator is away.
type Keyset struct {
	Version int   `json:"version"`
	Keys    []Key `json:"keys"`

	// JWKSMaxAge and TokenLifetime are what the operator must not forget of the
	// settings that pods have run: for how long a verifier may go on with a copy
	// of the JWKS, and a token be valid. A server makes nothing of them.
	JWKSMaxAge    Promise `json:"jwksMaxAge,omitzero"`
	TokenLifetime Promise `json:"tokenLifetime,omitzero"`
}

// Promise bounds for how long something was given out. What pods gave out before
// a setting was lowered holds longer than the setting says.
type Promise struct {
	// Longest is the longest duration that any pod may be giving out.
	Longest Duration `json:"longest"`

	// Earlier is what Longest was until ReplacedAt, from when on no pod gave out
	// anything so long any more; nil when nothing was replaced.
	Earlier    Duration   `json:"earlier,omitempty"`
	ReplacedAt *time.Time `json:"replacedAt,omitempty"`
}

// Kept is when everything that was given out until a time is over.
func (p Promise) Kept(until time.Time) time.Time {
	longest := time.Duration(p.Longest)
	kept := until.Add(longest)
	if p.ReplacedAt == nil {
		return kept
	}
	earlier := time.Duration(p.Earlier)
	if until.Before(*p.ReplacedAt) {
		return until.Add(max(earlier, longest))
	}
	if before := p.ReplacedAt.Add(earlier); before.After(kept) {
		return before
	}
	return kept
}

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

// SigningKey is the newest key whose SignFrom has passed and that has not been
// retired. Where there is none it is the one that comes first: rather does a
// server whose clock is behind sign early than not at all. The second result is
// false when no key may ever sign.
func (s Keyset) SigningKey(now time.Time) (Key, bool) {
	best, found := Key{}, false
	for _, k := range s.Keys {
		if k.SignFrom != nil && k.VerifyUntil == nil && (!found || k.takesOver(best, now)) {
			best, found = k, true
		}
	}
	return best, found
}

// takesOver reports whether k rather than other signs at now.
func (k Key) takesOver(other Key, now time.Time) bool {
	if other.SignFrom.After(now) {
		return k.SignFrom.Before(*other.SignFrom)
	}
	return !k.SignFrom.After(now) && k.SignFrom.After(*other.SignFrom)
}

// Published is every key that a verifier should know at now: pending, signing
// and retiring ones.
func (s Keyset) Published(now time.Time) []Key {
	return slices.DeleteFunc(slices.Clone(s.Keys), func(k Key) bool {
		return k.VerifyUntil != nil && !k.VerifyUntil.After(now)
	})
}

// Validate reports every problem of s at once; it never quotes key material.
func (s Keyset) Validate() error {
	p := problems{}
	p.check(s.Version == Version, "version: is %d, this build reads %d", s.Version, Version)
	p.check(len(s.Keys) > 0, "keys: must not be empty")
	seen := map[string]bool{}
	for i, k := range s.Keys {
		p.check(!seen[k.KID], "keys[%d].kid: stands twice", i)
		seen[k.KID] = true
		p.add(k.validate(i))
	}
	return p.join()
}

func (k Key) validate(i int) error {
	signer, err := k.Signer()
	if err != nil {
		return fmt.Errorf("keys[%d].private: %w", i, err)
	}
	jwk, err := NewJWK(signer.Public())
	if err != nil {
		return fmt.Errorf("keys[%d].private: %w", i, err)
	}
	p := problems{}
	p.check(jwk.KID == k.KID, "keys[%d].kid: is not the thumbprint of the key", i)
	p.check(jwk.Alg == k.Algorithm, "keys[%d].algorithm: does not fit the key", i)
	return p.join()
}
