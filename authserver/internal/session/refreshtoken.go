// SPDX-License-Identifier: Apache-2.0

package session

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const refreshTokenPrefix = "rkr_"

// RefreshToken is the opaque secret of one step of a session.
type RefreshToken auth.Secret

// NewRefreshToken makes one, which is good once its hash is stored.
func NewRefreshToken(random io.Reader) (RefreshToken, error) {
	token, err := auth.NewOpaque(refreshTokenPrefix, random)
	return RefreshToken(token), err
}

func parseRefreshToken(s auth.Secret) (RefreshToken, bool) {
	return RefreshToken(s), auth.IsOpaque(refreshTokenPrefix, s)
}

// Hash is all that is stored of it.
func (t RefreshToken) Hash() auth.TokenHash { return auth.HashOf(auth.Secret(t)) }

// Purposes keep a sealed value of one place from being read in another.
const (
	sealForStore     = "realmkeeper refresh successor"
	sealForEphemeral = "realmkeeper refresh answer"
)

// seal encrypts a value so that only the holder of t can read it: AES-256-GCM
// under a key derived from t (RFC 5869). The result carries its nonce.
func (t RefreshToken) seal(purpose string, value []byte) ([]byte, error) {
	aead, err := t.aead(purpose)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, nil, value, nil), nil //nolint:gosec // the cipher draws the nonce
}

func (t RefreshToken) open(purpose string, sealed []byte) ([]byte, error) {
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

// SealSuccessor encrypts the token that follows t, for the Store to keep.
func (t RefreshToken) SealSuccessor(successor RefreshToken) ([]byte, error) {
	return t.seal(sealForStore, []byte(successor))
}

// OpenSuccessor reads the token that the Store keeps sealed for the holder of t.
func (t RefreshToken) OpenSuccessor(sealed []byte) (RefreshToken, error) {
	successor, err := t.open(sealForStore, sealed)
	return RefreshToken(successor), err
}

func (t RefreshToken) aead(purpose string) (cipher.AEAD, error) {
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
