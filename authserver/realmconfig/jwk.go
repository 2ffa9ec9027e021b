// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
)

// Algorithm is a JWS signing algorithm (RFC 7518 section 3.1, RFC 8037).
type Algorithm string

const (
	ES256 Algorithm = "ES256"
	RS256 Algorithm = "RS256"
	EdDSA Algorithm = "EdDSA"
)

// JWK is a public signing key (RFC 7517). Its required members come first, in
// the lexicographic order that the thumbprint of RFC 7638 hashes them in.
type JWK struct {
	Crv string `json:"crv,omitempty"`
	E   string `json:"e,omitempty"`
	Kty string `json:"kty"`
	N   string `json:"n,omitempty"`
	X   string `json:"x,omitempty"`
	Y   string `json:"y,omitempty"`

	KID string    `json:"kid,omitempty"`
	Use string    `json:"use,omitempty"`
	Alg Algorithm `json:"alg,omitempty"`
}

// NewJWK describes a public key, with its thumbprint as kid. It refuses key
// types and sizes that no Algorithm uses.
func NewJWK(public crypto.PublicKey) (JWK, error) {
	k := JWK{}
	alg := Algorithm("")
	switch p := public.(type) {
	case *ecdsa.PublicKey:
		point, err := p.Bytes()
		if err != nil || p.Curve != elliptic.P256() {
			return JWK{}, errors.New("describe public key: only the curve P-256 is supported")
		}
		// An uncompressed point is 0x04, then two coordinates of 32 bytes (SEC 1, section 2.3.3).
		k.Kty, k.Crv, k.X, k.Y, alg = "EC", "P-256", encode(point[1:33]), encode(point[33:]), ES256
	case *rsa.PublicKey:
		if p.N.BitLen() < 2048 {
			return JWK{}, errors.New("describe public key: RSA keys need 2048 bits or more")
		}
		k.Kty, k.N, k.E, alg = "RSA", encode(p.N.Bytes()), encode(big.NewInt(int64(p.E)).Bytes()), RS256
	case ed25519.PublicKey:
		k.Kty, k.Crv, k.X, alg = "OKP", "Ed25519", encode(p), EdDSA
	default:
		return JWK{}, fmt.Errorf("describe public key: unsupported type %T", public)
	}
	k.KID = k.thumbprint()
	k.Use, k.Alg = "sig", alg
	return k, nil
}

// thumbprint is the SHA-256 of the required members alone (RFC 7638, section 3).
func (k JWK) thumbprint() string {
	required := JWK{Crv: k.Crv, E: k.E, Kty: k.Kty, N: k.N, X: k.X, Y: k.Y}
	document, err := json.Marshal(required)
	if err != nil {
		panic(fmt.Sprintf("marshal a struct of strings: %v", err))
	}
	sum := sha256.Sum256(document)
	return encode(sum[:])
}

func encode(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
