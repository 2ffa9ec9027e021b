// SPDX-License-Identifier: Apache-2.0

package personaltoken

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Listed is a token as people see it.
type Listed struct {
	Token
	// Application is what people call its client; the client's id where nobody knows it.
	Application string
}

// Application is a client for which somebody may make tokens.
type Application struct {
	ClientID, Name string
	// Scopes are those that a token may have.
	Scopes []string
}

// List is the caller's tokens that are good, the newest first. It refuses as session.Caller
// does.
func (s *Service) List(ctx context.Context, access auth.Secret) ([]Listed, error) {
	user, _, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return nil, err
	}
	return s.listed(ctx, user.ID, s.Store.PersonalTokensOf)
}

// ListOf is those of a user, for an administrator. It refuses as session.Admin does, or with
// NotFound.
func (s *Service) ListOf(ctx context.Context, access auth.Secret, userID string, from auth.Client) ([]Listed, error) {
	if _, _, err := s.Sessions.Admin(ctx, access, "", userID, from); err != nil {
		return nil, err
	}
	_, found, err := s.Store.UserByID(ctx, userID)
	if err == nil && !found {
		err = auth.Refuse(auth.NotFound)
	}
	if err != nil {
		return nil, err
	}
	return s.listed(ctx, userID, s.Store.PersonalTokensOf)
}

// listed leaves out what is good for nothing any more: the tokens of clients that have ended,
// and those that settings have ended. Those of a client that takes none at present are there:
// it may take them again.
func (s *Service) listed(ctx context.Context, ownerID string, read func(ctx context.Context, ownerID string, now time.Time) ([]Token, error)) ([]Listed, error) {
	list := []Listed{}
	if s.Settings().PersonalAccessTokens == nil {
		return list, nil
	}
	now := s.Now()
	tokens, err := read(ctx, ownerID, now)
	for _, t := range tokens {
		client, _ := s.Clients.Clients().Find(t.ClientID)
		if t = s.inForce(t); now.Before(t.ExpiresAt) && !s.isOver(t) {
			list = append(list, Listed{t, cmp.Or(client.DisplayName, t.ClientID)})
		}
	}
	return list, err
}

// Applications are the clients for which the caller may make tokens, by name, and how long
// one may be good. It refuses as session.Caller does.
func (s *Service) Applications(ctx context.Context, access auth.Secret) ([]Application, time.Duration, error) {
	user, _, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return nil, 0, err
	}
	return s.applications(ctx, Owner{User: user})
}

// applications are those that take tokens and admit the owner.
func (s *Service) applications(ctx context.Context, of Owner) ([]Application, time.Duration, error) {
	settings := s.Settings().PersonalAccessTokens
	if settings == nil {
		return nil, 0, nil
	}
	taking := slices.Collect(func(yield func(realmconfig.Client) bool) {
		for c := range s.Clients.Clients().All() {
			if c.TakesPersonalAccessTokens() && !yield(c) {
				return
			}
		}
	})
	list := []Application{}
	if len(taking) == 0 {
		return list, time.Duration(settings.MaxLifetime), nil
	}
	groups, err := s.Groups(ctx, of.ID())
	for _, c := range taking {
		if c.Admits(groups) {
			list = append(list, Application{c.ID, c.DisplayName, of.scopes(c)})
		}
	}
	slices.SortFunc(list, func(a, b Application) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ClientID, b.ClientID))
	})
	return list, time.Duration(settings.MaxLifetime), err
}
