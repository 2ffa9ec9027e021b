// SPDX-License-Identifier: Apache-2.0

// Package sealing encrypts what the database must not be able to read: second
// factors, telephone numbers, messages that wait to be sent.
//
// A sealed value is
//
//	version (1 byte, 1) | length of key id (1 byte) | key id | nonce | ciphertext and tag
//
// with AES-256-GCM under one of the realm's encryption keys. Purpose and owner
// are authenticated with it, so that a value cannot be moved to another row and
// still be opened.
package sealing

import (
	"crypto/aes"
	"crypto/cipher"
	"errors"
	"fmt"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const version = 1

// ErrForeign means that a value was not sealed for this purpose and owner, with
// a key that the realm has.
var ErrForeign = errors.New("sealed value cannot be opened")

// Sealer seals with the keys in force at each call. It implements auth.Sealer.
type Sealer struct {
	keys func() realmconfig.EncryptionKeys
}

// New returns a sealer that follows keys, which must be valid.
func New(keys func() realmconfig.EncryptionKeys) *Sealer { return &Sealer{keys} }

// Seal encrypts value for owner, the id of the row that will hold it.
func (s *Sealer) Seal(purpose, owner string, value []byte) ([]byte, error) {
	keys := s.keys()
	aead, err := cipherOf(keys, keys.Primary)
	if err != nil {
		return nil, err
	}
	header := append([]byte{version, byte(len(keys.Primary))}, keys.Primary...) //nolint:gosec // validated ids are short
	return aead.Seal(header, nil, value, bind(header, purpose, owner)), nil     //nolint:gosec // the cipher draws the nonce
}

// Open decrypts what Seal made for the same purpose and owner; otherwise the
// error is ErrForeign.
func (s *Sealer) Open(purpose, owner string, sealed []byte) ([]byte, error) {
	id, ok := keyID(sealed)
	if !ok {
		return nil, ErrForeign
	}
	aead, err := cipherOf(s.keys(), id)
	if err != nil {
		return nil, err
	}
	header, body := sealed[:2+len(id)], sealed[2+len(id):]
	value, err := aead.Open(nil, nil, body, bind(header, purpose, owner))
	if err != nil {
		return nil, ErrForeign
	}
	return value, nil
}

// Primary is the header that values sealed now begin with: what a query needs to
// find those that should be sealed again.
func (s *Sealer) Primary() []byte {
	id := s.keys().Primary
	return append([]byte{version, byte(len(id))}, id...) //nolint:gosec // validated ids are short
}

func keyID(sealed []byte) (string, bool) {
	if len(sealed) < 2 || sealed[0] != version || len(sealed) < 2+int(sealed[1]) {
		return "", false
	}
	return string(sealed[2 : 2+int(sealed[1])]), true
}

// bind is the additional data: unambiguous, because the lengths stand in it.
func bind(header []byte, purpose, owner string) []byte {
	return fmt.Appendf(nil, "%s%d:%s%d:%s", header, len(purpose), purpose, len(owner), owner)
}

func cipherOf(keys realmconfig.EncryptionKeys, id string) (cipher.AEAD, error) {
	for _, k := range keys.Keys {
		if k.ID != id {
			continue
		}
		block, err := aes.NewCipher(k.Key)
		if err != nil {
			return nil, fmt.Errorf("make cipher: %w", err)
		}
		return cipher.NewGCMWithRandomNonce(block)
	}
	return nil, ErrForeign
}
