// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"strings"
)

// opaqueBytes of randomness are beyond guessing.
const opaqueBytes = 32

// TokenHash is the SHA-256 of an opaque token: all that is ever stored of it.
type TokenHash [sha256.Size]byte

// NewOpaque makes a token that means nothing but to our store. The prefix says
// what it is to whoever finds one, a scanner for leaked secrets for example.
func NewOpaque(prefix string, random io.Reader) (Secret, error) {
	b := make([]byte, opaqueBytes)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("make token: %w", err)
	}
	return Secret(prefix + base64.RawURLEncoding.EncodeToString(b)), nil
}

// IsOpaque refuses what NewOpaque cannot have made, so that nonsense costs no
// query.
func IsOpaque(prefix string, s Secret) bool {
	body, ok := strings.CutPrefix(string(s), prefix)
	if !ok || len(body) != base64.RawURLEncoding.EncodedLen(opaqueBytes) {
		return false // the decoder would overlook line breaks
	}
	_, err := base64.RawURLEncoding.Strict().DecodeString(body)
	return err == nil
}

// HashOf is all that is stored of an opaque token.
func HashOf(s Secret) TokenHash { return sha256.Sum256([]byte(s)) }
