// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"encoding/base64"
	"strconv"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// EventQuery asks for a page of the audit log; what is empty does not matter.
type EventQuery struct {
	ActorID, TargetID string
	// Account is the key of the address that was tried.
	Account *auth.AccountKey
	// About is somebody in whatever part they had.
	About   *About
	Action  auth.Action
	Outcome string
	// From and To bound when it happened: not before From, before To.
	From, To *time.Time
	// Before is the last event of the page before.
	Before *EventCursor
	// Limit is how many events a page has at most.
	Limit int
}

// About is a user who acted or was acted upon, or the address that was tried.
type About struct {
	// UserID is empty for an address that nobody has.
	UserID  string
	Account auth.AccountKey
}

// EventCursor is where an event stands in the audit log.
type EventCursor struct {
	At time.Time
	ID string
}

// String is the place in one opaque word. The Store counts time in microseconds.
func (p EventCursor) String() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(p.At.UnixMicro(), 10) + " " + p.ID))
}

// ParseEventCursor reads what String has written; it is false for anything else.
func ParseEventCursor(cursor string) (EventCursor, bool) {
	text, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
	if err != nil {
		return EventCursor{}, false
	}
	at, id, _ := strings.Cut(string(text), " ")
	micros, err := strconv.ParseInt(at, 10, 64)
	const farOff = 1 << 55 // beyond the year 3000
	if err != nil || micros < 0 || micros > farOff || !auth.IsID(id) {
		return EventCursor{}, false
	}
	return EventCursor{At: time.UnixMicro(micros).UTC(), ID: id}, true
}

// FindEvents reads a page of the audit log for an admin, the newest event first, and
// says whether there are more. What is past its retention is not there, though it may
// not be gone yet. It refuses as session.Admin does.
func (s *Service) FindEvents(ctx context.Context, access auth.Secret, q EventQuery, from auth.Client) ([]auth.Event, bool, error) {
	if _, _, err := s.Sessions.Admin(ctx, access, "", "", from); err != nil {
		return nil, false, err
	}
	limit := q.Limit
	q.Limit++
	q.From = s.kept(q.From)
	events, err := s.Store.FindEvents(ctx, q)
	if err != nil || len(events) <= limit {
		return events, false, err
	}
	return events[:limit], true, nil
}

// kept is from, or the time from which on events are kept if that is later.
func (s *Service) kept(from *time.Time) *time.Time {
	kept := s.Now().Add(-time.Duration(s.Settings().Audit.Retention))
	if from != nil && from.After(kept) {
		return from
	}
	return &kept
}

// FindEventsOf does so for what has to do with an address: what its user did, what was
// done to them, and what was tried with it.
func (s *Service) FindEventsOf(ctx context.Context, access auth.Secret, email string, q EventQuery, from auth.Client) ([]auth.Event, bool, error) {
	if _, _, err := s.Sessions.Admin(ctx, access, "", "", from); err != nil {
		return nil, false, err
	}
	stored, account, err := s.SignIn.LoginName(ctx, email)
	if err != nil {
		return nil, false, err
	}
	user, _, err := s.Store.UserByStoredEmail(ctx, stored)
	if err != nil {
		return nil, false, err
	}
	q.About = &About{user.ID, account}
	return s.FindEvents(ctx, access, q, from)
}

// Emails are the addresses, by id, of the users among some ids who still exist. It refuses as
// session.Admin does.
func (s *Service) Emails(ctx context.Context, access auth.Secret, ids []string, from auth.Client) (map[string]Address, error) {
	if _, _, err := s.Sessions.Admin(ctx, access, "", "", from); err != nil {
		return nil, err
	}
	return s.Store.EmailsOf(ctx, ids)
}

// PeopleIn are the ids of those whom events name.
func PeopleIn(events []auth.Event) []string {
	ids := []string{}
	for _, e := range events {
		for _, id := range []string{e.ActorID, e.TargetID} {
			if id != "" {
				ids = append(ids, id)
			}
		}
	}
	return ids
}
