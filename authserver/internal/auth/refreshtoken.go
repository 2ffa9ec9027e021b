// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
)

const refreshTokenPrefix = "rkr_"

// refreshToken is the opaque secret of one step of a session.
type refreshToken Secret

func newRefreshToken(random io.Reader) (refreshToken, error) {
	token, err := newOpaque(refreshTokenPrefix, random)
	return refreshToken(token), err
}

func parseRefreshToken(s Secret) (refreshToken, bool) {
	return refreshToken(s), isOpaque(refreshTokenPrefix, s)
}

func (t refreshToken) hash() TokenHash { return hashOf(Secret(t)) }

// Purposes keep a sealed value of one place from being read in another.
const (
	sealForStore     = "realmkeeper refresh successor"
	sealForEphemeral = "realmkeeper refresh answer"
)

// seal encrypts a value so that only the holder of t can read it: AES-256-GCM
// under a key derived from t (RFC 5869). The result carries its nonce.
func (t refreshToken) seal(purpose string, value []byte) ([]byte, error) {
	aead, err := t.aead(purpose)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, value, nil), nil
}

func (t refreshToken) open(purpose string, sealed []byte) ([]byte, error) {
	aead, err := t.aead(purpose)
	if err != nil {
		return nil, err
	}
	value, err := aead.Open(nil, nil, sealed, nil)
	if err != nil {
		return nil, errors.New("open sealed successor: it was not sealed for this token")
	}
	return value, nil
}

func (t refreshToken) aead(purpose string) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, []byte(t), nil, purpose, 32)
	if err != nil {
		return nil, fmt.Errorf("derive sealing key: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("make sealing cipher: %w", err)
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, fmt.Errorf("make sealing cipher: %w", err)
	}
	return aead, nil
}
