// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"slices"
	"time"
)

// Session is a login that has not ended.
type Session struct {
	ID         string
	Client     Client
	CreatedAt  time.Time
	LastUsedAt time.Time
	ExpiresAt  time.Time
}

// SessionsEnd says which sessions of a user to end.
type SessionsEnd struct {
	UserID string
	// Only is the one to end, Except the one to keep; empty for all and none.
	Only, Except string
	Reason       EndReason
	Now          time.Time
}

// SessionList is the part of the Store that knows a user's sessions.
type SessionList interface {
	// SessionsOf lists those that are alive, the last used first, at most 100.
	SessionsOf(ctx context.Context, userID string, now time.Time) ([]Session, error)
	// EndSessions ends those that are alive and names them. The effects are
	// stored if there was one. It is false, and nothing happens, when the user
	// logs in meanwhile.
	EndSessions(ctx context.Context, e SessionsEnd, also Effects) ([]string, bool, error)
	// EndSessionsBefore ends those, of whomever, that are alive and began before
	// a time.
	EndSessionsBefore(ctx context.Context, since time.Time, reason EndReason, now time.Time) error
}

// ListSessions is the sessions of the user an access token speaks for, and the
// id of its own. It refuses as caller does.
func (s *Service) ListSessions(ctx context.Context, access Secret) (sessions []Session, current string, err error) {
	user, subject, err := s.caller(ctx, access)
	if err != nil {
		return nil, "", err
	}
	now := s.Now()
	since := s.Settings().Tokens.SessionsSince(now)
	sessions, err = s.Store.SessionsOf(ctx, user.ID, now)
	sessions = slices.DeleteFunc(sessions, func(one Session) bool { return one.CreatedAt.Before(since) })
	return sessions, subject.SessionID, err
}

// endBefore ends the sessions that the settings say are over, so that they stay
// over when the settings say so no longer.
func (s *Service) endBefore(ctx context.Context) error {
	now := s.Now()
	since := s.Settings().Tokens.SessionsSince(now)
	if since.IsZero() {
		return nil
	}
	return s.Store.EndSessionsBefore(ctx, since, EndedBySettings, now)
}

// EndOneSession ends a session of the user. It refuses with NotFound when they
// have no such session, with Busy, or as caller does.
func (s *Service) EndOneSession(ctx context.Context, access Secret, id string, from Client) error {
	user, _, err := s.caller(ctx, access)
	switch {
	case err != nil:
		return err
	case !IsID(id):
		return refuse(NotFound)
	}
	ended, err := s.endSessions(ctx, SessionsEnd{UserID: user.ID, Only: id, Reason: EndedByUser}, user.ID, from)
	if err == nil && ended == 0 {
		return refuse(NotFound)
	}
	return err
}

// EndOtherSessions ends every session of the user but that of the access token,
// and says how many there were. It refuses with Busy, or as caller does.
func (s *Service) EndOtherSessions(ctx context.Context, access Secret, from Client) (int, error) {
	user, subject, err := s.caller(ctx, access)
	if err != nil {
		return 0, err
	}
	return s.endSessions(ctx, SessionsEnd{UserID: user.ID, Except: subject.SessionID, Reason: EndedByUser}, user.ID, from)
}

// endSessions ends sessions at the wish of a user, of themselves or an admin.
func (s *Service) endSessions(ctx context.Context, e SessionsEnd, actorID string, from Client) (int, error) {
	event, err := s.event(ActEndSession, actorID, e.UserID, from)
	if err != nil {
		return 0, err
	}
	event.Detail = e.Only
	e.Now = event.At
	for range mostTries {
		ended, done, err := s.Store.EndSessions(ctx, e, Effects{Events: []Event{event}})
		switch {
		case err != nil:
			return 0, err
		case done && len(ended) > 0:
			s.sessionsEnded(ctx, ended...)
			s.log(ctx, event)
			return len(ended), nil
		case done:
			return 0, nil
		}
	}
	return 0, refuseFor(Busy, time.Second)
}
