// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// plan is a Plan in the making.
type plan struct {
	keyset realmconfig.Keyset
	policy Policy
	acks   Acks
	now    time.Time
	mint   Mint

	// slowest and fastest are of the clocks that could be read, the operator's
	// among them. What must have passed is judged by the slowest, what must not
	// come too early by the fastest.
	slowest, fastest time.Time
	// skewed is a pod whose clock is far from the operator's, or the other way round:
	// nobody knows what time it is. It is empty when there is none.
	skewed string

	// waits is what each key waits for besides time, by kid.
	waits map[string]string

	next       time.Time
	awaitsPods bool
}

func newPlan(keyset realmconfig.Keyset, policy Policy, acks Acks, now time.Time, mint Mint) *plan {
	now = now.UTC().Round(0)
	keyset.Keys = slices.Clone(keyset.Keys)
	p := &plan{
		keyset: keyset, policy: policy, acks: acks, now: now, mint: mint,
		slowest: now, fastest: now, waits: map[string]string{},
	}
	for _, pod := range acks.Pods {
		if pod.State != Answering || pod.Clock.IsZero() {
			continue
		}
		clock := pod.Clock.UTC()
		if clock.Before(p.slowest) {
			p.slowest = clock
		}
		if clock.After(p.fastest) {
			p.fastest = clock
		}
		if p.skewed == "" && clock.Sub(now).Abs() > Leeway {
			p.skewed = pod.Name
		}
	}
	return p
}

// correctFutureTimes corrects what was noted by a clock that was wrong: what
// has happened cannot lie ahead, and would hold up everything until it does not.
func (p *plan) correctFutureTimes() {
	correct := func(t *time.Time, offset time.Duration) *time.Time {
		if t == nil || !t.After(p.fastest.Add(Leeway)) {
			return t
		}
		corrected := p.fastest.Add(offset)
		return &corrected
	}
	for _, promise := range []*realmconfig.Promise{&p.keyset.JWKSMaxAge, &p.keyset.TokenLifetime} {
		promise.ReplacedAt = correct(promise.ReplacedAt, 0)
	}
	for i := range p.keyset.Keys {
		k := &p.keyset.Keys[i]
		k.CreatedAt, k.AcknowledgedAt = *correct(&k.CreatedAt, 0), correct(k.AcknowledgedAt, 0)
		k.SignFrom = correct(k.SignFrom, time.Duration(i)) // in the order in which they were made
		if last := p.lastToken(); k.VerifyUntil != nil && k.VerifyUntil.After(last.Add(Leeway)) {
			k.VerifyUntil = &last
		}
	}
}

// keepLongest keeps the longest of the settings that pods may follow, until every
// one of them has said that it follows a shorter one.
func (p *plan) keepLongest(promise *realmconfig.Promise, setting time.Duration) {
	longest := realmconfig.Duration(setting)
	switch {
	case promise.Longest < longest:
		promise.Longest = longest
	case promise.Longest > longest && p.settled():
		// A pod that starts this moment may follow the longer one for a little yet.
		replaced := realmconfig.Promise{
			Earlier: promise.Longest + realmconfig.Duration(MountRefresh), ReplacedAt: &p.fastest,
		}
		if replaced.Kept(p.fastest).After(promise.Kept(p.fastest)) {
			promise.Earlier, promise.ReplacedAt = replaced.Earlier, replaced.ReplacedAt
		}
		promise.Longest = longest
	}
}

// settled reports whether every pod runs the newest settings.
func (p *plan) settled() bool {
	return p.acks.Asked && p.skewed == "" && !slices.ContainsFunc(p.acks.Pods, func(pod Pod) bool {
		return pod.State != Answering || !pod.Settled
	})
}

