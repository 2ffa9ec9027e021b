// SPDX-License-Identifier: Apache-2.0

// Package clientsecret decides what becomes of the secrets of a client.
//
// Pods know a secret before anybody is given it, and for a while after it was replaced:
//
//	Pending   on its way to the pods, and in no Secret yet
//	Active    in the Secret, or the last one that was there
//	Retiring  the one before, good until the overlap ends, whoever still uses it
//
// Plan is a pure function of what is remembered of the secrets, of what the Secret holds,
// of what pods know, and of the time. Only digests are remembered. Whoever makes a secret
// holds its value until it is written; a value that is lost before, with an operator that
// ends, was given to nobody, and another takes its place.
package clientsecret

import (
	"encoding/hex"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Secret is one secret of a client, without its value.
type Secret struct {
	Digest realmconfig.SecretDigest
	MadeAt time.Time

	// WrittenAt is when the Secret was given it, zero before that.
	WrittenAt time.Time
}

// ID names the secret. It tells no more of it than the digest does.
func (s Secret) ID() string { return hex.EncodeToString(s.Digest[:8]) }

// Secrets are those of one client. Pods take all of them, which are two at most.
type Secrets struct{ Pending, Active, Retiring *Secret }

// Good are the secrets that pods are to take, the newer one first.
func (s Secrets) Good() []Secret {
	var good []Secret
	for _, secret := range []*Secret{s.Pending, s.Active, s.Retiring} {
		if secret != nil {
			good = append(good, *secret)
		}
	}
	return good
}

// Policy is what the client's author wants of its secrets.
type Policy struct {
	// Interval is how old a secret becomes before it is replaced, 0 for however old.
	Interval time.Duration

	// Overlap is how long a secret is good after it was replaced.
	Overlap time.Duration

	// RotateAfter, when it has come, asks for a successor of a secret that was made
	// before it; zero asks for none.
	RotateAfter time.Time
}

// Seen is what one look has found.
type Seen struct {
	// Stored is the digest of what the Secret holds, zero when it holds no secret.
	Stored realmconfig.SecretDigest

	// Holds reports whether the value of a secret is at hand, to be written.
	Holds func(Secret) bool

	// Known is set when every pod takes the secrets that are remembered.
	Known bool
}

// Outcome is what Plan decided.
type Outcome struct {
	Secrets Secrets

	// Write is set when the Secret is to be given the pending secret now. Once it has it,
	// Plan says so.
	Write bool

	// Next is when time alone changes something, zero for never.
	Next time.Time
}

// Plan says which secrets there are to be now. It makes one by mint, whose error it
// returns.
func Plan(before Secrets, seen Seen, policy Policy, now time.Time, mint func() (realmconfig.SecretDigest, error)) (Outcome, error) {
	out := before.recognize(seen.Stored, now).Rest(policy, now)
	s := out.Secrets
	switch {
	case s.Active != nil && seen.Stored == s.Active.Digest && !s.due(policy, now):
		out.Secrets.Pending = nil // if there was one, nobody wants it any more
	case s.Pending == nil || !seen.Holds(*s.Pending):
		digest, err := mint()
		if err != nil {
			return Outcome{}, err
		}
		// Pods take two: the one that is in use stays, and the one before goes early.
		out.Secrets.Pending, out.Secrets.Retiring = &Secret{Digest: digest, MadeAt: now}, nil
	default:
		out.Write = seen.Known
	}
	out.Next = out.Secrets.next(policy, now)
	return out, nil
}

// Rest is what becomes of the secrets while nobody may write any: the one before is dropped
// at the overlap's end all the same.
func (s Secrets) Rest(policy Policy, now time.Time) Outcome {
	if s.Retiring != nil && !now.Before(s.RetiresAt(policy)) {
		s.Retiring = nil
	}
	return Outcome{Secrets: s, Next: s.next(policy, now)}
}

// Written is what becomes of the secrets once the Secret has the pending one.
func (s Secrets) Written(policy Policy, now time.Time) Outcome {
	if s.Pending != nil {
		s = s.recognize(s.Pending.Digest, now)
	}
	return s.Rest(policy, now)
}

// recognize takes for active what stands in the Secret, if it is one of the client's. When
// nothing is remembered, whatever stands there is.
func (s Secrets) recognize(stored realmconfig.SecretDigest, now time.Time) Secrets {
	none := realmconfig.SecretDigest{}
	switch {
	case stored == none || s.Active != nil && stored == s.Active.Digest:
	case s.Pending != nil && stored == s.Pending.Digest:
		return Secrets{Active: s.Pending.written(now), Retiring: s.Active}
	case s.Retiring != nil && stored == s.Retiring.Digest: // which somebody has put back
		return Secrets{Active: s.Retiring.written(now), Retiring: s.Active, Pending: s.Pending}
	case s.Active == nil:
		return Secrets{Active: &Secret{Digest: stored, MadeAt: now, WrittenAt: now}, Pending: s.Pending}
	}
	return s
}

func (s Secret) written(now time.Time) *Secret {
	s.WrittenAt = now
	return &s
}

// due reports whether the active secret is to be replaced. One that has only grown old
// waits for the overlap's end: nobody has less time for a new one than was promised.
func (s Secrets) due(policy Policy, now time.Time) bool {
	aged := policy.Interval > 0 && !now.Before(s.Active.MadeAt.Add(policy.Interval)) && s.Retiring == nil
	asked := s.Active.MadeAt.Before(policy.RotateAfter) && !now.Before(policy.RotateAfter)
	return aged || asked
}

// RetiresAt is when the retiring secret is dropped, zero when there is none.
func (s Secrets) RetiresAt(policy Policy) time.Time {
	if s.Retiring == nil || s.Active == nil {
		return time.Time{}
	}
	return s.Active.WrittenAt.Add(policy.Overlap)
}

// RotatesAt is when a new secret is made, as far as time alone decides, zero for never.
func (s Secrets) RotatesAt(policy Policy, now time.Time) time.Time {
	var at time.Time
	if s.Active == nil || s.Pending != nil {
		return at
	}
	if s.due(policy, now) {
		return now
	}
	if policy.Interval > 0 {
		at = s.Active.MadeAt.Add(policy.Interval)
		if retires := s.RetiresAt(policy); retires.After(at) {
			at = retires
		}
	}
	if asked := policy.RotateAfter; asked.After(now) && s.Active.MadeAt.Before(asked) && (at.IsZero() || asked.Before(at)) {
		at = asked
	}
	return at
}

// next is the first of what time alone brings.
func (s Secrets) next(policy Policy, now time.Time) time.Time {
	next, retires := s.RotatesAt(policy, now), s.RetiresAt(policy)
	if next.IsZero() || !retires.IsZero() && retires.Before(next) {
		return retires
	}
	return next
}
