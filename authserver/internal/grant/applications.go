// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Application is a client that a user has let know or do something, or that goes on
// without their browser.
type Application struct {
	ClientID string
	// Name is what people call it; the client's id where nobody knows it any more.
	Name string
	// Scopes are in order, each once.
	Scopes []string
	// Since is when that began.
	Since time.Time
	// Sessions are its own, by which it goes on without a browser, the last used first.
	Sessions []OwnSession
}

// OwnSession is that of a grant which has one.
type OwnSession struct {
	ID         string
	LastUsedAt time.Time
	// Address is where a device was that somebody has let in; empty for what began in their
	// browser.
	Address string
}

// Permission is what a user lets a client do, by a consent or by a grant with a session of
// its own.
type Permission struct {
	ClientID string
	Scopes   []string
	Since    time.Time
	// ClientSince is of a consent: when the client came to be to which it was given.
	ClientSince *time.Time
	// Name is of a grant, as the client was called when it began; so is Session.
	Name    string
	Session *OwnSession
}

// Applications are those of the user an access token speaks for, by name. It refuses as
// session.Caller does.
func (s *Service) Applications(ctx context.Context, access auth.Secret) ([]Application, error) {
	user, _, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return nil, err
	}
	now := s.Now()
	permissions, err := s.Store.PermissionsOf(ctx, user.ID, now, s.Settings().Tokens.SessionsSince(now))
	if err != nil {
		return nil, err
	}
	found := map[string]*Application{}
	for _, p := range permissions {
		client, known, err := s.Clients.Find(ctx, p.ClientID)
		if err != nil {
			return nil, err
		}
		if !s.inForce(p, client, known) {
			continue
		}
		if found[p.ClientID] == nil {
			found[p.ClientID] = &Application{ClientID: p.ClientID, Name: cmp.Or(client.DisplayName, p.Name, p.ClientID), Since: p.Since}
		}
		found[p.ClientID].add(p)
	}
	list := []Application{}
	for _, a := range found {
		list = append(list, *a)
	}
	slices.SortFunc(list, func(a, b Application) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ClientID, b.ClientID))
	})
	return list, nil
}

// inForce leaves out what was given to a client of the same name that is no more, and to one
// that had registered itself: nobody takes that for one that may come back.
func (s *Service) inForce(p Permission, client realmconfig.Client, known bool) bool {
	named := realmconfig.Client{ID: p.ClientID}
	switch {
	case known && p.ClientSince != nil:
		// The Store keeps microseconds.
		return client.Since.Truncate(time.Microsecond).Equal(p.ClientSince.Truncate(time.Microsecond))
	case known:
		return !p.Since.Before(s.Clients.GrantsSince(client))
	default:
		return !named.RegisteredItself() && !p.Since.Before(s.Clients.GrantsSince(named))
	}
}

func (a *Application) add(p Permission) {
	a.Scopes = append(a.Scopes, p.Scopes...)
	slices.Sort(a.Scopes)
	a.Scopes = slices.Compact(a.Scopes)
	if p.Since.Before(a.Since) {
		a.Since = p.Since
	}
	if p.Session != nil {
		a.Sessions = append(a.Sessions, *p.Session)
		slices.SortFunc(a.Sessions, func(a, b OwnSession) int { return b.LastUsedAt.Compare(a.LastUsedAt) })
	}
}

// Revoke takes from a client what the user an access token speaks for has let it do: their
// consent, and every grant of theirs, with a session of its own or without. It refuses
// with NotFound where there is nothing to take, or as session.Caller does.
//
// The consent goes first: a code that was given for it begins no grant from then on, so
// that none begins behind the back of what ends them.
func (s *Service) Revoke(ctx context.Context, access auth.Secret, clientID string, from auth.Client) error {
	user, _, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return err
	}
	withdrawn, err := s.withdraw(ctx, user.ID, clientID, from)
	if err != nil {
		return err
	}
	ended, err := s.endAllOf(ctx, user.ID, clientID, from)
	if err == nil && !withdrawn && !ended {
		return auth.Refuse(auth.NotFound)
	}
	return err
}

func (s *Service) withdraw(ctx context.Context, userID, clientID string, from auth.Client) (bool, error) {
	told, err := s.Audit.NewEvent(auth.ActRevokeConsent, userID, userID, from)
	if err != nil {
		return false, err
	}
	told.Detail = clientID
	withdrawn, err := s.Store.ForgetConsent(ctx, userID, clientID, told)
	if err == nil && withdrawn {
		s.Audit.Print(ctx, told)
	}
	return withdrawn, err
}

func (s *Service) endAllOf(ctx context.Context, userID, clientID string, from auth.Client) (bool, error) {
	told, err := s.Audit.NewEvent(auth.ActEndGrant, userID, userID, from)
	if err != nil {
		return false, err
	}
	told.Detail = clientID
	ended, err := s.Store.EndGrantsOf(ctx, userID, clientID, session.EndedByUser, told.At, told)
	if err != nil || len(ended) == 0 {
		return false, err
	}
	s.Sessions.RevokeSessions(ctx, ended...)
	s.Audit.Print(ctx, told)
	return true, nil
}
