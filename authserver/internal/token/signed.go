// SPDX-License-Identifier: Apache-2.0

package token

import (
	"maps"
	"slices"
	"sync"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// signed counts what was signed with each key of the key set.
type signed struct {
	mu    sync.Mutex
	byKey map[string]int64
}

func (s *signed) count(kid string, keys realmconfig.Keyset) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.byKey[kid]; !known {
		maps.DeleteFunc(s.byKey, func(kid string, _ int64) bool {
			return !slices.ContainsFunc(keys.Keys(), func(k realmconfig.Key) bool { return k.KID == kid })
		})
	}
	s.byKey[kid]++
}

// Signed is how many tokens were signed with each key, by kid.
func (t *Tokens) Signed() map[string]int64 {
	t.signed.mu.Lock()
	defer t.signed.mu.Unlock()
	return maps.Clone(t.signed.byKey)
}
