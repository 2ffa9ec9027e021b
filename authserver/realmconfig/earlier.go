// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"bytes"
	"fmt"
	"slices"
	"time"
)

// EarlierKeyset is a Keyset as servers of version 1 read it, which know one key
// that signs and nothing of families. It stands beside the Keyset while such
// servers, and operators, may run: they sign access tokens with the right key and
// publish the keys of every family.
type EarlierKeyset struct {
	Version       int     `json:"version"`
	Keys          []Key   `json:"keys"`
	JWKSMaxAge    Promise `json:"jwksMaxAge,omitzero"`
	TokenLifetime Promise `json:"tokenLifetime,omitzero"`
}

// never is the VerifyUntil of a key of which an earlier server is to know that it
// must not sign with it, and that signs elsewhere for a time that nobody knows.
func never() time.Time { return time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC) }

// Earlier is s as servers of version 1 can read it.
func (s Keyset) Earlier() EarlierKeyset {
	earlier := EarlierKeyset{Version: Version, JWKSMaxAge: s.JWKSMaxAge, TokenLifetime: s.TokenLifetime}
	access, _ := s.AccessFamily(never()) // once every time has come
	for _, f := range s.Families {
		for _, k := range f.Keys {
			if f.Algorithm != access.Algorithm && k.SignFrom != nil && k.VerifyUntil == nil {
				until := never()
				k.VerifyUntil = &until
			}
			earlier.Keys = append(earlier.Keys, k)
		}
	}
	return earlier
}

// Keyset is s in families. Keys stay what they are. The family of the key that
// signs is that of access tokens; the others take them until the operator has seen
// to it that there are none any more.
func (s EarlierKeyset) Keyset() Keyset {
	keyset := Keyset{Version: KeysetVersion, JWKSMaxAge: s.JWKSMaxAge, TokenLifetime: s.TokenLifetime}
	if len(s.Keys) == 0 {
		return keyset
	}
	signing := s.signingKey()
	from := signing.CreatedAt
	if signing.SignFrom != nil {
		from = *signing.SignFrom
	}
	before := from.Add(-1)
	for _, k := range s.Keys {
		f := keyset.family(k)
		switch elsewhere := k.VerifyUntil != nil && k.VerifyUntil.Equal(never()); {
		case k.Algorithm == signing.Algorithm:
			f.Access.SignFrom = &from
		case elsewhere:
			k.VerifyUntil = nil
			f.Access.SignFrom, f.StoppedAt = &before, nil
		case k.SignFrom != nil && f.Access.SignFrom == nil:
			f.Access.SignFrom, f.StoppedAt = &before, &from
		}
		f.Keys = append(f.Keys, k)
	}
	return keyset
}

// signingKey is the key that signs once every time has come, or else the first.
func (s EarlierKeyset) signingKey() Key {
	if k, found := (Family{Keys: s.Keys}).SigningKey(never()); found {
		return k
	}
	return s.Keys[0]
}

// family is the family that a key belongs to, a new one when there is none.
func (s *Keyset) family(k Key) *Family {
	i := slices.IndexFunc(s.Families, func(f Family) bool { return f.Algorithm == k.Algorithm })
	if i < 0 {
		i, s.Families = len(s.Families), append(s.Families, Family{Algorithm: k.Algorithm, Access: &Access{TakenFrom: k.CreatedAt}})
	}
	f := &s.Families[i]
	if k.CreatedAt.Before(f.Access.TakenFrom) {
		f.Access.TakenFrom = k.CreatedAt
	}
	return f
}

// Validate reports every problem of s at once; it never quotes key material.
func (s EarlierKeyset) Validate() error {
	p := problems{}
	p.check(s.Version == Version, "version: is %d, this build reads %d", s.Version, Version)
	p.check(len(s.Keys) > 0, "keys: must not be empty")
	seen := map[string]bool{}
	for i, k := range s.Keys {
		at := fmt.Sprintf("keys[%d]", i)
		p.check(!seen[k.KID], "%s.kid: stands twice", at)
		seen[k.KID] = true
		p.add(k.validate(at))
	}
	return p.join()
}

// ReadKeyset reads what the operator has stored: the Keyset, and beside it the
// EarlierKeyset, of which one may be empty. An operator of version 1, as after a
// rollback, writes the second alone: where that says something else, it is the
// newer one. The error never quotes key material.
func ReadKeyset(document, earlier []byte) (Keyset, error) {
	var keyset Keyset
	var before EarlierKeyset
	if len(document) == 0 {
		err := Decode(earlier, &before)
		return before.Keyset(), err
	}
	if err := Decode(document, &keyset); err != nil {
		return Keyset{}, err
	}
	beside, err := Encode(keyset.Earlier())
	if err != nil {
		return Keyset{}, err
	}
	if bytes.Equal(beside, earlier) || Decode(earlier, &before) != nil {
		return keyset, nil
	}
	return before.Keyset(), nil
}
