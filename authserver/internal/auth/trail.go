// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"time"
)

// TrailQuery asks for a page of the audit trail; what is empty does not matter.
type TrailQuery struct {
	ActorID, TargetID string
	// Account is the key of the address that was tried.
	Account *AccountKey
	Action  Action
	Outcome string
	// From and To bound when it happened: not before From, before To.
	From, To *time.Time
	// Before is the last event of the page before.
	Before *EventPlace
	// Limit is how many events a page has at most.
	Limit int
}

// EventPlace is where an event stands in the trail.
type EventPlace struct {
	At time.Time
	ID string
}

// Trail is the part of the Store that tells what happened.
type Trail interface {
	// ReadTrail reads a page of events, the newest first.
	ReadTrail(ctx context.Context, q TrailQuery) ([]Event, error)
	// PruneTrail deletes a batch of events from before a time, and says whether
	// there may be more.
	PruneTrail(ctx context.Context, before time.Time) (bool, error)
}

// ReadTrail reads a page of the audit trail for an admin, the newest event
// first, and says whether there are more. It refuses as admin does.
func (s *Service) ReadTrail(ctx context.Context, access Secret, q TrailQuery, from Client) ([]Event, bool, error) {
	if _, err := s.admin(ctx, access, "", "", from); err != nil {
		return nil, false, err
	}
	limit := q.Limit
	q.Limit++
	events, err := s.Store.ReadTrail(ctx, q)
	if err != nil || len(events) <= limit {
		return events, false, err
	}
	return events[:limit], true, nil
}

// pruneTrail deletes what has been kept for long enough.
func (s *Service) pruneTrail(ctx context.Context) error {
	before := s.Now().Add(-time.Duration(s.Settings().Audit.Retention))
	for more := true; more; {
		err := error(nil)
		if more, err = s.Store.PruneTrail(ctx, before); err != nil {
			return err
		}
	}
	return nil
}
