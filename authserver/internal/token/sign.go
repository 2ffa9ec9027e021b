// SPDX-License-Identifier: Apache-2.0

package token

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// ErrLifetime is of claims that Sign refuses, since they have no end or one that
// lies too far ahead.
var ErrLifetime = errors.New("a token must expire within the longest lifetime that is known")

// Sign signs claims, which are what encoding/json makes an object of, as a token
// of a type, such as "JWT", with the key that signs by an algorithm now. It refuses
// with auth.SigningUnavailable when there is none, and with ErrLifetime when the
// claims have no exp or one beyond Longest: a key is taken out of the JWKS when
// the last token that it can have signed has expired.
func (t *Tokens) Sign(algorithm realmconfig.Algorithm, typ string, claims any) (auth.Secret, error) {
	s, now := t.snapshot(), t.now()
	family, _ := s.Keyset.Family(algorithm)
	key, signs := family.SigningKey(now)
	if !signs {
		return "", unavailable()
	}
	encoded, err := encode(claims)
	if err != nil {
		return "", err
	}
	// A NumericDate is seconds (RFC 7519, section 2); as a time it could overflow.
	if exp, ok := encoded.MapClaims["exp"].(float64); !ok || exp > float64(now.Add(longest(s)).Unix()) {
		return "", ErrLifetime
	}
	return t.sign(s, key, typ, encoded)
}

// Longest is how long a token that is signed now may be valid.
func (t *Tokens) Longest() time.Duration { return longest(t.snapshot()) }

// longest is what the operator keeps retired keys for. Of a key set that does not
// say, it is as long as the settings' access tokens are valid.
func longest(s *realmconfig.Snapshot) time.Duration {
	return time.Duration(max(s.Keyset.TokenLifetime.Longest, s.Config.Tokens.AccessTokenLifetime))
}

// Algorithms are those by which a key signs now, that of access tokens first.
func (t *Tokens) Algorithms() []realmconfig.Algorithm {
	s, now := t.snapshot(), t.now()
	access, _ := s.Keyset.AccessFamily(now)
	algorithms := []realmconfig.Algorithm{}
	for _, f := range append([]realmconfig.Family{access}, s.Keyset.Families...) {
		_, signs := f.SigningKey(now)
		if signs && (f.Algorithm != access.Algorithm || len(algorithms) == 0) {
			algorithms = append(algorithms, f.Algorithm)
		}
	}
	return algorithms
}

// encoded are claims as they are signed, and as they can be read.
type encoded struct {
	jwt.MapClaims
	document json.RawMessage
}

// MarshalJSON implements json.Marshaler.
func (e encoded) MarshalJSON() ([]byte, error) { return e.document, nil }

// encode writes claims. The error never quotes one.
func encode(claims any) (encoded, error) {
	document, err := json.Marshal(claims)
	if err != nil {
		return encoded{}, fmt.Errorf("encode claims: %w", err)
	}
	e := encoded{document: document}
	if json.Unmarshal(document, &e.MapClaims) != nil || e.MapClaims == nil {
		return encoded{}, errors.New("encode claims: must be an object")
	}
	return e, nil
}
