// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"fmt"
	"io"
	"log/slog"
)

// EncryptionKeys protect secrets at rest, such as second factors. One key
// encrypts; every key decrypts, so that they can be rotated.
type EncryptionKeys struct {
	Version int `json:"version"`
	// Primary is the ID of the key that encrypts.
	Primary string          `json:"primary"`
	Keys    []EncryptionKey `json:"keys"`
}

// EncryptionKey is one AES-256 key.
type EncryptionKey struct {
	ID string `json:"id"`
	// Key is 32 random bytes, base64 in JSON.
	Key KeyBytes `json:"key"`
}

// EncryptionKeyBytes is the size of an AES-256 key.
const EncryptionKeyBytes = 32

// KeyBytes is key material. It never prints itself.
type KeyBytes []byte

// LogValue hides the material from log/slog.
func (KeyBytes) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Format hides the material from fmt, whatever the verb.
func (KeyBytes) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

// Validate reports every problem of e at once; it never quotes key material.
func (e EncryptionKeys) Validate() error {
	p := problems{}
	p.check(e.Version == Version, "version: is %d, this build reads %d", e.Version, Version)
	seen := map[string]bool{}
	for i, k := range e.Keys {
		p.check(k.ID != "" && len(k.ID) <= 64, "keys[%d].id: must be 1 to 64 bytes", i)
		p.check(!seen[k.ID], "keys[%d].id: stands twice", i)
		p.check(len(k.Key) == EncryptionKeyBytes, "keys[%d].key: must be %d bytes", i, EncryptionKeyBytes)
		seen[k.ID] = true
	}
	p.check(seen[e.Primary], "primary: must be the id of a key")
	return p.join()
}
