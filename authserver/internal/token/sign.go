// SPDX-License-Identifier: Apache-2.0

package token

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Algorithms are those by which a key signs now.
func (t *Tokens) Algorithms() []realmconfig.Algorithm {
	key, err := t.signingKey(t.snapshot())
	if err != nil {
		return nil
	}
	return []realmconfig.Algorithm{key.Algorithm}
}

// Sign makes a JWT of a type with the key that signs by an algorithm now. It refuses
// with auth.SigningUnavailable when there is none.
func (t *Tokens) Sign(algorithm realmconfig.Algorithm, typ string, claims any) (auth.Secret, error) {
	s := t.snapshot()
	key, err := t.signingKey(s)
	if err != nil {
		return "", err
	}
	if key.Algorithm != algorithm {
		return "", &auth.Error{Code: auth.SigningUnavailable, RetryAfter: time.Second}
	}
	ring, err := t.rings.of(s)
	if err != nil {
		return "", err
	}
	unsigned := jwt.NewWithClaims(methodOf(algorithm), anyClaims{claims})
	unsigned.Header["kid"], unsigned.Header["typ"] = key.KID, typ
	signed, err := unsigned.SignedString(ring[key.KID].signer)
	if err != nil {
		return "", fmt.Errorf("sign %s: %w", typ, err)
	}
	t.signed.count(key.KID, s.Keyset)
	return auth.Secret(signed), nil
}

// anyClaims are encoded as they stand. Nothing asks them for a claim: that is for whoever
// verifies.
type anyClaims struct{ claims any }

// MarshalJSON implements json.Marshaler.
func (c anyClaims) MarshalJSON() ([]byte, error) { return json.Marshal(c.claims) }

func (anyClaims) GetExpirationTime() (*jwt.NumericDate, error) { return nil, nil } //nolint:nilnil // not asked
func (anyClaims) GetIssuedAt() (*jwt.NumericDate, error)       { return nil, nil } //nolint:nilnil // not asked
func (anyClaims) GetNotBefore() (*jwt.NumericDate, error)      { return nil, nil } //nolint:nilnil // not asked
func (anyClaims) GetIssuer() (string, error)                   { return "", nil }
func (anyClaims) GetSubject() (string, error)                  { return "", nil }
func (anyClaims) GetAudience() (jwt.ClaimStrings, error)       { return nil, nil }
