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
	signing, signs := p.keyset.SigningKey(p.now)
	var keys []Key
	for _, k := range p.keyset.Keys {
		reported := Key{KID: k.KID, Algorithm: k.Algorithm, WaitsFor: p.waits[k.KID]}
		switch {
		case signs && k.KID == signing.KID:
			reported.State, reported.Since, reported.MovesOn = Active, later(k.CreatedAt, *k.SignFrom), p.successionOf(k)
		case k.SignFrom == nil:
			reported.State, reported.Since, reported.MovesOn = Pending, k.CreatedAt, p.signsAt(k)
		default:
			reported.State, reported.Since = Retiring, p.stoppedAt(k)
			if k.VerifyUntil != nil {
				reported.MovesOn = *k.VerifyUntil
			}
		}
		if p.skewed != "" {
			reported.MovesOn, reported.WaitsFor = time.Time{}, "pod "+p.skewed+", whose clock is far from the operator's"
		}
		keys = append(keys, reported)
	}
	slices.SortStableFunc(keys, func(a, b Key) int { return rank(a.State) - rank(b.State) })
	return keys
}

func rank(s State) int { return slices.Index([]State{Active, Pending, Retiring}, s) }

// successionOf is when the next key signs, or is made when there is none yet.
func (p *plan) successionOf(signing realmconfig.Key) time.Time {
	if next := p.pending(); next != nil {
		return p.signsAt(*next)
	}
	if p.waits[signing.KID] != "" {
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

// stoppedAt is when the next key was told to sign.
func (p *plan) stoppedAt(k realmconfig.Key) time.Time {
	var stopped time.Time
	for _, other := range p.keyset.Keys {
		if other.SignFrom != nil && other.SignFrom.After(*k.SignFrom) && (stopped.IsZero() || other.SignFrom.Before(stopped)) {
			stopped = *other.SignFrom
		}
	}
	return stopped
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
