// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/api/v1alpha1"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// rsaBits is what RFC 7518, section 3.3, wants at least; more only slows logins.
const rsaBits = 2048

// firstKeyset makes a realm's first key set. Its one key signs at once: nobody
// can know an older one.
func firstKeyset(algorithm v1alpha1.SigningAlgorithm, now time.Time, random io.Reader) ([]byte, error) {
	private, err := newSigningKey(algorithm, random)
	if err != nil {
		return nil, fmt.Errorf("generate signing key: %w", err)
	}
	// Status shows times in whole seconds; so must be what it is compared with.
	now = now.UTC().Truncate(time.Second)
	key, err := realmconfig.NewKey(private, now)
	if err != nil {
		return nil, fmt.Errorf("generate signing key: %w", err)
	}
	key.SignFrom = &now
	return realmconfig.Encode(realmconfig.Keyset{Version: realmconfig.Version, Keys: []realmconfig.Key{key}})
}

func newSigningKey(algorithm v1alpha1.SigningAlgorithm, random io.Reader) (crypto.Signer, error) {
	switch algorithm {
	case v1alpha1.ES256:
		return ecdsa.GenerateKey(elliptic.P256(), random)
	case v1alpha1.RS256:
		return rsa.GenerateKey(random, rsaBits)
	case v1alpha1.EdDSA:
		_, private, err := ed25519.GenerateKey(random)
		return private, err
	default:
		return nil, fmt.Errorf("unknown algorithm %q", algorithm)
	}
}

// firstEncryptionKeys makes a realm's first key for secrets at rest.
func firstEncryptionKeys(random io.Reader) ([]byte, error) {
	material := make(realmconfig.KeyBytes, realmconfig.EncryptionKeyBytes)
	if _, err := io.ReadFull(random, material); err != nil {
		return nil, fmt.Errorf("draw encryption key: %w", err)
	}
	const id = "1"
	return realmconfig.Encode(realmconfig.EncryptionKeys{
		Version: realmconfig.Version,
		Primary: id,
		Keys:    []realmconfig.EncryptionKey{{ID: id, Key: material}},
	})
}

// newPassword draws 32 letters and digits, 190 bits: safe in a URL, in SQL, in a
// configuration file and in a shell.
func newPassword(random io.Reader) (string, error) {
	const (
		alphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		length   = 32
		// fair is the largest multiple of the alphabet's size that a byte can
		// hold. What is above it would favour the first letters.
		fair = 256 / len(alphabet) * len(alphabet)
	)
	var password strings.Builder
	for b := make([]byte, 1); password.Len() < length; {
		if _, err := io.ReadFull(random, b); err != nil {
			return "", fmt.Errorf("draw password: %w", err)
		}
		if int(b[0]) < fair {
			password.WriteByte(alphabet[int(b[0])%len(alphabet)])
		}
	}
	return password.String(), nil
}
