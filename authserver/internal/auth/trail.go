// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"time"
)

// TrailQuery asks for a page of the audit trail; what is empty does not matter.
type TrailQuery struct {
	ActorID, TargetID string
	// Account is the key of the address that was tried.
	Account *AccountKey
	// About is somebody in whatever part they had.
	About   *About
	Action  Action
	Outcome string
	// From and To bound when it happened: not before From, before To.
	From, To *time.Time
	// Before is the last event of the page before.
	Before *EventPlace
	// Limit is how many events a page has at most.
	Limit int
}

// About is a user who acted or was acted upon, or the address that was tried.
type About struct {
	// UserID is empty for an address that nobody has.
	UserID  string
	Account AccountKey
}

// EventPlace is where an event stands in the trail.
type EventPlace struct {
	At time.Time
	ID string
}

// Cursor packs a place into a word that nobody has to understand. The Store
// counts time in microseconds.
func (p EventPlace) Cursor() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(p.At.UnixMicro(), 10) + " " + p.ID))
}

// ParseEventPlace reads a Cursor; it is false for anything else.
func ParseEventPlace(cursor string) (EventPlace, bool) {
	text, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil {
		return EventPlace{}, false
	}
	at, id, _ := strings.Cut(string(text), " ")
	micros, err := strconv.ParseInt(at, 10, 64)
	const farOff = 1 << 55 // beyond the year 3000
	if err != nil || micros < 0 || micros > farOff || !IsID(id) {
		return EventPlace{}, false
	}
	return EventPlace{At: time.UnixMicro(micros).UTC(), ID: id}, true
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
	if _, _, err := s.admin(ctx, access, "", "", from); err != nil {
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

// ReadTrailOf does so for what has to do with an address: what its user did, what
// was done to them, and what was tried with it.
func (s *Service) ReadTrailOf(ctx context.Context, access Secret, email string, q TrailQuery, from Client) ([]Event, bool, error) {
	if _, _, err := s.admin(ctx, access, "", "", from); err != nil {
		return nil, false, err
	}
	stored, account, err := s.loginName(ctx, email)
	if err != nil {
		return nil, false, err
	}
	user, _, err := s.Store.UserByStoredEmail(ctx, stored)
	if err != nil {
		return nil, false, err
	}
	q.About = &About{user.ID, account}
	return s.ReadTrail(ctx, access, q, from)
}

// EmailsIn is the addresses, by id, of the users whom events name and who still
// exist. It refuses as admin does.
func (s *Service) EmailsIn(ctx context.Context, access Secret, events []Event, from Client) (map[string]Address, error) {
	if _, _, err := s.admin(ctx, access, "", "", from); err != nil {
		return nil, err
	}
	ids := []string{}
	for _, e := range events {
		for _, id := range []string{e.ActorID, e.TargetID} {
			if id != "" {
				ids = append(ids, id)
			}
		}
	}
	return s.Store.EmailsOf(ctx, ids)
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
