// SPDX-License-Identifier: Apache-2.0

package token

import (
	"crypto/sha256"
	"sync"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// generation is how many tokens are remembered at least; twice as many at most,
// in a few megabytes.
const generation = 4096

// verified remembers tokens that were found good. An application shows the same
// one with every request, and its signature is nearly all of the work. What it
// remembers is worth nothing under other documents, after the token's expiry or
// after its key's.
type verified struct {
	mu       sync.Mutex
	snapshot *realmconfig.Snapshot
	// Tokens move from old to young when they are seen again. When young is
	// full, it becomes the old one and what was old is forgotten.
	young, old map[[sha256.Size]byte]proof
}

// proof is what was found out of a token: a subject, or of what a client was given, all.
type proof struct {
	subject   auth.Subject
	client    auth.ClientToken
	kid       string
	issuedAt  time.Time
	since     time.Time
	expiresAt time.Time
}

// good reports whether a new look at the token would find the same.
func (p proof) good(s *realmconfig.Snapshot, now time.Time) bool {
	return !now.Before(p.since) && now.Before(p.expiresAt) && !ended(s.Config.Tokens, p.issuedAt, now) &&
		s.Keyset.TakesAccess(p.kid, now)
}

// recall finds a token that is still good.
func (v *verified) recall(token auth.Secret, s *realmconfig.Snapshot, now time.Time) (proof, bool) {
	key := sha256.Sum256([]byte(token))
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.snapshot != s {
		return proof{}, false
	}
	p, found := v.young[key]
	if !found {
		if p, found = v.old[key]; found {
			v.add(key, p)
		}
	}
	return p, found && p.good(s, now)
}

// remember keeps a token that was found good.
func (v *verified) remember(token auth.Secret, s *realmconfig.Snapshot, p proof) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.snapshot != s {
		v.snapshot, v.young, v.old = s, nil, nil
	}
	v.add(sha256.Sum256([]byte(token)), p)
}

func (v *verified) add(key [sha256.Size]byte, p proof) {
	if len(v.young) >= generation {
		v.old, v.young = v.young, nil
	}
	if v.young == nil {
		v.young = map[[sha256.Size]byte]proof{}
	}
	v.young[key] = p
}
