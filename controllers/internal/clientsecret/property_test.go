// SPDX-License-Identifier: Apache-2.0

package clientsecret_test

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/clientsecret"
)

// life is a client's secrets, its Secret, the pods of its realm and an application, moved
// on by whatever may happen to them.
type life struct {
	t      *testing.T
	random *rand.Rand
	now    time.Time
	policy clientsecret.Policy

	remembered clientsecret.Secrets
	stored     realmconfig.SecretDigest
	// held are the values that the operator has, known what pods take.
	held  map[realmconfig.SecretDigest]bool
	known []realmconfig.SecretDigest

	// replaced is when the Secret was given another secret than the one that the
	// application has, used that one. Somebody's hand may take the overlap away.
	used      realmconfig.SecretDigest
	replaced  time.Time
	disturbed bool
	steps     []string
}

func (l *life) mint() (realmconfig.SecretDigest, error) {
	d := digest(fmt.Sprint(l.random.Int64()))
	l.held[d] = true
	return d, nil
}

func (l *life) plan() clientsecret.Outcome {
	l.t.Helper()
	out, err := clientsecret.Plan(l.remembered, clientsecret.Seen{
		Stored: l.stored, Known: reflect.DeepEqual(l.known, digests(l.remembered)),
		Holds: func(s clientsecret.Secret) bool { return l.held[s.Digest] },
	}, l.policy, l.now, l.mint)
	if err != nil {
		l.t.Fatal(err)
	}
	return out
}

func digests(s clientsecret.Secrets) []realmconfig.SecretDigest {
	var all []realmconfig.SecretDigest
	for _, secret := range s.Good() {
		all = append(all, secret.Digest)
	}
	return all
}

// pass is one of the operator's. It may end before what it has done is remembered.
func (l *life) pass(interrupted bool) {
	l.t.Helper()
	out := l.plan()
	if out.Write {
		pending := out.Secrets.Pending.Digest
		if !l.takes(pending) {
			l.t.Fatalf("a secret was written that pods do not take: %v", l.steps)
		}
		if l.used == l.stored {
			l.replaced = l.now
		}
		l.stored = pending
	}
	if interrupted {
		return
	}
	l.remembered = out.Secrets
	if out.Write {
		l.remembered = l.plan().Secrets
	}
	if n := len(l.remembered.Good()); n < 1 || n > 2 {
		l.t.Fatalf("there are %d secrets: %v", n, l.steps)
	}
	if again := l.plan(); !reflect.DeepEqual(again.Secrets, l.remembered) {
		l.t.Fatalf("a second look says otherwise: %v", l.steps)
	}
	if at := l.remembered.RetiresAt(l.policy); !at.IsZero() && !at.After(l.now) {
		l.t.Fatalf("a secret is good beyond its overlap: %v", l.steps)
	}
}

func (l *life) takes(d realmconfig.SecretDigest) bool {
	for _, known := range l.known {
		if known == d {
			return true
		}
	}
	return false
}

// check looks at what nobody may notice: the application has a secret that is good, as
// long as it takes another one from the Secret before the overlap ends.
func (l *life) check() {
	l.t.Helper()
	none := realmconfig.SecretDigest{}
	late := l.used != l.stored && !l.now.Before(l.replaced.Add(l.policy.Overlap))
	if l.used != none && !l.disturbed && !late && !l.takes(l.used) {
		l.t.Fatalf("the application's secret is refused: %v", l.steps)
	}
}

func (l *life) step() {
	l.t.Helper()
	none := realmconfig.SecretDigest{}
	steps := []struct {
		name string
		do   func()
	}{
		{"pass", func() { l.pass(false) }},
		{"pass", func() { l.pass(false) }},
		{"a pass that is not remembered", func() { l.pass(true) }},
		{"pods take it up", func() { l.known = digests(l.remembered) }},
		{"pods take it up", func() { l.known = digests(l.remembered) }},
		{"the application reads its Secret", func() {
			if l.stored != none && (l.used == none || l.takes(l.stored)) {
				l.used = l.stored
			}
		}},
		{"an hour", func() { l.now = l.now.Add(time.Hour) }},
		{"a while", func() { l.now = l.now.Add(time.Duration(l.random.Int64N(int64(12 * time.Hour)))) }},
		{"the operator restarts", func() { l.held = map[realmconfig.SecretDigest]bool{} }},
		{"the Secret is deleted", func() { l.stored, l.disturbed = none, true }},
		{"the Secret is edited", func() { l.stored, l.disturbed = digest(fmt.Sprint("edited ", l.random.Int64())), true }},
		{"a rotation is asked for", func() { l.policy.RotateAfter, l.disturbed = l.now, true }},
		{"the status is lost", func() { l.remembered, l.disturbed = clientsecret.Secrets{}, true }},
	}
	chosen := steps[l.random.IntN(len(steps))]
	// Most lives are left alone, and must be without a gap.
	if l.quiet() && (chosen.name == "the Secret is deleted" || chosen.name == "the Secret is edited" ||
		chosen.name == "a rotation is asked for" || chosen.name == "the status is lost") {
		return
	}
	l.steps = append(l.steps, chosen.name)
	chosen.do()
	l.check()
}

func (l *life) quiet() bool { return l.policy.Interval%2 == 0 }

func TestNobodyNoticesARotation(t *testing.T) {
	t.Parallel()
	for seed := range uint64(400) {
		random := rand.New(rand.NewPCG(seed, seed))
		l := &life{
			t: t, random: random, now: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), held: map[realmconfig.SecretDigest]bool{},
			// An odd interval is that of a life in which people meddle.
			policy: clientsecret.Policy{Interval: 48*time.Hour + time.Duration(seed%2), Overlap: 24 * time.Hour},
		}
		for range 300 {
			l.step()
		}
		// Left alone, everything comes to rest.
		for range 8 {
			l.pass(false)
			l.known = digests(l.remembered)
		}
		if s := l.remembered; s.Active == nil || s.Pending != nil || l.stored != s.Active.Digest {
			t.Fatalf("it has not come to rest: %s after %v", names(s), l.steps)
		}
	}
}
