// SPDX-License-Identifier: Apache-2.0

package rotation_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/rotation"
)

func noon() time.Time { return time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC) }

func at(d time.Duration) *time.Time { t := noon().Add(d); return &t }

// key is one of a key set: made so long ago, and signing since then if at all.
func key(kid string, age time.Duration, signFrom, verifyUntil *time.Time) realmconfig.Key {
	return realmconfig.Key{KID: kid, Algorithm: realmconfig.ES256, CreatedAt: noon().Add(-age), SignFrom: signFrom, VerifyUntil: verifyUntil}
}

// keyset is one whose newest signing key signs access tokens.
func keyset(keys ...realmconfig.Key) realmconfig.Keyset {
	return realmconfig.EarlierKeyset{
		Version: realmconfig.Version, Keys: keys,
		JWKSMaxAge:    realmconfig.Promise{Longest: realmconfig.Duration(5 * time.Minute)},
		TokenLifetime: realmconfig.Promise{Longest: realmconfig.Duration(time.Hour)},
	}.Keyset()
}

func acknowledged(k realmconfig.Key, when *time.Time) realmconfig.Key {
	k.AcknowledgedAt = when
	return k
}

// answering is a pod that holds keys and signs with the first.
func answering(kids ...string) rotation.Pod {
	return rotation.Pod{Name: "p", State: rotation.Answering, Clock: noon(), KeyIDs: kids, SigningKeyID: kids[0], Settled: true}
}

