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
	keyset.Families = slices.Clone(keyset.Families)
	for i := range keyset.Families {
		f := &keyset.Families[i]
		f.Keys = slices.Clone(f.Keys)
		if f.Access != nil {
			access := *f.Access
			f.Access = &access
		}
	}
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
	last := p.lastToken()
	correctEnd := func(t *time.Time) *time.Time {
		if t == nil || !t.After(last.Add(Leeway)) {
			return t
		}
		return &last
	}
	inOrder := p.accessInOrder()
	for i := range p.keyset.Families {
		f := &p.keyset.Families[i]
		f.StoppedAt = correct(f.StoppedAt, time.Duration(len(inOrder)))
		if f.Access != nil {
			f.Access.TakenFrom, f.Access.TakenUntil = *correct(&f.Access.TakenFrom, 0), correctEnd(f.Access.TakenUntil)
			f.Access.SignFrom = correct(f.Access.SignFrom, time.Duration(slices.Index(inOrder, f.Algorithm)))
		}
		for i := range f.Keys {
			k := &f.Keys[i]
			k.CreatedAt, k.AcknowledgedAt = *correct(&k.CreatedAt, 0), correct(k.AcknowledgedAt, 0)
			k.SignFrom = correct(k.SignFrom, time.Duration(i)) // in the order in which they were made
			k.VerifyUntil = correctEnd(k.VerifyUntil)
		}
	}
}

// keepLongest keeps the longest of the settings that pods may follow, until every
// one of them has said that it follows a shorter one.
func (p *plan) keepLongest(promise *realmconfig.Promise, setting time.Duration, follows func(Pod) bool) {
	longest := realmconfig.Duration(setting)
	switch {
	case promise.Longest < longest:
		promise.Longest = longest
	case promise.Longest > longest && p.settled(follows):
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

// settled reports whether every pod has said that it follows a setting.
func (p *plan) settled(follows func(Pod) bool) bool {
	lags := slices.ContainsFunc(p.acks.Pods, func(pod Pod) bool { return pod.State != Answering || !follows(pod) })
	p.awaitsPods = p.awaitsPods || lags
	return p.acks.Asked && p.skewed == "" && !lags
}

// inEachFamily does something with each family, up to the first error.
func (p *plan) inEachFamily(do func(*realmconfig.Family) error) error {
	for i := range p.keyset.Families {
		if err := do(&p.keyset.Families[i]); err != nil {
			return err
		}
	}
	return nil
}

// proceed does everything that can wait until it is clear what time it is.
func (p *plan) proceed() error {
	p.welcome()
	for i := range p.keyset.Families {
		f := &p.keyset.Families[i]
		p.remove(f)
		p.sign(f)
	}
	p.handOver()
	for i := range p.keyset.Families {
		f := &p.keyset.Families[i]
		p.stop(f)
		p.retire(f)
		p.endAccess(f)
	}
	if err := p.inEachFamily(p.addSuccessor); err != nil {
		return err
	}
	for i := range p.keyset.Families {
		p.acknowledge(&p.keyset.Families[i])
	}
	p.dropEmptyFamilies()
	return nil
}

// dropEmptyFamilies takes out families that have no key left.
func (p *plan) dropEmptyFamilies() {
	p.keyset.Families = slices.DeleteFunc(p.keyset.Families, func(f realmconfig.Family) bool { return len(f.Keys) == 0 })
}
