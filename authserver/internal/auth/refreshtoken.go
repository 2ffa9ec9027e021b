// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"strings"
)

const (
	refreshTokenPrefix = "rkr_"
	refreshTokenBytes  = 32
)

// TokenHash is the SHA-256 of a refresh token: all that is ever stored of it.
type TokenHash [sha256.Size]byte

// refreshToken is the opaque secret of one step of a session.
type refreshToken Secret

func newRefreshToken(random io.Reader) (refreshToken, error) {
	b := make([]byte, refreshTokenBytes)
	if _, err := io.ReadFull(random, b); err != nil {
		return "", fmt.Errorf("make refresh token: %w", err)
	}
	return refreshToken(refreshTokenPrefix + base64.RawURLEncoding.EncodeToString(b)), nil
}

// parseRefreshToken refuses what newRefreshToken cannot have made, so that
// nonsense costs no query.
func parseRefreshToken(s Secret) (refreshToken, bool) {
	body, ok := strings.CutPrefix(string(s), refreshTokenPrefix)
	if !ok || len(body) != base64.RawURLEncoding.EncodedLen(refreshTokenBytes) {
		return "", false // the decoder would overlook line breaks
	}
	_, err := base64.RawURLEncoding.Strict().DecodeString(body)
	return refreshToken(s), err == nil
}

func (t refreshToken) hash() TokenHash { return sha256.Sum256([]byte(t)) }

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
