// SPDX-License-Identifier: Apache-2.0

package token

import (
	"crypto"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// ring is the parsed keys of one key set, by kid.
type ring map[string]parsedKey

type parsedKey struct {
	signer crypto.Signer
	public realmconfig.JWK
}

// rings keeps the ring of the last key set seen: parsing an RSA key takes longer
// than verifying with it.
type rings struct{ last atomic.Pointer[ringOf] }

type ringOf struct {
	snapshot *realmconfig.Snapshot
	ring     ring
}

func (r *rings) of(s *realmconfig.Snapshot) (ring, error) {
	if last := r.last.Load(); last != nil && last.snapshot == s {
		return last.ring, nil
	}
	parsed := ring{}
	for _, k := range s.Keyset.Keys() {
		signer, err := k.Signer()
		if err != nil {
			return nil, fmt.Errorf("read signing key %s: %w", k.KID, err)
		}
		public, err := realmconfig.NewJWK(signer.Public())
		if err != nil {
			return nil, fmt.Errorf("read signing key %s: %w", k.KID, err)
		}
		parsed[k.KID] = parsedKey{signer, public}
	}
	r.last.Store(&ringOf{s, parsed})
	return parsed, nil
}

// errNoKey is deliberately the same for an unknown key and a foreign algorithm.
var errNoKey = errors.New("no key for this token")

// publicKey finds the key an access token names, which must be of a family that
// signs access tokens. The key's own algorithm must be the header's, or a token
// could choose how its key is understood.
func (r ring) publicKey(keys realmconfig.Keyset, now time.Time) jwt.Keyfunc {
	return func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		key, known := r[kid]
		if !known || !keys.TakesAccess(kid, now) || string(key.public.Alg) != t.Method.Alg() {
			return nil, errNoKey
		}
		return key.signer.Public(), nil
	}
}

// publishedKey finds the key that any other token names: one that verifiers know now, of
// the header's own algorithm.
func (r ring) publishedKey(keys realmconfig.Keyset, now time.Time) jwt.Keyfunc {
	return func(t *jwt.Token) (any, error) {
		kid, _ := t.Header["kid"].(string)
		key, known := r[kid]
		published := slices.ContainsFunc(keys.Published(now), func(k realmconfig.Key) bool { return k.KID == kid })
		if !known || !published || string(key.public.Alg) != t.Method.Alg() {
			return nil, errNoKey
		}
		return key.signer.Public(), nil
	}
}

func methodOf(a realmconfig.Algorithm) jwt.SigningMethod { return jwt.GetSigningMethod(string(a)) }

// JWKS is the public keys a verifier should know now (RFC 7517, section 5).
func (t *Tokens) JWKS() ([]realmconfig.JWK, error) {
	s := t.snapshot()
	ring, err := t.rings.of(s)
	if err != nil {
		return nil, err
	}
	keys := []realmconfig.JWK{}
	for _, k := range s.Keyset.Published(t.now()) {
		keys = append(keys, ring[k.KID].public)
	}
	return keys, nil
}
