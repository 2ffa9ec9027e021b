// SPDX-License-Identifier: Apache-2.0

package personaltoken

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const (
	// Prefix tells a personal access token from everything else, above all to programs that
	// look for secrets in the wrong places.
	Prefix = "rkpat_"
	// secretBytes of randomness are beyond guessing. The checksum behind them is for those
	// programs: they need not ask the realm whether what they have found is a token.
	secretBytes, checksumBytes = 32, crc32.Size
)

// newSecret makes a token: the prefix, and in base64url (RFC 4648, section 5) 32 random
// bytes and their CRC-32 (IEEE), the highest byte first. Together these are 48 characters,
// of which none is padding.
func newSecret(random io.Reader) (auth.Secret, error) {
	b := make([]byte, secretBytes, secretBytes+checksumBytes)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("make token: %w", err)
	}
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
	return auth.Secret(Prefix + base64.RawURLEncoding.EncodeToString(b)), nil
}

// Is reports whether a text is one that newSecret can have made, so that noise costs no
// query. Each token has one spelling.
func Is(text auth.Secret) bool {
	body, ok := strings.CutPrefix(string(text), Prefix)
	if !ok || len(body) != base64.RawURLEncoding.EncodedLen(secretBytes+checksumBytes) {
		return false // the decoder would overlook line breaks
	}
	b, err := base64.RawURLEncoding.DecodeString(body)
	return err == nil && len(b) == secretBytes+checksumBytes &&
		binary.BigEndian.Uint32(b[secretBytes:]) == crc32.ChecksumIEEE(b[:secretBytes])
}
