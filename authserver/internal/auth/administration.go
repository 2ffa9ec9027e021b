// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"time"
)

// UserChange is what an admin wants to be different about a user; nil leaves it
// as it is.
type UserChange struct {
	Role     *string
	Name     *string
	Disabled *bool
}

// UserChanged is what became of a change.
type UserChanged struct {
	// Known is false when there is no such user.
	Known bool
	// Done is false when the change is one that must not be, or not now.
	Done bool
	User User
	// Ended are the sessions that the change has ended.
	Ended []string
	// InForce is the user's role from now on, nil when it is what it was.
	InForce *Revocation
}

// Administration is the part of the Store that admins act on. Of any number of
// changes at once, none takes away the last admin who is not disabled.
type Administration interface {
	// ChangeUser changes a user. Disabling and enabling end the user's sessions,
	// and sign-ins that are on their way.
	ChangeUser(ctx context.Context, userID string, c UserChange, now time.Time, also Effects) (UserChanged, error)
	// DeleteUser deletes a user and all that is theirs, but not the audit trail.
	DeleteUser(ctx context.Context, userID string, now time.Time, also Effects) (UserChanged, error)
	// EndSessionsOfUser ends every session of a user. It is not Done, and nothing
	// happens, when the user logs in meanwhile.
	EndSessionsOfUser(ctx context.Context, userID string, now time.Time, also Effects) (UserChanged, error)
}

// admin is the caller, if the Store says that they are one now. It refuses as
// caller does, or with PermissionDenied. A refused act is told of in the audit
// trail; reading is no act.
func (s *Service) admin(ctx context.Context, access Secret, act Action, targetID string, from Client) (User, Subject, error) {
	user, subject, err := s.caller(ctx, access)
	switch {
	case err != nil:
		return User{}, Subject{}, err
	case user.Role == AdminRole:
		return user, subject, nil
	case act != "":
		s.record(ctx, Event{
			Action: act, Outcome: string(PermissionDenied), ActorID: user.ID, TargetID: targetID,
			Address: from.Address, UserAgent: from.UserAgent, At: s.Now(),
		})
	}
	return User{}, Subject{}, refuse(PermissionDenied)
}

// provenAdmin is admin for what a stolen access token must not do, with the
// admin's own proof. It refuses as admin and prove do.
func (s *Service) provenAdmin(ctx context.Context, access Secret, act Action, targetID string, p Proof, from Client) (User, error) {
	user, subject, err := s.admin(ctx, access, act, targetID, from)
	if err == nil {
		err = s.prove(ctx, user, subject, p, from)
	}
	return user, err
}

// ChangeUser changes a user on behalf of an admin. It refuses as admin does and,
// for a change that opens something, as prove does; or with NotFound or LastAdmin.
func (s *Service) ChangeUser(ctx context.Context, access Secret, userID string, c UserChange, p Proof, from Client) (User, error) {
	actor, subject, err := s.admin(ctx, access, c.action(), userID, from)
	if err != nil {
		return User{}, err
	}
	before, known, err := s.Store.UserByID(ctx, userID)
	switch {
	case err != nil:
		return User{}, err
	case !known:
		return User{}, refuse(NotFound)
	}
	if c = c.changing(before); c == (UserChange{}) {
		return before, nil
	}
	if c.opens() {
		if err := s.prove(ctx, actor, subject, p, from); err != nil {
			return User{}, err
		}
	}
	events, err := s.changes(actor.ID, before, c, from)
	if err != nil {
		return User{}, err
	}
	changed, err := s.Store.ChangeUser(ctx, userID, c, s.Now(), Effects{Events: events})
	return changed.User, s.concludeChange(ctx, changed, events, err)
}

// DeleteUser deletes a user on behalf of an admin. It refuses as provenAdmin
// does, or with NotFound or LastAdmin.
func (s *Service) DeleteUser(ctx context.Context, access Secret, userID string, p Proof, from Client) error {
	actor, err := s.provenAdmin(ctx, access, ActDeleteAccount, userID, p, from)
	if err != nil {
		return err
	}
	event, err := s.event(ActDeleteAccount, actor.ID, userID, from)
	if err != nil {
		return err
	}
	events := []Event{event}
	deleted, err := s.Store.DeleteUser(ctx, userID, s.Now(), Effects{Events: events})
	return s.concludeChange(ctx, deleted, events, err)
}

// EndSessionsOfUser logs a user out everywhere on behalf of an admin. It refuses
// as admin does, or with NotFound or Busy.
func (s *Service) EndSessionsOfUser(ctx context.Context, access Secret, userID string, from Client) error {
	actor, _, err := s.admin(ctx, access, ActEndSession, userID, from)
	if err != nil {
		return err
	}
	event, err := s.event(ActEndSession, actor.ID, userID, from)
	if err != nil {
		return err
	}
	event.Detail = "all"
	events := []Event{event}
	for range mostTries {
		ended, err := s.Store.EndSessionsOfUser(ctx, userID, s.Now(), Effects{Events: events})
		if err != nil || !ended.Known || ended.Done {
			return s.concludeChange(ctx, ended, events, err)
		}
	}
	return refuseFor(Busy, time.Second)
}

// UnlockUser lets an account be tried again on behalf of an admin. A thief of an
// admin's access token could else have it guessed at without end. It refuses as
// provenAdmin does, or with NotFound.
func (s *Service) UnlockUser(ctx context.Context, access Secret, userID string, p Proof, from Client) error {
	actor, err := s.provenAdmin(ctx, access, ActUnlock, userID, p, from)
	if err != nil {
		return err
	}
	user, known, err := s.Store.UserByID(ctx, userID)
	switch {
	case err != nil:
		return err
	case !known:
		return refuse(NotFound)
	}
	return s.unlock(ctx, actor, user, from)
}

// action is what a refused change is called, its gravest part.
func (c UserChange) action() Action {
	switch {
	case c.Role != nil:
		return ActChangeRole
	case c.Disabled != nil && *c.Disabled:
		return ActDisableUser
	case c.Disabled != nil:
		return ActEnableUser
	default:
		return ActUpdateProfile
	}
}

// changing is the part of a change that makes a difference. The rest must not be
// written: meanwhile, somebody else may have changed it.
func (c UserChange) changing(before User) UserChange {
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
func (s *Service) changes(actorID string, before User, c UserChange, from Client) ([]Event, error) {
	events := []Event{}
	add := func(action Action, detail string) error {
		e, err := s.event(action, actorID, before.ID, from)
		e.Detail = detail
		events = append(events, e)
		return err
	}
	err := error(nil)
	if c.Role != nil {
		err = add(ActChangeRole, *c.Role)
	}
	if err == nil && c.Name != nil {
		err = add(ActUpdateProfile, "name")
	}
	if err == nil && c.Disabled != nil {
		err = add(UserChange{Disabled: c.Disabled}.action(), "")
	}
	return events, err
}

// concludeChange tells of a change that has happened, or why it has not.
func (s *Service) concludeChange(ctx context.Context, changed UserChanged, events []Event, err error) error {
	switch {
	case err != nil:
		return err
	case !changed.Known:
		return refuse(NotFound)
	case !changed.Done:
		for _, e := range events {
			e.Outcome = string(LastAdmin)
			s.record(ctx, e)
		}
		return refuse(LastAdmin)
	}
	s.sessionsEnded(ctx, changed.Ended...)
	if changed.InForce != nil {
		s.revoke(ctx, *changed.InForce)
	}
	for _, e := range events {
		s.log(ctx, e)
	}
	return nil
}
