// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// report says of every key what it does and when it moves on. Of times it names
// only such as stand in the key set and in the policy: the same on every look.
func (p *plan) report() []Key {
	var keys []Key
	for i := range p.keyset.Families {
		f := &p.keyset.Families[i]
		for _, k := range f.Keys {
			reported := p.reportKey(f, k)
			reported.Access = f.Algorithm == p.access()
			if p.skewed != "" {
				reported.MovesOn, reported.WaitsFor = time.Time{}, "pod "+p.skewed+", whose clock is far from the operator's"
			}
			keys = append(keys, reported)
		}
	}
	slices.SortStableFunc(keys, func(a, b Key) int { return rank(a) - rank(b) })
	return keys
}

func (p *plan) reportKey(f *realmconfig.Family, k realmconfig.Key) Key {
	reported := Key{KID: k.KID, Algorithm: k.Algorithm, WaitsFor: p.waits[k.KID]}
	signing, signs := f.SigningKey(p.now)
	switch {
	case signs && k.KID == signing.KID:
		reported.State, reported.Since, reported.MovesOn = Active, later(k.CreatedAt, *k.SignFrom), p.successionOf(f, k)
	case k.SignFrom == nil:
		reported.State, reported.Since, reported.MovesOn = Pending, k.CreatedAt, p.signsAt(k)
	default:
		reported.State, reported.Since = Retiring, stoppedAt(*f, k)
		if k.VerifyUntil != nil {
			reported.MovesOn = *k.VerifyUntil
		}
	}
	return reported
}

// rank orders keys by their state, and those of access tokens before others.
func rank(k Key) int {
	rank := 2 * slices.Index([]State{Active, Pending, Retiring}, k.State)
	if !k.Access {
		rank++
	}
	return rank
}

// successionOf is when the next key signs, or is made when there is none yet.
func (p *plan) successionOf(f *realmconfig.Family, signing realmconfig.Key) time.Time {
	next := pending(f)
	if access := p.family(p.policy.Algorithm); !p.lasts(*f) && access != nil {
		next = pending(access)
	}
	if next != nil {
		return p.signsAt(*next)
	}
	if p.waits[signing.KID] != "" || !p.lasts(*f) {
		return time.Time{}
	}
	return p.successorAt(signing)
}

func (p *plan) signsAt(k realmconfig.Key) time.Time {
	if k.AcknowledgedAt == nil {
		return time.Time{}
	}
	return p.keyset.JWKSMaxAge.Kept(*k.AcknowledgedAt)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
