// SPDX-License-Identifier: Apache-2.0

package requirement

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Demand is what a requirement asks of somebody who signs in and does not meet it. The zero
// Demand asks nothing.
type Demand struct {
	// Stop is set for those who may not go on until they meet it.
	Stop bool
	// Notice is what the others are told; nil for nothing.
	Notice *Notice
}

// Notice says by when somebody must meet a requirement.
type Notice struct {
	Kind Kind
	// ToldAt is when they were told first. DueAt is when their grace period ends, which may be
	// over where the realm only warns, or where as many are stopped as may be.
	ToldAt, DueAt time.Time
}

// Telling is what TellRequirement notes.
type Telling struct {
	UserID      string
	Kind        Kind
	GracePeriod time.Duration
	Now         time.Time
}

// Reach asks for somebody to be stopped.
type Reach struct {
	UserID string
	Kind   Kind
	// Since is from when on those who were stopped count, and Most how many there may be; zero
	// for any number.
	Since time.Time
	Most  int
	Now   time.Time
}

// Reached is what became of a Reach. When neither is set, somebody else was reached
// meanwhile, and a retry tells.
type Reached struct {
	// Done is set when the user is stopped from now on, Held when as many are as may be.
	Done, Held bool
}

// maxContention is how often others who are reached at the same moment may get in the way.
const maxContention = 64

// Check says what a requirement asks of a user who does not meet it, at a sign-in. It notes
// who is told, and who is stopped from now on. Where so many are reached at this moment that
// nobody can count them, it refuses with Busy: letting somebody go on then would be a way
// around it.
func (s *Service) Check(ctx context.Context, kind Kind, r Rollout, user auth.User, from auth.Client) (Demand, error) {
	if r.Enforcement != realmconfig.Warn && r.Enforcement != realmconfig.Enforce {
		return Demand{}, nil
	}
	for range maxContention {
		progress, err := s.Store.RequirementOf(ctx, user.ID, kind)
		if err != nil {
			return Demand{}, err
		}
		most := 0
		switch r.judge(progress, s.Now()) {
		case pass:
			return Demand{}, nil
		case stop:
			return Demand{Stop: true}, nil
		case tell:
			return s.tell(ctx, kind, r, progress, user, from)
		case reach:
			most = r.MaxBlocked
		case reachAgain: // with any number
		}
		reached, err := s.reach(ctx, kind, most, user, from)
		switch {
		case err != nil:
			return Demand{}, err
		case reached.Done:
			return Demand{Stop: true}, nil
		case reached.Held:
			return s.tell(ctx, kind, r, progress, user, from)
		}
	}
	return Demand{}, auth.RefuseFor(auth.Busy, auth.Contention)
}

// tell notes that somebody is told, unless that is known with this very date.
func (s *Service) tell(ctx context.Context, kind Kind, r Rollout, known Progress, user auth.User, from auth.Client) (Demand, error) {
	if known.ToldAt == nil || known.DueAt == nil || !known.DueAt.Equal(known.ToldAt.Add(r.GracePeriod)) {
		told, err := s.Audit.NewEvent(auth.ActTellRequirement, user.ID, user.ID, from)
		if err != nil {
			return Demand{}, err
		}
		told.Detail = string(kind)
		first := false
		known, first, err = s.Store.TellRequirement(ctx, Telling{user.ID, kind, r.GracePeriod, told.At}, auth.Effects{Events: []auth.Event{told}})
		if err != nil || known.ToldAt == nil { // the user is gone
			return Demand{}, err
		}
		if first {
			s.Audit.Print(ctx, told)
		}
	}
	return Demand{Notice: &Notice{Kind: kind, ToldAt: *known.ToldAt, DueAt: known.ToldAt.Add(r.GracePeriod)}}, nil
}

func (s *Service) reach(ctx context.Context, kind Kind, most int, user auth.User, from auth.Client) (Reached, error) {
	event, err := s.Audit.NewEvent(auth.ActReachRequirement, user.ID, user.ID, from)
	if err != nil {
		return Reached{}, err
	}
	event.Detail = string(kind)
	reached, err := s.Store.ReachRequirement(ctx, Reach{
		UserID: user.ID, Kind: kind, Since: event.At.Add(-blockedFor), Most: most, Now: event.At,
	}, auth.Effects{Events: []auth.Event{event}})
	if err == nil && reached.Done {
		s.Audit.Print(ctx, event)
	}
	return reached, err
}

// Meet notes that a user meets a requirement now who was stopped by it, and tells auditors.
func (s *Service) Meet(ctx context.Context, kind Kind, user auth.User, from auth.Client) error {
	if err := s.Store.MeetRequirement(ctx, user.ID, kind, s.Now()); err != nil {
		return err
	}
	s.RecordMet(ctx, kind, user, from)
	return nil
}

// RecordMet tells auditors of what another statement has noted, by which the user meets it.
func (s *Service) RecordMet(ctx context.Context, kind Kind, user auth.User, from auth.Client) {
	met := s.Audit.NewRefusal(auth.ActMeetRequirement, user.ID, user.ID, from, nil)
	met.Detail = string(kind)
	s.Audit.Record(ctx, met)
}
