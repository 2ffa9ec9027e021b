// SPDX-License-Identifier: Apache-2.0

package personaltoken

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// End ends a token of the caller. It refuses with NotFound when they have no such one, or as
// session.Caller does.
func (s *Service) End(ctx context.Context, access auth.Secret, id string, from auth.Client) error {
	user, _, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return err
	}
	return s.end(ctx, user.ID, Owner{User: user}, id, from)
}

// EndOf ends a token of a user, for an administrator. It asks for no proof: it may be in a
// hurry. It refuses as session.Admin does, or with NotFound.
func (s *Service) EndOf(ctx context.Context, access auth.Secret, userID, id string, from auth.Client) error {
	actor, _, err := s.Sessions.Admin(ctx, access, auth.ActEndPersonalToken, userID, from)
	if err != nil {
		return err
	}
	return s.end(ctx, actor.ID, Owner{User: auth.User{ID: userID}}, id, from)
}

// Revoke ends a token at the wish of its client (RFC 7009), which may have found it where it
// should not be. A token that is good for nothing is no error.
func (s *Service) Revoke(ctx context.Context, clientID string, shown auth.Secret, from auth.Client) error {
	if !Is(shown) {
		return nil
	}
	held, found, err := s.Store.PersonalToken(ctx, auth.HashOf(shown), s.Now())
	if err != nil || !found || held.Token.ClientID != clientID {
		return err
	}
	err = s.end(ctx, "", held.Owner, held.Token.ID, from)
	if isRefusal(err, auth.NotFound) {
		return nil // somebody was quicker
	}
	return err
}

func (s *Service) end(ctx context.Context, actorID string, of Owner, id string, from auth.Client) error {
	act, end := auth.ActEndPersonalToken, s.Store.EndPersonalToken
	if of.Account != nil {
		act, end = auth.ActEndServiceAccountToken, s.Store.EndAccountToken
	}
	told, err := s.Audit.NewEvent(act, actorID, of.ID(), from)
	if err != nil {
		return err
	}
	told.Detail = id
	ended, err := end(ctx, of.ID(), id, told.At, auth.Effects{Events: []auth.Event{told}})
	switch {
	case err != nil:
		return err
	case !ended:
		return auth.Refuse(auth.NotFound)
	}
	s.Sessions.RevokeSessions(ctx, id)
	s.Audit.Print(ctx, told)
	return nil
}
