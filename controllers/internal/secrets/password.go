// SPDX-License-Identifier: Apache-2.0

package secrets

import (
	"fmt"
	"io"
	"strings"
)

// NewPassword draws 32 letters and digits, 190 bits: safe in a URL, in SQL, in a
// configuration file and in a shell.
func NewPassword(random io.Reader) (string, error) {
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
