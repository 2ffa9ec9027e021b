// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"fmt"
	"slices"
	"time"
)

// KeysetVersion is the version of the Keyset alone. Servers that read version 1
// read EarlierKeyset, which stands beside it.
const KeysetVersion = 2

// Keyset is every signing key of a realm, whatever its state, by the algorithm
// that it signs with. Keys carry times, so that the same document means the same
// on every pod, and stays right while the operator is away.
type Keyset struct {
	Version int `json:"version"`

	// Families are one for each algorithm in use. One of them signs the realm's
	// access tokens.
	Families []Family `json:"families"`

	// JWKSMaxAge and TokenLifetime are what the operator must not forget of the
	// settings that pods have run: for how long a verifier may go on with a copy
	// of the JWKS, and a token be valid. No pod signs a token that is valid longer.
	JWKSMaxAge    Promise `json:"jwksMaxAge,omitzero"`
	TokenLifetime Promise `json:"tokenLifetime,omitzero"`
}

// Family is the keys of one algorithm, each the successor of the one before.
type Family struct {
	Algorithm Algorithm `json:"algorithm"`
	Keys      []Key     `json:"keys"`

	// StoppedAt is when the family ceased to sign, since nothing asks for its
	// algorithm any more; nil while it may sign.
	StoppedAt *time.Time `json:"stoppedAt,omitempty"`

	// Access is nil for a family that signs no access tokens of the realm.
	Access *Access `json:"access,omitempty"`
}

// Access says when a family's tokens may be access tokens of the realm.
type Access struct {
	// TakenFrom is when servers were told to take them.
	TakenFrom time.Time `json:"takenFrom"`

	// SignFrom is when the family starts to sign them, in place of the family that
	// did before; nil while they are only taken.
	SignFrom *time.Time `json:"signFrom,omitempty"`

	// TakenUntil is when the last of them has expired; nil while there may be more.
	TakenUntil *time.Time `json:"takenUntil,omitempty"`
}

// SigningKey is the key that signs access tokens at now. The second result is
// false when there is none.
func (s Keyset) SigningKey(now time.Time) (Key, bool) {
	access, found := s.AccessFamily(now)
	if !found {
		return Key{}, false
	}
	return access.SigningKey(now)
}

// AccessFamily is the family that signs access tokens at now: the one that began
// to last. Where all lie ahead it is the first of them, as with keys.
func (s Keyset) AccessFamily(now time.Time) (Family, bool) {
	best, found := Family{}, false
	for _, f := range s.Families {
		if f.signsAccess() && (!found || takesOver(*f.Access.SignFrom, *best.Access.SignFrom, now)) {
			best, found = f, true
		}
	}
	return best, found
}

func (f Family) signsAccess() bool { return f.Access != nil && f.Access.SignFrom != nil }

// Family is the family of an algorithm, false when there is none.
func (s Keyset) Family(algorithm Algorithm) (Family, bool) {
	i := slices.IndexFunc(s.Families, func(f Family) bool { return f.Algorithm == algorithm })
	if i < 0 {
		return Family{}, false
	}
	return s.Families[i], true
}

// Keys are those of all families.
func (s Keyset) Keys() []Key {
	var keys []Key
	for _, f := range s.Families {
		keys = append(keys, f.Keys...)
	}
	return keys
}

// Published is every key that a verifier should know at now: pending, signing
// and retiring ones, of all families.
func (s Keyset) Published(now time.Time) []Key {
	return slices.DeleteFunc(s.Keys(), func(k Key) bool { return !k.published(now) })
}

// Stopped is every key that has signed and will not sign again, as far as the
// document tells at now.
func (s Keyset) Stopped(now time.Time) []Key {
	stopped := []Key{}
	for _, f := range s.Families {
		signing, signs := f.SigningKey(now)
		for _, k := range f.Keys {
			if k.SignFrom != nil && (k.VerifyUntil != nil || f.stopped(now) || signs && k.SignFrom.Before(*signing.SignFrom)) {
				stopped = append(stopped, k)
			}
		}
	}
	return stopped
}

// TakesAccess reports whether what a key has signed may be an access token of the
// realm at now.
func (s Keyset) TakesAccess(kid string, now time.Time) bool {
	return slices.ContainsFunc(s.Families, func(f Family) bool {
		return f.takesAccess(now) && slices.ContainsFunc(f.Keys, func(k Key) bool { return k.KID == kid && k.published(now) })
	})
}

func (f Family) takesAccess(now time.Time) bool {
	return f.Access != nil && (f.Access.TakenUntil == nil || f.Access.TakenUntil.After(now))
}

func (f Family) stopped(now time.Time) bool { return f.StoppedAt != nil && !f.StoppedAt.After(now) }

// SigningKey is the newest key whose SignFrom has passed and that has not been
// retired. Where there is none it is the one that comes first: rather does a
// server whose clock is behind sign early than not at all. The second result is
// false when no key may sign.
func (f Family) SigningKey(now time.Time) (Key, bool) {
	best, found := Key{}, false
	if f.stopped(now) {
		return best, found
	}
	for _, k := range f.Keys {
		if k.SignFrom != nil && k.VerifyUntil == nil && (!found || takesOver(*k.SignFrom, *best.SignFrom, now)) {
			best, found = k, true
		}
	}
	return best, found
}

// takesOver reports whether what begins at one time is in force at now rather
// than what begins at another.
func takesOver(from, other, now time.Time) bool {
	if other.After(now) {
		return from.Before(other)
	}
	return !from.After(now) && from.After(other)
}

// Validate reports every problem of s at once; it never quotes key material.
func (s Keyset) Validate() error {
	p := problems{}
	p.check(s.Version == KeysetVersion, "version: is %d, this build reads %d", s.Version, KeysetVersion)
	p.check(len(s.Families) > 0, "families: must not be empty")
	p.check(len(s.Families) == 0 || slices.ContainsFunc(s.Families, Family.signsAccess), "families: none signs access tokens")
	seen := map[string]bool{}
	for i, f := range s.Families {
		at := fmt.Sprintf("families[%d]", i)
		p.check(!seen[string(f.Algorithm)], "%s.algorithm: stands twice", at)
		p.check(len(f.Keys) > 0, "%s.keys: must not be empty", at)
		seen[string(f.Algorithm)] = true
		for i, k := range f.Keys {
			at := fmt.Sprintf("%s.keys[%d]", at, i)
			p.check(!seen[k.KID], "%s.kid: stands twice", at)
			p.check(k.Algorithm == f.Algorithm, "%s.algorithm: is not the family's", at)
			seen[k.KID] = true
			p.add(k.validate(at))
		}
	}
	return p.join()
}
