// SPDX-License-Identifier: Apache-2.0

package rotation_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/rotation"
)

const (
	worlds        = 150
	stepsOfAWorld = 400
)

// TestNobodyNoticesARotation lets hundreds of worlds go wrong in every way that
// they may. In each of them every token stays good for everybody until it
// expires, and once things calm down, a rotation that is asked for comes to its end.
func TestNobodyNoticesARotation(t *testing.T) {
	t.Parallel()
	rotations, revocations, came, went, handOvers := 0, 0, 0, 0, 0
	for seed := range uint64(worlds) {
		w := newWorld(seed)
		if err := w.live(stepsOfAWorld); err != nil {
			t.Fatalf("world %d, step %d: %v", seed, w.steps, err)
		}
		if err := w.calmDown(); err != nil {
			t.Fatalf("world %d, calm after step %d: %v", seed, w.steps, err)
		}
		rotations, revocations = rotations+w.rotations, revocations+w.revocations
		came, went, handOvers = came+w.came, went+w.went, handOvers+w.handOvers
	}
	said := fmt.Sprintf("%d rotations and %d revocations, %d families that came, %d that went, and %d that signed access tokens in place of another",
		rotations, revocations, came, went, handOvers)
	t.Log(said)
	if rotations < 5*worlds || revocations < worlds/2 || came < worlds || went < worlds || handOvers < worlds/2 {
		t.Errorf("only %s: the worlds are too quiet to prove anything", said)
	}
}

func (w *world) live(steps int) error {
	for range steps {
		w.steps++
		w.disturb()
		w.pass(w.pause())
		if w.write != nil && !w.write.at.After(w.now) {
			if err := w.land(); err != nil {
				return err
			}
		}
		if w.write == nil && w.chance(60) {
			if err := w.decide(); err != nil {
				return err
			}
		}
		if err := w.use(); err != nil {
			return err
		}
	}
	return nil
}

// use is what applications do all the time.
func (w *world) use() error {
	for _, p := range w.pods {
		if !p.serves() || !w.chance(70) {
			continue
		}
		if err := w.issue(p); err != nil {
			return err
		}
	}
	for _, v := range w.verifiers {
		if err := w.verify(v); err != nil {
			return err
		}
	}
	return w.hold()
}

func (w *world) pause() time.Duration {
	switch {
	case w.chance(2):
		return w.within(2 * time.Hour)
	case w.chance(10):
		return w.within(5 * time.Minute)
	}
	return w.within(4 * time.Second)
}

// disturb does some of what may happen at any time.
func (w *world) disturb() {
	for _, p := range w.pods {
		w.disturbPod(p)
	}
	often := 5
	if w.now.Sub(w.newest().at) < 3*time.Second {
		often = 30 // when its documents may be those of a moment ago
	}
	if len(w.pods) < 6 && w.chance(often) {
		w.appear()
	}
	if w.chance(3) {
		w.jump = slices.Concat(make([]time.Duration, 3), []time.Duration{
			w.within(10 * time.Second), -w.within(30 * time.Second), w.within(time.Hour), w.within(100 * time.Hour),
		})[w.r.IntN(7)]
	}
	if w.chance(8) {
		w.changePolicy()
	}
}

func (w *world) disturbPod(p *pod) {
	switch {
	case p.state != rotation.Silent && w.chance(40), w.chance(1):
		w.sync(p)
	case p.state == rotation.Starting && w.chance(30):
		p.state = rotation.Answering
	case p.state == rotation.Answering && w.chance(2):
		p.state = rotation.Silent
	case p.state == rotation.Silent && w.chance(4):
		p.state = rotation.Answering
	case p.gone.IsZero() && w.chance(2):
		p.gone = w.now.Add(w.within(time.Minute))
	}
}

func (w *world) changePolicy() {
	pick := func(of ...time.Duration) time.Duration { return of[w.r.IntN(len(of))] }
	switch w.r.IntN(13) {
	case 0:
		w.policy.JWKSMaxAge = pick(time.Second, 10*time.Second, time.Minute, 5*time.Minute, time.Hour)
	case 1:
		w.policy.TokenLifetime = pick(time.Minute, 5*time.Minute, time.Hour)
	case 2:
		w.policy.Algorithm = algorithms()[w.r.IntN(3)]
	case 3:
		w.policy.Interval = pick(0, time.Hour, 100*time.Hour)
	case 4:
		keys := w.newest().keyset.Keys()
		w.policy.Revoked = append(w.policy.Revoked, keys[w.r.IntN(len(keys))].KID)
	case 5, 6, 7:
		w.policy.Others = slices.DeleteFunc(algorithms(), func(realmconfig.Algorithm) bool { return w.chance(50) })
	case 8, 9:
		w.changeClients(pick(time.Minute, 10*time.Minute, time.Hour, 3*time.Hour))
	default:
		w.policy.RotateAfter = w.now
	}
}

// calmDown lets nothing go wrong any more, asks for a rotation, and waits until
// there is nothing left of it but the new key.
func (w *world) calmDown() error {
	w.jump, w.policy.Interval, w.policy.JWKSMaxAge, w.policy.TokenLifetime = 0, 0, time.Minute, time.Minute
	w.policy.RotateAfter = w.now
	w.changeClients(time.Minute)
	for range 5000 {
		w.pass(5 * time.Second)
		for _, p := range w.pods {
			p.state = rotation.Answering
			p.keyset, p.config, p.clients = w.newest().keyset, w.newest().config, w.newestClients()
		}
		acks := w.acks()
		out, err := rotation.Plan(w.newest().keyset, w.planned(), acks, w.now, w.mint)
		if err != nil {
			return err
		}
		for _, kid := range w.atOnceIn(w.newest().keyset, out.Keyset) {
			w.atOnce[kid] = true
		}
		if !same(out.Keyset, w.newest().keyset) || w.wanted() != w.newest().config {
			w.store(out.Keyset, w.wanted())
		}
		if err := w.use(); err != nil {
			return err
		}
		if w.isCalm() {
			return nil
		}
	}
	return fmt.Errorf("the rotation does not come to its end: %+v", w.newest().keyset)
}

// isCalm reports whether there is a new key of every algorithm that is wanted, and
// nothing else.
func (w *world) isCalm() bool {
	keyset := w.newest().keyset
	for _, f := range keyset.Families {
		wanted := f.Algorithm == w.policy.Algorithm || slices.Contains(w.policy.Others, f.Algorithm)
		if !wanted || len(f.Keys) != 1 || f.Keys[0].SignFrom == nil || f.Keys[0].CreatedAt.Before(w.policy.RotateAfter) ||
			(f.Access != nil) != (f.Algorithm == w.policy.Algorithm) {
			return false
		}
	}
	_, access := keyset.Family(w.policy.Algorithm)
	return access && !slices.ContainsFunc(w.policy.Others, func(a realmconfig.Algorithm) bool { _, found := keyset.Family(a); return !found })
}

func algorithms() []realmconfig.Algorithm {
	return []realmconfig.Algorithm{realmconfig.ES256, realmconfig.EdDSA, realmconfig.RS256}
}
