// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"errors"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// ProfileChange is what a user wants to be called and addressed in; nil keeps it.
type ProfileChange struct{ Name, Locale *string }

// Profile is the user an access token speaks for, as the Store knows them now. It
// refuses as session.Caller does.
func (s *Service) Profile(ctx context.Context, access auth.Secret) (auth.User, error) {
	user, _, err := s.Sessions.Caller(ctx, access)
	return user, err
}

// UpdateProfile changes what the user is called and addressed in. It refuses as
// session.Caller does, or with InvalidRequest.
func (s *Service) UpdateProfile(ctx context.Context, access auth.Secret, c ProfileChange, from auth.Client) (auth.User, error) {
	user, _, err := s.Sessions.Caller(ctx, access)
	if err != nil || c == (ProfileChange{}) {
		return user, err
	}
	if c.Locale != nil {
		locale, err := auth.ParseLocale(*c.Locale)
		if err != nil {
			return auth.User{}, err
		}
		c.Locale = &locale
	}
	event, err := s.Audit.NewEvent(auth.ActUpdateProfile, user.ID, user.ID, from)
	if err != nil {
		return auth.User{}, err
	}
	changed, found, err := s.Store.UpdateProfile(ctx, user.ID, c, auth.Effects{Events: []auth.Event{event}}, event.At)
	switch {
	case err != nil:
		return auth.User{}, err
	case !found:
		return auth.User{}, auth.Refuse(auth.TokenInvalid)
	}
	s.Audit.Print(ctx, event)
	return changed, nil
}

// DeleteAccount deletes the user an access token speaks for and all that is theirs, but
// not the audit log. It refuses as session.Caller and signin.RequireProof do, or with
// LastAdmin.
func (s *Service) DeleteAccount(ctx context.Context, access auth.Secret, p signin.Proof, from auth.Client) error {
	user, err := s.SignIn.ProvenCaller(ctx, access, p, from)
	if err != nil {
		return err
	}
	event, err := s.Audit.NewEvent(auth.ActDeleteAccount, user.ID, user.ID, from)
	if err != nil {
		return err
	}
	events := []auth.Event{event}
	deleted, err := s.Store.DeleteUser(ctx, user.ID, event.At, auth.Effects{Events: events})
	if err := s.Conclude(ctx, deleted, events, err); !errors.Is(err, auth.Refuse(auth.NotFound)) {
		return err
	}
	return nil // somebody was quicker
}
