// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// UserChange is what an admin wants to be different about a user; nil leaves it
// as it is.
type UserChange struct {
	Role     *string
	Name     *string
	Disabled *bool
}

// proven is session.Admin for what a stolen access token must not do, with the admin's own
// proof. It refuses as session.Admin and signin.RequireProof do.
func (s *Service) proven(ctx context.Context, access auth.Secret, act auth.Action, targetID string, p signin.Proof, from auth.Client) (auth.User, error) {
	user, _, err := s.SignIn.ProvenAdmin(ctx, access, act, targetID, p, from)
	return user, err
}

// ChangeUser changes a user on behalf of an admin. It refuses as session.Admin does
// and, for a change that opens something, as signin.RequireProof does; or with NotFound
// or LastAdmin.
func (s *Service) ChangeUser(ctx context.Context, access auth.Secret, userID string, c UserChange, p signin.Proof, from auth.Client) (auth.User, error) {
	actor, subject, err := s.Sessions.Admin(ctx, access, c.action(), userID, from)
	if err != nil {
		return auth.User{}, err
	}
	before, err := s.userByID(ctx, userID)
	if err != nil {
		return auth.User{}, err
	}
	if c = c.changing(before); c == (UserChange{}) {
		return before, nil
	}
	if c.opens() {
		if err := s.SignIn.RequireProof(ctx, actor, subject, p, from); err != nil {
			return auth.User{}, err
		}
	}
	events, err := s.changes(actor.ID, before, c, from)
	if err != nil {
		return auth.User{}, err
	}
	changed, err := s.Store.ChangeUser(ctx, userID, c, s.Now(), auth.Effects{Events: events})
	return changed.User, s.Accounts.Conclude(ctx, changed, events, err)
}

// DeleteUser deletes a user on behalf of an admin. It refuses as session.Admin and
// signin.RequireProof do, or with NotFound or LastAdmin.
func (s *Service) DeleteUser(ctx context.Context, access auth.Secret, userID string, p signin.Proof, from auth.Client) error {
	actor, err := s.proven(ctx, access, auth.ActDeleteAccount, userID, p, from)
	if err != nil {
		return err
	}
	event, err := s.Audit.NewEvent(auth.ActDeleteAccount, actor.ID, userID, from)
	if err != nil {
		return err
	}
	events := []auth.Event{event}
	deleted, err := s.Store.DeleteUser(ctx, userID, s.Now(), auth.Effects{Events: events})
	return s.Accounts.Conclude(ctx, deleted, events, err)
}

// EndSessionsOfUser logs a user out everywhere on behalf of an admin. It refuses as
// session.Admin does, or with NotFound or Busy.
func (s *Service) EndSessionsOfUser(ctx context.Context, access auth.Secret, userID string, from auth.Client) error {
	actor, _, err := s.Sessions.Admin(ctx, access, auth.ActEndSession, userID, from)
	if err != nil {
		return err
	}
	event, err := s.Audit.NewEvent(auth.ActEndSession, actor.ID, userID, from)
	if err != nil {
		return err
	}
	event.Detail = "all"
	events := []auth.Event{event}
	for range session.MaxRetries {
		ended, err := s.Store.EndSessionsOfUser(ctx, userID, s.Now(), auth.Effects{Events: events})
		if err != nil || !ended.Known || ended.Done {
			return s.Accounts.Conclude(ctx, ended, events, err)
		}
	}
	return auth.RefuseFor(auth.Busy, time.Second)
}

// UnlockUser lets an account be tried again on behalf of an admin. A thief of an
// admin's access token could else have it guessed at without end. It refuses as
// session.Admin and signin.RequireProof do, or with NotFound.
func (s *Service) UnlockUser(ctx context.Context, access auth.Secret, userID string, p signin.Proof, from auth.Client) error {
	actor, err := s.proven(ctx, access, auth.ActUnlock, userID, p, from)
	if err != nil {
		return err
	}
	user, err := s.userByID(ctx, userID)
	if err != nil {
		return err
	}
	return s.Attempts.Unlock(ctx, actor, user, from)
}

// action is what a refused change is called, its gravest part.
func (c UserChange) action() auth.Action {
	switch {
	case c.Role != nil:
		return auth.ActChangeRole
	case c.Disabled != nil && *c.Disabled:
		return auth.ActDisableUser
	case c.Disabled != nil:
		return auth.ActEnableUser
	default:
		return auth.ActUpdateProfile
	}
}

// changing is the part of a change that makes a difference. The rest must not be
// written: meanwhile, somebody else may have changed it.
func (c UserChange) changing(before auth.User) UserChange {
	if c.Role != nil && *c.Role == before.Role {
		c.Role = nil
	}
	if c.Name != nil && *c.Name == before.Name {
		c.Name = nil
	}
	if c.Disabled != nil && *c.Disabled == (before.DisabledAt != nil) {
		c.Disabled = nil
	}
	return c
}

// opens reports whether a change lets somebody do what they could not before.
// Shutting out asks for no proof: it may be in a hurry.
func (c UserChange) opens() bool { return c.Role != nil || c.Disabled != nil && !*c.Disabled }

// changes is a line for everything that is changed.
func (s *Service) changes(actorID string, before auth.User, c UserChange, from auth.Client) ([]auth.Event, error) {
	events := []auth.Event{}
	add := func(action auth.Action, detail string) error {
		e, err := s.Audit.NewEvent(action, actorID, before.ID, from)
		e.Detail = detail
		events = append(events, e)
		return err
	}
	var err error
	if c.Role != nil {
		err = add(auth.ActChangeRole, *c.Role)
	}
	if err == nil && c.Name != nil {
		err = add(auth.ActUpdateProfile, "name")
	}
	if err == nil && c.Disabled != nil {
		err = add(UserChange{Disabled: c.Disabled}.action(), "")
	}
	return events, err
}

// ResetSecondFactors removes a user's second factors and passkeys on behalf of an admin: for
// somebody who has lost both telephone and backup codes. It refuses as session.Admin
// and signin.RequireProof do, or with NotFound or SecondFactorMissing.
func (s *Service) ResetSecondFactors(ctx context.Context, access auth.Secret, userID string, p signin.Proof, from auth.Client) error {
	actor, err := s.proven(ctx, access, auth.ActRemoveSecondFactor, userID, p, from)
	if err != nil {
		return err
	}
	user, err := s.userByID(ctx, userID)
	if err != nil {
		return err
	}
	return s.MFA.Remove(ctx, actor.ID, user, "", from)
}
