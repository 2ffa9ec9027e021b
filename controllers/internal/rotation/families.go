// SPDX-License-Identifier: Apache-2.0

package rotation

import (
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// welcome sees to it that every family is there that the realm wants, and that
// servers take access tokens of the one that is to sign them.
func (p *plan) welcome() {
	for _, algorithm := range p.policy.algorithms() {
		f := p.family(algorithm)
		if f == nil {
			p.keyset.Families = append(p.keyset.Families, realmconfig.Family{Algorithm: algorithm})
			f = p.family(algorithm)
		}
		f.StoppedAt = nil // what had not been retired yet signs again: it has been published all the time
	}
	access := p.access()
	for i := range p.keyset.Families {
		f := &p.keyset.Families[i]
		switch {
		case f.Access != nil && f.Access.TakenUntil != nil && p.passed(*f.Access.TakenUntil):
			f.Access = nil
		case f.Access != nil && f.Access.SignFrom == nil && f.Algorithm != p.policy.Algorithm:
			f.Access = nil
		}
		if f.Algorithm == p.policy.Algorithm && f.Algorithm != access {
			p.takeAccess(f)
		}
	}
}

// takeAccess has servers take access tokens of a family, if some may not do so.
func (p *plan) takeAccess(f *realmconfig.Family) {
	switch {
	case f.Access == nil:
		f.Access = &realmconfig.Access{TakenFrom: p.now}
	case f.Access.TakenUntil != nil:
		f.Access.TakenFrom, f.Access.TakenUntil = p.now, nil
	}
}

// handOver lets the family that is to sign access tokens do so, once every server
// takes them and every verifier knows its key.
func (p *plan) handOver() {
	access := p.family(p.access())
	next := p.family(p.policy.Algorithm)
	if access == nil || access == next {
		return
	}
	signing, signs := next.SigningKey(p.now)
	if !signs || signing.CreatedAt.Before(next.Access.TakenFrom) {
		return
	}
	from := p.now
	if !access.Access.SignFrom.Before(from) {
		from = access.Access.SignFrom.Add(1)
	}
	next.Access.SignFrom = &from
}

// stop ends a family that is not wanted, and drops the successor of one that is
// only wanted until another is ready.
func (p *plan) stop(f *realmconfig.Family) {
	if p.lasts(*f) {
		return
	}
	f.Keys = slices.DeleteFunc(f.Keys, func(k realmconfig.Key) bool { return k.SignFrom == nil })
	if f.StoppedAt != nil || f.Algorithm == p.access() || !p.letGo(*f) {
		return
	}
	stopped := p.now
	if access := p.family(p.access()); access != nil && access.Access.SignFrom.After(stopped) {
		stopped = *access.Access.SignFrom // not before another signs access tokens in its place
	}
	f.StoppedAt = &stopped
}

// letGo reports whether no pod has clients any more whose tokens a family signs. One that
// signs nothing is not waited for.
func (p *plan) letGo(f realmconfig.Family) bool {
	signing, signs := f.SigningKey(p.now)
	return !signs || p.everyPod(signing.KID, time.Time{}, func(pod Pod) string {
		if slices.Contains(pod.Algorithms, f.Algorithm) {
			return "which has clients that use it"
		}
		return ""
	})
}

// endAccess sets the end of a family's access tokens when no pod can sign one any
// more.
func (p *plan) endAccess(f *realmconfig.Family) {
	access := p.family(p.access())
	if access == nil || f.Algorithm == access.Algorithm || f.Algorithm == p.policy.Algorithm || !signsAccess(*f) || f.Access.TakenUntil != nil {
		return
	}
	what := "access tokens of " + string(f.Algorithm)
	if p.everyPod(what, *access.Access.SignFrom, func(pod Pod) string {
		if p.signsAccessAfter(pod, *f) {
			return ""
		}
		return "which still signs them"
	}) {
		until := p.lastToken()
		f.Access.TakenUntil = &until
	}
}

// signsAccessAfter reports whether a pod signs access tokens with a family that
// came after f.
func (p *plan) signsAccessAfter(pod Pod, f realmconfig.Family) bool {
	return slices.ContainsFunc(p.keyset.Families, func(other realmconfig.Family) bool {
		return signsAccess(other) && other.Access.SignFrom.After(*f.Access.SignFrom) &&
			slices.ContainsFunc(other.Keys, func(k realmconfig.Key) bool { return k.KID == pod.SigningKeyID })
	})
}

func signsAccess(f realmconfig.Family) bool { return f.Access != nil && f.Access.SignFrom != nil }

// lasts reports whether the realm wants a family for longer than until another
// signs access tokens in its place.
func (p *plan) lasts(f realmconfig.Family) bool {
	return slices.Contains(p.policy.algorithms(), f.Algorithm)
}

// access is the algorithm of access tokens, once every time in the key set has come.
func (p *plan) access() realmconfig.Algorithm {
	inOrder := p.accessInOrder()
	if len(inOrder) == 0 {
		return ""
	}
	return inOrder[len(inOrder)-1]
}

// accessInOrder are the algorithms of access tokens, in the order in which they came.
func (p *plan) accessInOrder() []realmconfig.Algorithm {
	families := slices.DeleteFunc(slices.Clone(p.keyset.Families), func(f realmconfig.Family) bool { return !signsAccess(f) })
	slices.SortStableFunc(families, func(a, b realmconfig.Family) int { return a.Access.SignFrom.Compare(*b.Access.SignFrom) })
	var algorithms []realmconfig.Algorithm
	for _, f := range families {
		algorithms = append(algorithms, f.Algorithm)
	}
	return algorithms
}

// family is the family of an algorithm, nil when there is none.
func (p *plan) family(algorithm realmconfig.Algorithm) *realmconfig.Family {
	i := slices.IndexFunc(p.keyset.Families, func(f realmconfig.Family) bool { return f.Algorithm == algorithm })
	if i < 0 {
		return nil
	}
	return &p.keyset.Families[i]
}

// stoppedAt is when a key was told to sign no more: when the next one signed, or
// the family was stopped.
func stoppedAt(f realmconfig.Family, k realmconfig.Key) time.Time {
	var stopped time.Time
	for _, other := range f.Keys {
		if other.SignFrom != nil && other.SignFrom.After(*k.SignFrom) && (stopped.IsZero() || other.SignFrom.Before(stopped)) {
			stopped = *other.SignFrom
		}
	}
	switch {
	case !stopped.IsZero():
		return stopped
	case f.StoppedAt != nil:
		return *f.StoppedAt
	}
	return *k.SignFrom // its family was stopped and is wanted again: when, nobody noted
}
