// SPDX-License-Identifier: Apache-2.0

package requirement

import (
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Kind names a requirement.
type Kind string

const (
	// Factors requires a second factor, or a passkey that is both.
	Factors Kind = realmconfig.FactorsRequirement
	// Passwords requires a password that the rules of today would take.
	Passwords Kind = realmconfig.PasswordsRequirement
)

// blockedFor is how long somebody who was stopped counts among those who are: a person who
// has left for good must not be in the way of the requirement for ever. They stay stopped.
const blockedFor = 7 * 24 * time.Hour

// Rollout is how far a requirement goes with those who do not meet it.
type Rollout struct {
	Enforcement realmconfig.Enforcement
	GracePeriod time.Duration
	// MaxBlocked is how many it may have stopped at a time.
	MaxBlocked int
}

// OfFactors is the Rollout of second factors; of a realm that requires none, one that asks
// nothing.
func OfFactors(r *realmconfig.RequiredFactors) Rollout {
	if r == nil || r.Who == realmconfig.RequiredOfNone {
		return Rollout{Enforcement: realmconfig.Observe}
	}
	return Rollout{r.Enforcement, time.Duration(r.GracePeriod), r.MaxBlocked}
}

// OfPasswords is the Rollout of today's rules to passwords of before.
func OfPasswords(e *realmconfig.ExistingPasswords) Rollout {
	if e == nil {
		return Rollout{Enforcement: realmconfig.Observe}
	}
	return Rollout{e.Enforcement, time.Duration(e.GracePeriod), e.MaxBlocked}
}

// Progress is how far a requirement has come with somebody. What has not happened is nil.
type Progress struct {
	// ToldAt is when they were first told, and DueAt until when, by what they were told last.
	ToldAt, DueAt *time.Time
	// ReachedAt is since when they are stopped at sign-in.
	ReachedAt *time.Time
	// MetAt is when they have met it since.
	MetAt *time.Time
}

// verdict is what becomes of somebody who signs in and does not meet a requirement.
type verdict int

const (
	// pass lets them in as if there were none.
	pass verdict = iota
	// tell lets them in and tells them.
	tell
	// reach stops them from now on, unless too many are stopped already.
	reach
	// reachAgain does so however many there are: they have met it before.
	reachAgain
	// stop is for those who have been reached.
	stop
)

// judge decides. The grace period is the one that the realm has now, from the first time on
// that somebody was told: a realm in a hurry shortens it for everybody.
func (r Rollout) judge(p Progress, now time.Time) verdict {
	switch {
	case r.Enforcement == realmconfig.Warn:
		return tell
	case r.Enforcement != realmconfig.Enforce:
		return pass
	case p.MetAt != nil:
		return reachAgain
	case p.ReachedAt != nil:
		return stop
	case r.GracePeriod == 0:
		return reach
	case p.ToldAt == nil || now.Before(p.ToldAt.Add(r.GracePeriod)):
		return tell
	default:
		return reach
	}
}
