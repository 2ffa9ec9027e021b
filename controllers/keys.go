// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"io"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

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