// revoke takes out the keys that are not trusted any more. When the signing one
// is among them, the next one signs at once.
func (p *plan) revoke() error {
	revoked := func(k realmconfig.Key) bool { return slices.Contains(p.policy.Revoked, k.KID) }
	signing, signs := p.keyset.SigningKey(p.now)
	p.keyset.Keys = slices.DeleteFunc(p.keyset.Keys, revoked)
	if signs && !revoked(signing) {
		return nil
	}
	if next := p.pending(); next != nil {
		next.SignFrom = p.signFrom()
		return nil
	}
	key, err := p.mint(p.policy.Algorithm, p.now)
	if err != nil {
		return err
	}
	key.SignFrom = p.signFrom()
	p.keyset.Keys = append(p.keyset.Keys, key)
	return nil
}

// proceed does everything that can wait until it is clear what time it is.
func (p *plan) proceed() error {
	p.dropUnwantedAlgorithm()
	p.remove()
	p.sign()
	p.retire()
	err := p.addSuccessor()
	p.acknowledge()
	return err
}

// dropUnwantedAlgorithm drops a pending key of an algorithm that is not wanted any more.
func (p *plan) dropUnwantedAlgorithm() {
	p.keyset.Keys = slices.DeleteFunc(p.keyset.Keys, func(k realmconfig.Key) bool {
		return k.SignFrom == nil && k.Algorithm != p.policy.Algorithm
	})
}

// remove takes out the keys whose last token has expired.
func (p *plan) remove() {
	p.keyset.Keys = slices.DeleteFunc(p.keyset.Keys, func(k realmconfig.Key) bool {
		return k.VerifyUntil != nil && p.passed(*k.VerifyUntil)
	})
}

// sign lets the pending key sign once every verifier can know it: whoever has an
// older copy of the JWKS has to ask for a new one.
func (p *plan) sign() {
	k := p.pending()
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
		k.SignFrom = p.signFrom()
	}
}

// signFrom is now, or just after the last time a key was told to sign, in case
// the clock has gone back.
func (p *plan) signFrom() *time.Time {
	from := p.now
	for _, k := range p.keyset.Keys {
		if k.SignFrom != nil && !k.SignFrom.Before(from) {
			from = k.SignFrom.Add(1)
		}
	}
	return &from
}

// retire sets the end of each key that no pod can sign with any more.
func (p *plan) retire() {
	signing, signs := p.keyset.SigningKey(p.now)
	for i := range p.keyset.Keys {
		k := &p.keyset.Keys[i]
		if !signs || k.SignFrom == nil || k.VerifyUntil != nil || k.KID == signing.KID {
			continue
		}
		stopped := p.everyPod(k.KID, *signing.SignFrom, func(pod Pod) string {
			if p.signsWithLaterThan(*k, pod) {
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

func (p *plan) signsWithLaterThan(k realmconfig.Key, pod Pod) bool {
	return slices.ContainsFunc(p.keyset.Keys, func(other realmconfig.Key) bool {
		return other.KID == pod.SigningKeyID && other.SignFrom != nil && other.SignFrom.After(*k.SignFrom)
	})
}

// acknowledge notes when every pod had the pending key.
func (p *plan) acknowledge() {
	k := p.pending()
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

// addSuccessor makes the signing key's successor when it is time.
func (p *plan) addSuccessor() error {
	signing, signs := p.keyset.SigningKey(p.now)
	if !signs || p.pending() != nil || !p.due(signing) {
		return nil
	}
	if len(p.keyset.Keys) >= maxKeys {
		p.waits[signing.KID] = "an earlier key to be gone: there are as many as there may be"
		return nil
	}
	key, err := p.mint(p.policy.Algorithm, p.now)
	if err == nil {
		p.keyset.Keys = append(p.keyset.Keys, key)
	}
	return err
}

// due reports whether a key needs a successor.
func (p *plan) due(signing realmconfig.Key) bool {
	if signing.Algorithm != p.policy.Algorithm {
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

// pending is the key that does not sign yet, nil when there is none.
func (p *plan) pending() *realmconfig.Key {
	for i := range p.keyset.Keys {
		if p.keyset.Keys[i].SignFrom == nil {
			return &p.keyset.Keys[i]
		}
	}
	return nil
}
