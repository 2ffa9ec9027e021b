// SPDX-License-Identifier: Apache-2.0

package sealing

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Hash implements auth.Hasher: HMAC (RFC 2104) with SHA-256, under a key that is
// derived (RFC 5869) from the present encryption key for nothing else. Whoever has a
// copy of the database cannot try values, and with another present key every value has
// another hash.
func (s *Sealer) Hash(purpose, value string) (auth.CounterKey, error) {
	keys := s.keys()
	for _, k := range keys.Keys {
		if k.ID != keys.Primary {
			continue
		}
		key, err := hkdf.Key(sha256.New, k.Key, nil, "keyed hash", sha256.Size)
		if err != nil {
			return auth.CounterKey{}, fmt.Errorf("derive key: %w", err)
		}
		mac := hmac.New(sha256.New, key)
		_, _ = mac.Write(bind(nil, purpose, value))
		return auth.CounterKey(mac.Sum(nil)), nil
	}
	return auth.CounterKey{}, ErrForeign
}
