// SPDX-License-Identifier: Apache-2.0

package group

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// MemberQuery asks for a page of a group's members.
type MemberQuery struct {
	GroupID string
	Sources []auth.GroupSource
	// Before is the id of the last user of the page before; empty for the first page.
	Before string
	// Limit is how many a page has at most.
	Limit int
}

// Adding is what became of a wish to put somebody into a group. When nothing of it is
// set but Known, somebody else has put the user into a group meanwhile: a retry tells.
type Adding struct {
	// Known is false when there is no such group, or no such user.
	Known bool
	// Added is set when the user is in it by this, Already when they were, and Full when
	// they are in too many.
	Added, Already, Full bool
}

// maxContention is how often others may get in the way of a change before it gives up.
const maxContention = 8

// Members reads a page of a group's members, the newest user first, and says whether
// there are more. It refuses as session.Admin does, or with NotFound.
func (s *Service) Members(ctx context.Context, access auth.Secret, groupID, before string, limit int, from auth.Client) (Group, []Member, bool, error) {
	g, err := s.Get(ctx, access, groupID, from)
	if err != nil {
		return Group{}, nil, false, err
	}
	members, err := s.Store.Members(ctx, MemberQuery{GroupID: g.ID, Sources: s.sources(), Before: before, Limit: limit + 1})
	if err != nil || len(members) <= limit {
		return g, members, false, err
	}
	return g, members[:limit], true, nil
}

// MembershipsOf lists the groups of a user and how they came into each, sorted by name,
// MaxNames at most. It refuses as session.Admin does, or with NotFound.
func (s *Service) MembershipsOf(ctx context.Context, access auth.Secret, userID string, from auth.Client) ([]Membership, error) {
	if _, _, err := s.Sessions.Admin(ctx, access, "", "", from); err != nil {
		return nil, err
	}
	if _, found, err := s.Store.UserByID(ctx, userID); err != nil || !found {
		return nil, orNotFound(err)
	}
	return s.Store.MembershipsOf(ctx, userID, s.sources(), MaxNames)
}

// AddMember puts a user into a group; it is no error when they are in it already. It
// refuses as session.Admin and signin.RequireProof do, since a group may open anything
// in an application, or with NotFound, TooManyGroups or Busy.
func (s *Service) AddMember(ctx context.Context, access auth.Secret, groupID, userID string, p signin.Proof, from auth.Client) error {
	actor, err := s.proven(ctx, access, auth.ActAddMember, userID, p, from)
	if err != nil {
		return err
	}
	return s.addMember(ctx, actor.ID, groupID, userID, from)
}

// AddMemberByEmail does so for the user of an address. It is UserNotFound that there is none.
func (s *Service) AddMemberByEmail(ctx context.Context, access auth.Secret, groupID, email string, p signin.Proof, from auth.Client) error {
	actor, err := s.proven(ctx, access, auth.ActAddMember, "", p, from)
	if err != nil {
		return err
	}
	stored, _, err := s.SignIn.LoginName(ctx, email)
	if err != nil {
		return err
	}
	user, found, err := s.Store.UserByStoredEmail(ctx, stored)
	if err == nil && !found {
		err = auth.Refuse(auth.UserNotFound)
	}
	if err != nil {
		return err
	}
	return s.addMember(ctx, actor.ID, groupID, user.ID, from)
}

func (s *Service) addMember(ctx context.Context, actorID, groupID, userID string, from auth.Client) error {
	g, err := s.groupByID(ctx, groupID)
	if err != nil {
		return err
	}
	event, err := s.newEvent(auth.ActAddMember, actorID, userID, g.Name, from)
	if err != nil {
		return err
	}
	for range maxContention {
		adding, err := s.Store.AddMember(ctx, groupID, userID, MaxAdded, event.At, event.effects())
		switch {
		case err != nil:
			return err
		case !adding.Known:
			return auth.Refuse(auth.NotFound)
		case adding.Already:
			return nil
		case adding.Full:
			return auth.Refuse(auth.TooManyGroups)
		case adding.Added:
			s.print(ctx, event, g.ID)
			return nil
		}
	}
	return auth.RefuseFor(auth.Busy, auth.Contention)
}

// RemoveMember takes a user out of a group whom an administrator has put there; what a
// provider says is not undone here. Shutting out may be in a hurry, and wants no proof.
// It refuses as session.Admin does, or with NotFound.
func (s *Service) RemoveMember(ctx context.Context, access auth.Secret, groupID, userID string, from auth.Client) error {
	actor, _, err := s.Sessions.Admin(ctx, access, auth.ActRemoveMember, userID, from)
	if err != nil {
		return err
	}
	g, err := s.groupByID(ctx, groupID)
	if err != nil {
		return err
	}
	event, err := s.newEvent(auth.ActRemoveMember, actor.ID, userID, g.Name, from)
	if err != nil {
		return err
	}
	removed, err := s.Store.RemoveMember(ctx, groupID, userID, event.At, event.effects())
	if err != nil || !removed {
		return orNotFound(err)
	}
	s.print(ctx, event, g.ID)
	return nil
}

// orNotFound is err, or NotFound for none.
func orNotFound(err error) error {
	if err != nil {
		return err
	}
	return auth.Refuse(auth.NotFound)
}
