// SPDX-License-Identifier: Apache-2.0

package token

import (
	"errors"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// ErrLifetime is of claims that Sign refuses, since they have no end or one that
// lies too far ahead.
var ErrLifetime = errors.New("a token must expire within the longest lifetime that is known")

// Sign signs claims as a token of a type, such as "JWT", with the key that signs by an
// algorithm now. The claim exp is an int64, in seconds since 1970 (RFC 7519, section 4.1.4).
// It refuses with auth.SigningUnavailable when there is no key, and with ErrLifetime when the
// claims have no exp or one beyond Longest: a key is taken out of the JWKS when the last
// token that it can have signed has expired.
func (t *Tokens) Sign(algorithm realmconfig.Algorithm, typ string, claims map[string]any) (auth.Secret, error) {
	s, now := t.snapshot(), t.now()
	family, _ := s.Keyset.Family(algorithm)
	key, signs := family.SigningKey(now)
	if !signs {
		return "", unavailable()
	}
	if expires, ok := claims["exp"].(int64); !ok || expires > now.Add(longest(s)).Unix() {
		return "", ErrLifetime
	}
	return t.sign(s, key, typ, jwt.MapClaims(claims))
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