// TestPlan reads: with these keys, pods and wishes the keys become those. A key
// is told as its kid, its state, and what it waits for.
func TestPlan(t *testing.T) {
	t.Parallel()
	const hour = time.Hour
	active, pending := key("a", 9*hour, at(-9*hour), nil), key("b", hour, nil, nil)
	newer := key("b", hour, at(-hour), nil)
	for name, c := range map[string]struct {
		keys realmconfig.Keyset
		pods []rotation.Pod
		wish func(*rotation.Policy)
		want string
	}{
		"nothing to do":                         {keyset(active), []rotation.Pod{answering("a")}, nil, "a Active"},
		"a key that is too old":                 {keyset(active), nil, func(p *rotation.Policy) { p.Interval = 9 * hour }, "a Active; new Pending: pods that are being started, which may not know of it"},
		"a key that is not old enough":          {keyset(active), nil, func(p *rotation.Policy) { p.Interval = 9*hour + 1 }, "a Active"},
		"a rotation now":                        {keyset(active), nil, func(p *rotation.Policy) { p.RotateAfter = noon() }, "a Active; new Pending: pods that are being started, which may not know of it"},
		"a rotation that lies ahead":            {keyset(active), nil, func(p *rotation.Policy) { p.RotateAfter = noon().Add(1) }, "a Active"},
		"a rotation that has been":              {keyset(active), nil, func(p *rotation.Policy) { p.RotateAfter = noon().Add(-9 * hour) }, "a Active"},
		"a rotation during another":             {keyset(active, pending), []rotation.Pod{answering("a")}, func(p *rotation.Policy) { p.RotateAfter = noon() }, "a Active; b Pending: pod p, which does not have it yet"},
		"another algorithm":                     {keyset(active), nil, func(p *rotation.Policy) { p.Algorithm = realmconfig.EdDSA }, "a Active; new Pending: pods that are being started, which may not know of it"},
		"another algorithm during a rotation":   {keyset(active, pending), nil, func(p *rotation.Policy) { p.Algorithm = realmconfig.EdDSA }, "a Active; new Pending: pods that are being started, which may not know of it"},
		"the old algorithm during a rotation":   {keyset(active, edDSA(pending)), nil, nil, "a Active"},
		"a pod that lacks the key":              {keyset(active, pending), []rotation.Pod{answering("a", "b"), answering("a")}, nil, "a Active; b Pending: pod p, which does not have it yet"},
		"a pod that hangs":                      {keyset(active, pending), []rotation.Pod{{Name: "p"}}, nil, "a Active; b Pending: pod p, which does not answer"},
		"a pod that has been starting for long": {keyset(active, pending), []rotation.Pod{{Name: "p", State: rotation.Starting}}, nil, "a Active; b Pending"},
		"a pod that starts": {
			keyset(active, key("b", time.Minute, nil, nil)), []rotation.Pod{{Name: "p", State: rotation.Starting}}, nil,
			"a Active; b Pending: pod p, which is being started",
		},
		"a key that every pod has at once": {
			keyset(active, key("b", 4*time.Second, nil, nil)), []rotation.Pod{answering("a", "b")}, nil,
			"a Active; b Pending: pods that are being started, which may not know of it",
		},
		"a key that verifiers may not know": {keyset(active, acknowledged(pending, at(-5*time.Minute+1))), []rotation.Pod{answering("a", "b")}, nil, "a Active; b Pending"},
		"a time that has come for us alone": {keyset(active, acknowledged(pending, at(-5*time.Minute))), []rotation.Pod{late(time.Second, answering("a", "b"))}, nil, "a Active; b Pending"},
		"a key that every verifier knows":   {keyset(active, acknowledged(pending, at(-5*time.Minute))), []rotation.Pod{answering("a", "b")}, nil, "b Active; a Retiring: pods that are being started, which may not know of it"},
		"a key that a pod has lost": {
			keyset(active, acknowledged(pending, at(-5*time.Minute))), []rotation.Pod{answering("a")}, nil,
			"a Active; b Pending: pod p, which does not have it yet",
		},
		"a realm without pods":                {keyset(active, acknowledged(pending, at(-5*time.Minute))), nil, nil, "b Active; a Retiring: pods that are being started, which may not know of it"},
		"a pod that signs with the old key":   {keyset(active, newer), []rotation.Pod{answering("a", "b")}, nil, "b Active; a Retiring: pod p, which still signs with it"},
		"pods that sign with the new key":     {keyset(active, newer), []rotation.Pod{answering("b", "a")}, nil, "b Active; a Retiring until 13:01:00"},
		"a last token that has expired":       {keyset(key("a", 9*hour, at(-9*hour), at(0)), newer), []rotation.Pod{answering("b", "a")}, nil, "b Active"},
		"a clock that is far from ours":       {keyset(active, acknowledged(pending, at(-hour))), []rotation.Pod{late(2*time.Minute, answering("a", "b"))}, nil, "a Active: pod p, whose clock is far from the operator's; b Pending: pod p, whose clock is far from the operator's"},
		"a revoked key":                       {keyset(active), []rotation.Pod{answering("a")}, revoke("a"), "new Active"},
		"a revoked key that has a successor":  {keyset(active, pending), []rotation.Pod{answering("a")}, revoke("a"), "b Active"},
		"a revoked key, by a wrong clock":     {keyset(active, pending), []rotation.Pod{late(2*time.Minute, answering("a"))}, revoke("a"), "b Active: pod p, whose clock is far from the operator's"},
		"a revoked key that was to come":      {keyset(active, pending), []rotation.Pod{answering("a")}, revoke("b"), "a Active"},
		"a revoked key that was":              {keyset(key("a", 9*hour, at(-9*hour), at(hour)), newer), []rotation.Pod{answering("b")}, revoke("a"), "b Active"},
		"a revoked key that nobody knows":     {keyset(active), []rotation.Pod{answering("a")}, revoke("z"), "a Active"},
		"as many keys as there may be":        {keyset(many(active)...), nil, func(p *rotation.Policy) { p.RotateAfter = noon() }, "a Active: an earlier key to be gone: there are as many as there may be"},
		"a revocation among so many":          {keyset(many(active)...), nil, revoke("a"), "new Active"},
		"a key set of which none is to sign":  {keyset(pending), nil, nil, "b Active"},
		"a key made by a clock that was fast": {keyset(key("a", -100*hour, at(100*hour), nil)), nil, func(p *rotation.Policy) { p.RotateAfter = noon().Add(time.Second) }, "a Active"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			policy := rotation.Policy{Algorithm: realmconfig.ES256, JWKSMaxAge: 5 * time.Minute, TokenLifetime: time.Hour}
			if c.wish != nil {
				c.wish(&policy)
			}
			out, err := rotation.Plan(c.keys, policy, rotation.Acks{Asked: true, Pods: c.pods}, noon(), mint)
			if err != nil {
				t.Fatal(err)
			}
			if got := told(out.Keys); got != c.want {
				t.Errorf("keys are %q, want %q", got, c.want)
			}
		})
	}
}

