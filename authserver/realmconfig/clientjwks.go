// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"crypto/ecdh"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

const (
	// MaxJWKS is how large a client's key set may be, in bytes, and MaxJWKSKeys how
	// many keys it may have.
	MaxJWKS     = 16 << 10
	MaxJWKSKeys = 16
)

// CheckJWKS says why a key set (RFC 7517, section 5) is none by which a client's
// signatures can be checked: every key in it must be a public one of 2048 bits or
// more (RSA), of P-256, P-384 or P-521 (EC), or Ed25519. The error quotes nothing.
func CheckJWKS(document []byte) error {
	if len(document) > MaxJWKS {
		return fmt.Errorf("must be %d bytes at most", MaxJWKS)
	}
	set := struct {
		Keys []map[string]any `json:"keys"`
	}{}
	if err := json.Unmarshal(document, &set); err != nil || len(set.Keys) == 0 || len(set.Keys) > MaxJWKSKeys {
		return fmt.Errorf(`must be {"keys": […]} with 1 to %d keys`, MaxJWKSKeys)
	}
	for i, key := range set.Keys {
		if err := checkKey(key); err != nil {
			return fmt.Errorf("keys[%d]: %w", i, err)
		}
	}
	return nil
}

// HasPrivateMembers reports whether a JWK has a member that a public key does not have (RFC
// 7518, section 6).
func HasPrivateMembers(key map[string]any) bool {
	for _, private := range []string{"d", "k", "p", "q", "dp", "dq", "qi", "oth"} {
		if _, found := key[private]; found {
			return true
		}
	}
	return false
}

func checkKey(key map[string]any) error {
	if HasPrivateMembers(key) {
		return errors.New("holds a private key; give the public one alone")
	}
	if use, found := key["use"]; found && use != "sig" {
		return errors.New("use must be sig")
	}
	switch key["kty"] {
	case "RSA":
		n, e := member(key, "n"), member(key, "e")
		for len(n) > 0 && n[0] == 0 {
			n = n[1:]
		}
		if len(n) < 256 || len(n) > 1024 || len(n) == 256 && n[0] < 0x80 || len(e) == 0 || len(e) > 4 {
			return errors.New("an RSA key must have 2048 to 8192 bits")
		}
	case "EC":
		return checkPoint(key)
	case "OKP":
		if key["crv"] != "Ed25519" || len(member(key, "x")) != 32 {
			return errors.New("an OKP key must be of Ed25519")
		}
	default:
		return errors.New("kty must be RSA, EC or OKP")
	}
	return nil
}

// checkPoint refuses a point that is not on its curve.
func checkPoint(key map[string]any) error {
	curves := map[string]ecdh.Curve{"P-256": ecdh.P256(), "P-384": ecdh.P384(), "P-521": ecdh.P521()}
	name, _ := key["crv"].(string)
	curve, found := curves[name]
	if !found {
		return errors.New("an EC key must be of P-256, P-384 or P-521")
	}
	// An uncompressed point is 0x04, then two coordinates (SEC 1, section 2.3.3).
	point := slices.Concat([]byte{4}, member(key, "x"), member(key, "y"))
	if _, err := curve.NewPublicKey(point); err != nil || len(member(key, "x")) != len(member(key, "y")) {
		return errors.New("must be a point on its curve")
	}
	return nil
}

// member is a number of a key; empty when there is none.
func member(key map[string]any, name string) []byte {
	text, _ := key[name].(string)
	number, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return nil
	}
	return number
}
