// SPDX-License-Identifier: Apache-2.0

package rotation_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"reflect"
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/controllers/internal/rotation"
)

// world is a realm with pods, verifiers and an operator, in a time of its own.
// Whatever goes wrong in it is what rotation has to live with; what may not
// happen in it is returned by its methods as a complaint.
type world struct {
	r   *rand.Rand
	now time.Time

	// skewed worlds have pods with clocks of their own; in the others the
	// operator's clock jumps.
	skewed bool
	jump   time.Duration

	// mixed worlds have pods of the release before, in which families were unknown.
	mixed bool

	// policy is what the settings say. Clients want tokens of their own beside it.
	policy    rotation.Policy
	stored    []stored  // every version of the documents, the newest last
	clients   []clients // every version of the clients' documents, the newest last
	pods      []*pod
	verifiers []*verifier

	// write is one that is under way.
	write *write

	made int
	// access and others are, by kid, when the last access token and the last other
	// token that it signed expires.
	access, others map[string]time.Time
	// atOnce are the keys that signed at once, in place of a revoked one.
	atOnce  map[string]bool
	revoked map[string]bool

	steps, rotations, revocations int
	// came and went count families, and handOvers how often another signed access tokens.
	came, went, handOvers int
}

// stored is what the API server has: the key set and the settings of a realm.
type stored struct {
	at     time.Time
	keyset realmconfig.Keyset
	config settings
}

// settings are those that matter here, with their revision.
type settings struct {
	jwksMaxAge, tokenLifetime time.Duration
}

// clients are those in the documents of clients, which pods read when they may: how long
// their tokens live, and how those are signed.
type clients struct {
	at            time.Time
	tokenLifetime time.Duration
	algorithms    []realmconfig.Algorithm
}

// write is what an operator has decided, on the ground of which version.
type write struct {
	base    int
	at      time.Time
	keyset  realmconfig.Keyset
	config  settings
	atOnce  []string
	changes bool
}

type pod struct {
	name string
	// earlier ones know no families. They read what stands beside the key set.
	earlier  bool
	state    rotation.PodState // Silent ones serve all the same
	clock    time.Duration
	keyset   realmconfig.Keyset
	config   settings
	clients  clients
	syncedAt time.Time
	// gone is when a pod on its way out is killed; zero for others.
	gone time.Time
}

// verifier keeps a copy of the JWKS for as long as it may, and not an unknown
// kid nor anything else makes it ask before that.
type verifier struct {
	knows []string
	until time.Time
}

func newWorld(seed uint64) *world {
	w := &world{
		r:   rand.New(rand.NewPCG(seed, 0)),
		now: time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC),
		policy: rotation.Policy{
			Algorithm: realmconfig.ES256, Others: []realmconfig.Algorithm{realmconfig.RS256}, JWKSMaxAge: 5 * time.Minute, TokenLifetime: time.Hour,
		},
		access: map[string]time.Time{}, others: map[string]time.Time{}, atOnce: map[string]bool{}, revoked: map[string]bool{},
	}
	w.skewed, w.mixed = w.chance(50), w.chance(30)
	first, _ := rotation.First(w.policy, w.now, w.mint)
	w.store(first, w.wanted())
	w.changeClients(time.Hour)
	for range 3 {
		w.appear()
		w.verifiers = append(w.verifiers, &verifier{})
	}
	for _, p := range w.pods {
		p.state = rotation.Answering
	}
	return w
}

// chance is true that often in a hundred.
func (w *world) chance(percent int) bool { return w.r.IntN(100) < percent }

func (w *world) within(d time.Duration) time.Duration { return time.Duration(w.r.Int64N(int64(d) + 1)) }

// mint makes a key without the work of making one.
func (w *world) mint(algorithm realmconfig.Algorithm, now time.Time) (realmconfig.Key, error) {
	w.made++
	return realmconfig.Key{KID: fmt.Sprintf("key-%d", w.made), Algorithm: algorithm, CreatedAt: now}, nil
}

func (w *world) wanted() settings { return settings{w.policy.JWKSMaxAge, w.policy.TokenLifetime} }

// planned is what the operator wants of keys: what settings and clients want together.
func (w *world) planned() rotation.Policy {
	policy := w.policy
	policy.TokenLifetime = max(policy.TokenLifetime, w.newestClients().tokenLifetime)
	return policy
}

