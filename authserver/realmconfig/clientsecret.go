// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
)

// ClientSecret is what a server must know of a client's secret: enough to tell
// whether it was shown, and too little to show it. The secret itself is 256 random
// bits in base64url, for which no slow hash is needed.
type ClientSecret struct {
	// ID names the secret in reports: 1 to 64 letters, digits, "-" and "_".
	ID     string       `json:"id"`
	SHA256 SecretDigest `json:"sha256"`
}

// SecretDigest is the SHA-256 of a secret, lower-case hex in documents.
type SecretDigest [sha256.Size]byte

// DigestSecret is the digest of a secret as a client shows it.
func DigestSecret(secret string) SecretDigest { return sha256.Sum256([]byte(secret)) }

// MarshalText implements encoding.TextMarshaler.
func (d SecretDigest) MarshalText() ([]byte, error) { return hex.AppendEncode(nil, d[:]), nil }

// UnmarshalText implements encoding.TextUnmarshaler. The error does not quote the
// text, which may be a secret in the wrong place.
func (d *SecretDigest) UnmarshalText(text []byte) error {
	sum, err := hex.DecodeString(string(text))
	if err != nil || len(sum) != len(d) {
		return errors.New("a digest must be 64 hex digits")
	}
	*d = SecretDigest(sum)
	return nil
}
