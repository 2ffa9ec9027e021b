// SPDX-License-Identifier: Apache-2.0

package session

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const refreshTokenPrefix = "rkr_"

// RefreshToken is the opaque secret of one step of a session: the prefix, and in base64url
// 32 bytes,
//
//	session (16 bytes) | family (4, random) | hour of issue (2) | step (10, random)
//
// The session is found by the first of them, and its family is known to nobody but the
// Store and those who have held a token of it. So whoever shows a used token is noticed
// without a row for it. The step alone is beyond guessing, for them too. Servers of before
// issued 32 random bytes: they find a token by its hash alone, as every good one is found,
// and theirs name a session that there is not.
type RefreshToken auth.Secret

const (
	sessionBytes = len(uuid.UUID{})
	familyBytes  = sessionBytes + 4
	issueBytes   = familyBytes + 2
	tokenBytes   = issueBytes + 10
)

// NewRefreshToken makes the first one of a session, which is good once its hash is stored.
func NewRefreshToken(random io.Reader, sessionID string, now time.Time) (RefreshToken, error) {
	id, err := uuid.Parse(sessionID)
	if err != nil {
		return "", fmt.Errorf("make refresh token: session: %w", err)
	}
	b := [tokenBytes]byte{}
	copy(b[:], id[:])
	if _, err := io.ReadFull(random, b[sessionBytes:familyBytes]); err != nil {
		return "", fmt.Errorf("make refresh token: %w", err)
	}
	return step(random, b, now)
}

// next makes the token that follows t: of the same family, whoever issued t.
func (t RefreshToken) next(random io.Reader, now time.Time) (RefreshToken, error) {
	return step(random, t.bytes(), now)
}

func step(random io.Reader, b [tokenBytes]byte, now time.Time) (RefreshToken, error) {
	binary.BigEndian.PutUint16(b[familyBytes:], hourOf(now))
	if _, err := io.ReadFull(random, b[issueBytes:]); err != nil {
		return "", fmt.Errorf("make refresh token: %w", err)
	}
	return RefreshToken(refreshTokenPrefix + base64.RawURLEncoding.EncodeToString(b[:])), nil
}

// hourOf counts the hours since 1970, and begins anew every seven years.
func hourOf(t time.Time) uint16 { return uint16(t.Unix() / 3600 % (1 << 16)) } //nolint:gosec // it is small enough

func parseRefreshToken(s auth.Secret) (RefreshToken, bool) {
	return RefreshToken(s), auth.IsOpaque(refreshTokenPrefix, s)
}

// bytes are those of a token that was parsed or made here.
func (t RefreshToken) bytes() (b [tokenBytes]byte) {
	decoded, _ := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(string(t), refreshTokenPrefix))
	copy(b[:], decoded)
	return b
}

// TokenFamily names the tokens of one session to the Store.
type TokenFamily struct {
	SessionID string
	// Number is what all of them have in common.
	Number int32
}

// Family is that of the token, which no session has if a server of before made it, or
// nobody.
func (t RefreshToken) Family() TokenFamily {
	b := t.bytes()
	return TokenFamily{
		SessionID: uuid.UUID(b[:sessionBytes]).String(),
		Number:    int32(binary.BigEndian.Uint32(b[sessionBytes:])), //nolint:gosec // any 32 bits
	}
}

// age is how long ago the token was issued, give or take an hour. It is the token's own
// word: whoever has held one of its family may have made it up.
func (t RefreshToken) age(now time.Time) time.Duration {
	b := t.bytes()
	hours := int16(hourOf(now) - binary.BigEndian.Uint16(b[familyBytes:])) //nolint:gosec // a clock ahead of ours makes it negative
	return time.Duration(hours) * time.Hour
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