// changeClients has the clients want tokens that live so long, signed as the policy says.
func (w *world) changeClients(tokenLifetime time.Duration) {
	w.clients = append(w.clients, clients{w.now, tokenLifetime, slices.Clone(w.policy.Others)})
}

func (w *world) newestClients() clients { return w.clients[len(w.clients)-1] }

func (w *world) newest() stored { return w.stored[len(w.stored)-1] }

func (w *world) store(keyset realmconfig.Keyset, config settings) {
	w.stored = append(w.stored, stored{w.now, keyset, config})
}

// appear starts a pod with documents that may be a little old.
func (w *world) appear() {
	age := w.now.Add(-w.within(2 * time.Second))
	documents := w.stored[0]
	for _, s := range w.stored {
		if !s.at.After(age) {
			documents = s
		}
	}
	told := w.clients[0]
	for _, c := range w.clients {
		if !c.at.After(age) {
			told = c
		}
	}
	p := &pod{name: fmt.Sprintf("pod-%d", w.steps), state: rotation.Starting, keyset: documents.keyset, config: documents.config, clients: told, syncedAt: w.now}
	p.earlier = w.mixed && w.chance(50)
	if w.skewed {
		p.clock = w.within(20*time.Second) - 10*time.Second
	}
	w.pods = append(w.pods, p)
}

// sync is the kubelet's work. Mounts are brought up to date one by one, and those of clients
// seldom.
func (w *world) sync(p *pod) {
	s := w.newest()
	both := p.state == rotation.Starting
	if both || w.chance(80) {
		p.keyset = s.keyset
	}
	if both || w.chance(80) {
		p.config = s.config
	}
	if both || w.chance(30) {
		p.clients = w.newestClients()
	}
	p.syncedAt = w.now
}

// longestToken is how long a token may be valid that it signs.
func (p *pod) longestToken() time.Duration {
	if p.earlier {
		return p.config.tokenLifetime
	}
	return max(p.config.tokenLifetime, min(p.clients.tokenLifetime, time.Duration(p.keyset.TokenLifetime.Longest)))
}

func (p *pod) time(now time.Time) time.Time { return now.Add(p.clock) }

func (p *pod) serves() bool { return p.state != rotation.Starting }

func (p *pod) publishes(now time.Time) []string {
	if p.earlier {
		return kidsOf(publishedEarlier(p.keyset.Earlier(), p.time(now)))
	}
	return kidsOf(p.keyset.Published(p.time(now)))
}

// signsAccess is the key with which it signs access tokens.
func (p *pod) signsAccess(now time.Time) (realmconfig.Key, bool) {
	if p.earlier {
		return (realmconfig.Family{Keys: p.keyset.Earlier().Keys}).SigningKey(p.time(now))
	}
	return p.keyset.SigningKey(p.time(now))
}

// takes reports whether it takes an access token that a key has signed.
func (p *pod) takes(kid string, now time.Time) bool {
	if p.earlier {
		return slices.Contains(p.publishes(now), kid)
	}
	return p.keyset.TakesAccess(kid, p.time(now))
}

// publishedEarlier is what a server publishes that knows no families.
func publishedEarlier(s realmconfig.EarlierKeyset, now time.Time) []realmconfig.Key {
	return slices.DeleteFunc(s.Keys, func(k realmconfig.Key) bool { return k.VerifyUntil != nil && !k.VerifyUntil.After(now) })
}

func kidsOf(keys []realmconfig.Key) []string {
	kids := []string{}
	for _, k := range keys {
		kids = append(kids, k.KID)
	}
	return kids
}

// pass lets time go by, and what time alone brings about happen.
func (w *world) pass(d time.Duration) {
	w.now = w.now.Add(d)
	for _, tokens := range []map[string]time.Time{w.access, w.others} {
		maps.DeleteFunc(tokens, func(_ string, expiry time.Time) bool { return !expiry.After(w.now) })
	}
	w.pods = slices.DeleteFunc(w.pods, func(p *pod) bool { return !p.gone.IsZero() && !p.gone.After(w.now) })
	for _, p := range w.pods {
		if p.state == rotation.Starting && w.now.Sub(p.syncedAt) >= rotation.MountRefresh {
			w.sync(p)
		}
	}
}