func TestNothingThatNeedsTheWordOfPodsIsDoneWithoutIt(t *testing.T) {
	t.Parallel()
	policy := rotation.Policy{Algorithm: realmconfig.ES256, JWKSMaxAge: time.Second, TokenLifetime: time.Minute}
	pending := key("b", time.Hour, nil, nil)
	before := keyset(key("a", 9*time.Hour, at(-9*time.Hour), nil), acknowledged(pending, at(-time.Hour)))
	out, err := rotation.Plan(before, policy, rotation.Acks{}, noon(), mint)
	if err != nil || !same(before, out.Keyset) {
		t.Errorf("the key set becomes %+v, %v", out.Keyset, err)
	}
}

func TestPlanSaysWhenToLookAgain(t *testing.T) {
	t.Parallel()
	policy := rotation.Policy{Algorithm: realmconfig.ES256, Interval: 10 * time.Hour, JWKSMaxAge: 5 * time.Minute, TokenLifetime: time.Hour}
	active, pending := key("a", 9*time.Hour, at(-9*time.Hour), nil), key("b", time.Minute, nil, nil)
	for name, c := range map[string]struct {
		keys  realmconfig.Keyset
		pods  []rotation.Pod
		after time.Duration
		waits bool
	}{
		"when the key is old enough":         {keyset(active), nil, time.Hour, false},
		"when every verifier knows the next": {keyset(active, acknowledged(pending, at(-time.Minute))), []rotation.Pod{answering("a", "b")}, 4 * time.Minute, false},
		"when a pod has started":             {keyset(active, pending), []rotation.Pod{{Name: "p", State: rotation.Starting}}, time.Minute, false},
		"when a pod may have the next":       {keyset(active, pending), []rotation.Pod{answering("a")}, 0, true},
		"when the last token has expired":    {keyset(key("z", 90*time.Hour, at(-90*time.Hour), at(time.Minute)), active), []rotation.Pod{answering("a")}, time.Minute, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out, err := rotation.Plan(c.keys, policy, rotation.Acks{Asked: true, Pods: c.pods}, noon(), mint)
			if err != nil {
				t.Fatal(err)
			}
			got := time.Duration(0)
			if !out.Next.IsZero() {
				got = out.Next.Sub(noon())
			}
			if got != c.after || out.AwaitsPods != c.waits {
				t.Errorf("looks after %s (awaits pods: %t), want %s (%t)", got, out.AwaitsPods, c.after, c.waits)
			}
		})
	}
}

func mint(algorithm realmconfig.Algorithm, now time.Time) (realmconfig.Key, error) {
	return realmconfig.Key{KID: "new", Algorithm: algorithm, CreatedAt: now}, nil
}

func revoke(kid string) func(*rotation.Policy) {
	return func(p *rotation.Policy) { p.Revoked = []string{kid} }
}

func edDSA(k realmconfig.Key) realmconfig.Key {
	k.Algorithm = realmconfig.EdDSA
	return k
}

func late(d time.Duration, p rotation.Pod) rotation.Pod {
	p.Clock = p.Clock.Add(-d)
	return p
}

// many is the key and as many retired ones as fit.
func many(k realmconfig.Key) []realmconfig.Key {
	keys := []realmconfig.Key{k}
	for i := range 31 {
		keys = append(keys, key(fmt.Sprint(i), 99*time.Hour, at(-99*time.Hour), at(time.Hour)))
	}
	return keys
}

// told is what a plan says of the keys, leaving out those of many.
func told(keys []rotation.Key) string {
	var said []string
	for _, k := range keys {
		if len(keys) > 30 && k.State == rotation.Retiring {
			continue
		}
		text := k.KID + " " + string(k.State)
		if k.WaitsFor != "" {
			text += ": " + k.WaitsFor
		}
		if k.State == rotation.Retiring && !k.MovesOn.IsZero() {
			text += " until " + k.MovesOn.Format(time.TimeOnly)
		}
		said = append(said, text)
	}
	return strings.Join(said, "; ")
}
