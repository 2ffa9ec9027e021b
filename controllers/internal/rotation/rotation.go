// SPDX-License-Identifier: Apache-2.0

// Package rotation decides what becomes of a realm's signing keys.
//
// A key is published before it signs and stays published after it has:
//
//	Pending   in the JWKS, so that every verifier can know it when it signs
//	Active    signs
//	Retiring  signs no longer; published until its last token has expired
//
// So it is with the keys of each algorithm, which are a family of their own. A
// family that is wanted begins with a Pending key; one that is not wanted any more
// signs no longer, and is gone with its last key. One family signs the realm's
// access tokens. Another does in its place when it has a key that signs and that
// was made after every server was told to take access tokens of that family: with
// the word that they have the key, pods say that they take its tokens. And one
// that is not wanted any more goes on while some pod has clients whose tokens it
// signs: pods hear of clients when they may.
//
// Plan is a pure function of the key set, the realm's policy, what the pods say
// of themselves, and the time. Everything it must not forget is in the key set:
// it may be called again at any moment, by an operator that knows nothing else,
// with a key set that was written or not.
//
// It takes three things for granted. The documents that a new pod starts with
// are at most FreshMount old. The kubelet brings those of a pod that does not
// run yet up to date within MountRefresh. And the clocks of pods and verifiers
// are no further apart than Leeway; the operator's own may be wrong, as long as
// a pod answers by whose clock that can be told.
package rotation

import (
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// FreshMount is how old the documents may be that a new pod starts with.
	FreshMount = 5 * time.Second

	// MountRefresh is how long the documents of a pod that does not run yet may
	// stay as they are.
	MountRefresh = 2 * time.Minute

	// Leeway is how far the clocks of pods and verifiers may be apart.
	Leeway = time.Minute

	// maxKeys bounds a family, and so the JWKS. Rotations that are asked for
	// faster than tokens expire wait; a revocation does not.
	maxKeys = 32
)

// Policy is what a realm wants of its keys.
type Policy struct {
	// Algorithm is that of access tokens, and Others are those of other tokens.
	Algorithm realmconfig.Algorithm
	Others    []realmconfig.Algorithm

	// Interval is how old a key becomes before it gets a successor, 0 for however old.
	Interval time.Duration

	// RotateAfter, when it has come, asks for a successor of a key that was made
	// before it; zero asks for none.
	RotateAfter time.Time

	// Revoked are the kids that are not trusted any more.
	Revoked []string

	// JWKSMaxAge and TokenLifetime are what the settings say.
	JWKSMaxAge, TokenLifetime time.Duration
}

// Pod is what is known of one pod that serves, or may come to serve.
type Pod struct {
	Name  string
	State PodState

	// The rest is what an Answering pod says. Clock is zero when it does not say.
	Clock  time.Time
	KeyIDs []string
	// SigningKeyID is the key with which it signs access tokens, and StoppedKeyIDs
	// those with which it signs no more; they are nil of a pod that signs access
	// tokens alone, and does not say.
	SigningKeyID  string
	StoppedKeyIDs []string
	// Settled is set when it runs the newest settings.
	Settled bool
	// LongestToken is how long a token may be valid that it signs now, and Algorithms
	// are those by which its clients have ID tokens signed. Its clients may be older
	// than its settings.
	LongestToken time.Duration
	Algorithms   []realmconfig.Algorithm
}

// PodState is how much a pod can be relied on.
type PodState int

const (
	// Silent pods run and do not answer: nobody knows which keys they hold.
	Silent PodState = iota
	// Answering pods have said which keys they hold.
	Answering
	// Starting pods have been given their documents, and run nothing yet.
	Starting
)

// Acks are what the pods said. Nothing that needs their word is done unless they
// were Asked.
type Acks struct {
	Asked bool
	Pods  []Pod
}

// Mint makes a key that does not sign yet.
type Mint func(algorithm realmconfig.Algorithm, now time.Time) (realmconfig.Key, error)

// Outcome is what Plan decided.
type Outcome struct {
	// Keyset is what the realm's key set shall be.
	Keyset realmconfig.Keyset

	// Keys tells of each published key what it does and waits for, the one that signs
	// access tokens first.
	Keys []Key

	// Next is when time alone changes something, zero for never.
	Next time.Time

	// AwaitsPods is set while something waits for the word of a pod.
	AwaitsPods bool
}

// State is where a key is in its life.
type State string

// The states, in the order in which a key goes through them.
const (
	Pending  State = "Pending"
	Active   State = "Active"
	Retiring State = "Retiring"
)

// Key tells of one key.
type Key struct {
	KID       string
	Algorithm realmconfig.Algorithm
	State     State
	Since     time.Time

	// MovesOn is when the key leaves its state; zero while that is open.
	MovesOn time.Time
	// WaitsFor is what else than time it waits for, in words; empty for nothing.
	WaitsFor string

	// Access is set of a key whose family signs the realm's access tokens.
	Access bool
}

// First is a realm's first key set. Its keys sign at once: nobody can know older ones.
func First(policy Policy, now time.Time, mint Mint) (realmconfig.Keyset, error) {
	keyset := realmconfig.Keyset{
		Version:       realmconfig.KeysetVersion,
		JWKSMaxAge:    realmconfig.Promise{Longest: realmconfig.Duration(policy.JWKSMaxAge)},
		TokenLifetime: realmconfig.Promise{Longest: realmconfig.Duration(policy.TokenLifetime)},
	}
	for _, algorithm := range policy.algorithms() {
		key, err := mint(algorithm, now)
		if err != nil {
			return realmconfig.Keyset{}, err
		}
		key.SignFrom = &now
		keyset.Families = append(keyset.Families, realmconfig.Family{Algorithm: algorithm, Keys: []realmconfig.Key{key}})
	}
	keyset.Families[0].Access = &realmconfig.Access{TakenFrom: now, SignFrom: &now}
	return keyset, nil
}

// algorithms are those that the realm wants, each once, that of access tokens first.
func (p Policy) algorithms() []realmconfig.Algorithm {
	wanted := []realmconfig.Algorithm{p.Algorithm}
	for _, algorithm := range p.Others {
		if !slices.Contains(wanted, algorithm) {
			wanted = append(wanted, algorithm)
		}
	}
	return wanted
}

// Plan decides what becomes of a key set. The error is mint's.
func Plan(keyset realmconfig.Keyset, policy Policy, acks Acks, now time.Time, mint Mint) (Outcome, error) {
	p := newPlan(keyset, policy, acks, now, mint)
	p.correctFutureTimes()
	p.keepLongest(&p.keyset.JWKSMaxAge, policy.JWKSMaxAge, func(pod Pod) bool { return pod.Settled })
	p.keepLongest(&p.keyset.TokenLifetime, policy.TokenLifetime, func(pod Pod) bool {
		return pod.Settled && pod.LongestToken <= policy.TokenLifetime
	})
	if err := p.inEachFamily(p.revoke); err != nil {
		return Outcome{}, err
	}
	p.dropEmptyFamilies()
	if p.skewed == "" {
		if err := p.proceed(); err != nil {
			return Outcome{}, err
		}
	}
	return Outcome{Keyset: p.keyset, Keys: p.report(), Next: p.next, AwaitsPods: p.awaitsPods || p.skewed != ""}, nil
}
