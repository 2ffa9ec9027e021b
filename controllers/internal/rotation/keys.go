// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// revoke takes out the keys of a family that are not trusted any more. When the
// signing one is among them, the next one signs at once.
func (p *plan) revoke(f *realmconfig.Family) error {
	revoked := func(k realmconfig.Key) bool { return slices.Contains(p.policy.Revoked, k.KID) }
	signing, signs := newest(*f) // whatever time it is here, it signs on every pod soon
	f.Keys = slices.DeleteFunc(f.Keys, revoked)
	switch {
	case f.StoppedAt != nil, signs && !revoked(signing):
		return nil
	case !p.lasts(*f) && f.Algorithm != p.access():
		return nil
	case !signs && f.Algorithm != p.access():
		return nil // it has not signed yet
	}
	if next := pending(f); next != nil {
		next.SignFrom = p.signFrom(f)
		return nil
	}
	key, err := p.mint(f.Algorithm, p.now)
	if err != nil {
		return err
	}
	key.SignFrom = p.signFrom(f)
	f.Keys = append(f.Keys, key)
	return nil
}

// newest is the last key of a family that was told to sign, and is not retired.
func newest(f realmconfig.Family) (last realmconfig.Key, found bool) {
	for _, k := range f.Keys {
		if k.SignFrom != nil && k.VerifyUntil == nil && (!found || k.SignFrom.After(*last.SignFrom)) {
			last, found = k, true
		}
	}
	return last, found
}

// remove takes out the keys whose last token has expired.
func (p *plan) remove(f *realmconfig.Family) {
	f.Keys = slices.DeleteFunc(f.Keys, func(k realmconfig.Key) bool {
		return k.VerifyUntil != nil && p.passed(*k.VerifyUntil)
	})
}

// sign lets the pending key sign once every verifier can know it: whoever has an
// older copy of the JWKS has to ask for a new one.
func (p *plan) sign(f *realmconfig.Family) {
	k := pending(f)
	if k == nil || k.AcknowledgedAt == nil {
		return
	}
	for _, pod := range p.acks.Pods {
		if pod.State == Answering && !slices.Contains(pod.KeyIDs, k.KID) {
			k.AcknowledgedAt = nil // it came up with older keys, against all expectation
			return
		}
	}
	if p.acks.Asked && p.passed(p.keyset.JWKSMaxAge.Kept(*k.AcknowledgedAt)) {
		k.SignFrom = p.signFrom(f)
	}
}

// signFrom is now, or just after the last time a key was told to sign, in case
// the clock has gone back.
func (p *plan) signFrom(f *realmconfig.Family) *time.Time {
	from := p.now
	for _, k := range f.Keys {
		if k.SignFrom != nil && !k.SignFrom.Before(from) {
			from = k.SignFrom.Add(1)
		}
	}
	return &from
}

// retire sets the end of each key that no pod can sign with any more.
func (p *plan) retire(f *realmconfig.Family) {
	signing, signs := f.SigningKey(p.now)
	for i := range f.Keys {
		k := &f.Keys[i]
		since := f.StoppedAt
		if signs && since == nil {
			since = signing.SignFrom
		}
		if since == nil || k.SignFrom == nil || k.VerifyUntil != nil || f.StoppedAt == nil && k.KID == signing.KID {
			continue
		}
		stopped := p.everyPod(k.KID, *since, func(pod Pod) string {
			if p.hasStopped(pod, *f, *k) {
				return ""
			}
			return "which still signs with it"
		})
		if stopped {
			until := p.lastToken()
			k.VerifyUntil = &until
		}
	}
}

// lastToken is when nobody takes a token any more that was signed until now.
func (p *plan) lastToken() time.Time { return p.keyset.TokenLifetime.Kept(p.fastest).Add(Leeway) }

// hasStopped reports whether a pod will never sign with a key again. One that does
// not say signs access tokens alone, and has when it does so with what came after.
func (p *plan) hasStopped(pod Pod, f realmconfig.Family, k realmconfig.Key) bool {
	if pod.StoppedKeyIDs != nil {
		return slices.Contains(pod.StoppedKeyIDs, k.KID)
	}
	return !signsAccess(f) || p.signsAccessAfter(pod, f) || slices.ContainsFunc(f.Keys, func(other realmconfig.Key) bool {
		return other.KID == pod.SigningKeyID && other.SignFrom != nil && other.SignFrom.After(*k.SignFrom)
	})
}

// acknowledge notes when every pod had the pending key.
func (p *plan) acknowledge(f *realmconfig.Family) {
	k := pending(f)
	if k == nil || k.AcknowledgedAt != nil {
		return
	}
	known := p.everyPod(k.KID, k.CreatedAt, func(pod Pod) string {
		if slices.Contains(pod.KeyIDs, k.KID) {
			return ""
		}
		return "which does not have it yet"
	})
	if known {
		k.AcknowledgedAt = &p.fastest
	}
}

// addSuccessor makes the signing key's successor when it is time, and the first
// key of a family that has none.
func (p *plan) addSuccessor(f *realmconfig.Family) error {
	signing, signs := f.SigningKey(p.now)
	if !p.lasts(*f) || pending(f) != nil || signs && !p.due(*f, signing) {
		return nil
	}
	if len(f.Keys) >= maxKeys { // also of a family that comes and goes
		last := f.Keys[len(f.Keys)-1]
		if signs {
			last = signing
		}
		p.waits[last.KID] = "an earlier key to be gone: there are as many as there may be"
		return nil
	}
	key, err := p.mint(f.Algorithm, p.now)
	if err == nil {
		f.Keys = append(f.Keys, key)
	}
	return err
}

// due reports whether a key needs a successor.
func (p *plan) due(f realmconfig.Family, signing realmconfig.Key) bool {
	if f.Algorithm == p.policy.Algorithm && f.Access != nil && signing.CreatedAt.Before(f.Access.TakenFrom) {
		return true
	}
	at := p.successorAt(signing)
	if at.After(p.now) {
		p.lookAgainAt(at)
	}
	return !at.IsZero() && !at.After(p.now)
}

// successorAt is when a key gets its successor, zero for never.
func (p *plan) successorAt(signing realmconfig.Key) time.Time {
	var at time.Time
	if signing.CreatedAt.Before(p.policy.RotateAfter) {
		at = p.policy.RotateAfter.UTC()
	}
	if old := signing.CreatedAt.Add(p.policy.Interval); p.policy.Interval > 0 && (at.IsZero() || old.Before(at)) {
		at = old
	}
	return at
}

// pending is the key of a family that does not sign yet, nil when there is none.
func pending(f *realmconfig.Family) *realmconfig.Key {
	for i := range f.Keys {
		if f.Keys[i].SignFrom == nil {
			return &f.Keys[i]
		}
	}
	return nil
}