// acks are what the operator learns when it asks.
func (w *world) acks() rotation.Acks {
	if w.chance(3) {
		return rotation.Acks{} // the pods could not even be listed
	}
	acks := rotation.Acks{Asked: true}
	for _, p := range w.pods {
		told := rotation.Pod{Name: p.name, State: p.state}
		if p.state == rotation.Answering {
			told.Clock, told.KeyIDs, told.Settled = p.time(w.now), p.publishes(w.now), p.config == w.wanted()
			signing, _ := p.signsAccess(w.now)
			told.SigningKeyID = signing.KID
			if !p.earlier {
				told.StoppedKeyIDs = kidsOf(p.keyset.Stopped(told.Clock))
				told.LongestToken, told.Algorithms = p.longestToken(), p.clients.algorithms
			}
		}
		acks.Pods = append(acks.Pods, told)
	}
	return acks
}

// operatorTime is the operator's clock. It jumps only while there is a pod by
// whose clock that can be told.
func (w *world) operatorTime(acks rotation.Acks) time.Time {
	answers := slices.ContainsFunc(acks.Pods, func(p rotation.Pod) bool { return p.State == rotation.Answering })
	if w.skewed || !answers {
		return w.now
	}
	return w.now.Add(w.jump)
}

// decide is an operator's pass up to the write, which lands later, or never.
func (w *world) decide() error {
	acks, before := w.acks(), w.newest()
	now := w.operatorTime(acks)
	out, err := rotation.Plan(before.keyset, w.planned(), acks, now, w.mint)
	if err != nil {
		return err
	}
	changes := !same(before.keyset, out.Keyset)
	if again, err := rotation.Plan(out.Keyset, w.planned(), acks, now, w.mint); err != nil || !same(out.Keyset, again.Keyset) {
		return fmt.Errorf("a second look at once changes\n%+v\nto\n%+v (%w)", out.Keyset, again.Keyset, err)
	}
	decided := &write{base: len(w.stored), at: w.now.Add(w.within(2 * time.Second)), keyset: out.Keyset, config: w.wanted(), changes: changes}
	decided.atOnce = w.atOnceIn(before.keyset, out.Keyset)
	w.write = decided
	return nil
}

// atOnceIn are the keys that sign at once in place of revoked ones.
func (w *world) atOnceIn(before, after realmconfig.Keyset) []string {
	var kids []string
	late := w.now.Add(1000 * time.Hour) // when every time has come
	for _, f := range before.Families {
		if signed, _ := f.SigningKey(late); slices.Contains(w.policy.Revoked, signed.KID) {
			is, _ := after.Family(f.Algorithm)
			signs, _ := is.SigningKey(late)
			kids = append(kids, signs.KID)
		}
	}
	return kids
}

// land finishes the write under way, as far as the operator lives to do it.
func (w *world) land() error {
	decided := w.write
	w.write = nil
	if decided.base != len(w.stored) || w.chance(5) {
		return nil // somebody else was faster, the operator died or the write got lost
	}
	for _, k := range decided.keyset.Keys() {
		if w.revoked[k.KID] {
			return fmt.Errorf("%s is back, which is revoked", k.KID)
		}
	}
	for _, kid := range decided.atOnce {
		w.atOnce[kid] = true
		w.revocations++
	}
	config := decided.config
	if w.chance(5) {
		config = w.newest().config // it died between the one and the other
	}
	before := w.newest().keyset
	if decided.changes || config != w.newest().config {
		w.store(decided.keyset, config)
	}
	w.count(before, w.newest().keyset)
	for _, kid := range w.policy.Revoked {
		w.revoked[kid] = true
	}
	return nil
}

// count notes what has become of families.
func (w *world) count(before, after realmconfig.Keyset) {
	for _, f := range after.Families {
		earlier, known := before.Family(f.Algorithm)
		was, did := earlier.SigningKey(w.now)
		is, does := f.SigningKey(w.now)
		switch {
		case did && does && was.KID != is.KID:
			w.rotations++
		case !known:
			w.came++
		}
	}
	for _, f := range before.Families {
		if _, still := after.Family(f.Algorithm); !still {
			w.went++
		}
	}
	was, _ := before.AccessFamily(w.now)
	if is, _ := after.AccessFamily(w.now); is.Algorithm != was.Algorithm {
		w.handOvers++
	}
}

func same(a, b realmconfig.Keyset) bool { return reflect.DeepEqual(a, b) }
