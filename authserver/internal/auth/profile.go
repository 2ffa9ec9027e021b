// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
)

// Profile is the user an access token speaks for, as the Store knows them now.
// It refuses as caller does.
func (s *Service) Profile(ctx context.Context, access Secret) (User, error) {
	user, _, err := s.caller(ctx, access)
	return user, err
}

// UpdateProfile changes what the user is called and addressed in. It refuses as
// caller does.
func (s *Service) UpdateProfile(ctx context.Context, access Secret, c ProfileChange, from Client) (User, error) {
	user, _, err := s.caller(ctx, access)
	if err != nil || c == (ProfileChange{}) {
		return user, err
	}
	event, err := s.event(ActUpdateProfile, user.ID, user.ID, from)
	if err != nil {
		return User{}, err
	}
	changed, found, err := s.Store.UpdateProfile(ctx, user.ID, c, Effects{Events: []Event{event}}, event.At)
	switch {
	case err != nil:
		return User{}, err
	case !found:
		return User{}, refuse(TokenInvalid)
	}
	s.log(ctx, event)
	return changed, nil
}

// DeleteAccount deletes the user an access token speaks for and all that is
// theirs, but not the audit trail. It refuses as caller and prove do, or with
// LastAdmin.
func (s *Service) DeleteAccount(ctx context.Context, access Secret, p Proof, from Client) error {
	user, subject, err := s.caller(ctx, access)
	if err != nil {
		return err
	}
	if err := s.prove(ctx, user, subject, p, from); err != nil {
		return err
	}
	event, err := s.event(ActDeleteAccount, user.ID, user.ID, from)
	if err != nil {
		return err
	}
	events := []Event{event}
	deleted, err := s.Store.DeleteUser(ctx, user.ID, event.At, Effects{Events: events})
	if err := s.concludeChange(ctx, deleted, events, err); !errors.Is(err, refuse(NotFound)) {
		return err
	}
	return nil // somebody was quicker
}
