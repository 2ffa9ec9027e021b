// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Session is a login that has not ended.
type Session struct {
	ID string
	// ClientID is the client whose own the session is; empty for that of a browser or an
	// app. Such a one has the client's name for a user agent.
	ClientID   string
	Client     auth.Client
	CreatedAt  time.Time
	LastUsedAt time.Time
	ExpiresAt  time.Time
}

// Name is what people call it, for them to recognise their own: the device, or the client
// whose own it is.
func (s Session) Name() string {
	if s.ClientID != "" {
		return s.Client.UserAgent
	}
	return s.Client.Name()
}

// SessionsEnd says which sessions of a user to end.
type SessionsEnd struct {
	UserID string
	// Only is the one to end, Except the one to keep; empty for all and none.
	Only, Except string
	Reason       EndReason
	Now          time.Time
}

// List is the sessions of the user an access token speaks for, and the id of its own.
// It refuses as session.Caller does.
func (s *Service) List(ctx context.Context, access auth.Secret) (sessions []Session, current string, err error) {
	user, subject, err := s.Caller(ctx, access)
	if err != nil {
		return nil, "", err
	}
	now := s.Now()
	since := s.Settings().Tokens.SessionsSince(now)
	sessions, err = s.Store.SessionsOf(ctx, user.ID, now)
	sessions = slices.DeleteFunc(sessions, func(one Session) bool { return one.CreatedAt.Before(since) || s.isOver(ctx, one) })
	return sessions, subject.SessionID, err
}

// EndBefore ends the sessions that the settings say are over, so that they stay
// over when the settings say so no longer.
func (s *Service) EndBefore(ctx context.Context) error {
	now := s.Now()
	since := s.Settings().Tokens.SessionsSince(now)
	if since.IsZero() {
		return nil
	}
	return s.Store.EndSessionsBefore(ctx, since, EndedBySettings, now)
}

// EndOne ends a session of the user. It refuses with NotFound when they have no such
// session, with Busy, or as session.Caller does.
func (s *Service) EndOne(ctx context.Context, access auth.Secret, id string, from auth.Client) error {
	user, _, err := s.Caller(ctx, access)
	switch {
	case err != nil:
		return err
	case !auth.IsID(id):
		return auth.Refuse(auth.NotFound)
	}
	ended, err := s.endSessions(ctx, SessionsEnd{UserID: user.ID, Only: id, Reason: EndedByUser}, user.ID, from)
	if err == nil && ended == 0 {
		return auth.Refuse(auth.NotFound)
	}
	return err
}

// EndOthers ends every session of the user but that of the access token, and says how
// many there were. It refuses with Busy, or as session.Caller does.
func (s *Service) EndOthers(ctx context.Context, access auth.Secret, from auth.Client) (int, error) {
	user, subject, err := s.Caller(ctx, access)
	if err != nil {
		return 0, err
	}
	return s.endSessions(ctx, SessionsEnd{UserID: user.ID, Except: subject.SessionID, Reason: EndedByUser}, user.ID, from)
}

// endSessions ends sessions at the wish of a user, of themselves or an admin.
func (s *Service) endSessions(ctx context.Context, e SessionsEnd, actorID string, from auth.Client) (int, error) {
	event, err := s.Audit.NewEvent(auth.ActEndSession, actorID, e.UserID, from)
	if err != nil {
		return 0, err
	}
	event.Detail = e.Only
	e.Now = event.At
	for range MaxRetries {
		ended, done, err := s.Store.EndSessions(ctx, e, auth.Effects{Events: []auth.Event{event}})
		switch {
		case err != nil:
			return 0, err
		case done && len(ended) > 0:
			s.RevokeSessions(ctx, ended...)
			s.Audit.Print(ctx, event)
			return len(ended), nil
		case done:
			return 0, nil
		}
	}
	return 0, auth.RefuseFor(auth.Busy, time.Second)
}
