// SPDX-License-Identifier: Apache-2.0

package serviceaccount

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/group"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// Groups lists those that a service account is in, sorted by name. It refuses as
// session.Admin does, or with NotFound.
func (s *Service) Groups(ctx context.Context, access auth.Secret, id string, from auth.Client) ([]group.Membership, error) {
	if _, err := s.Get(ctx, access, id, from); err != nil {
		return nil, err
	}
	return s.Store.MembershipsOf(ctx, id, nil, group.MaxAdded)
}

// In reads a page of the service accounts in a group, sorted by name, from behind a name on,
// and says whether there are more. It refuses as session.Admin does, or with NotFound.
func (s *Service) In(ctx context.Context, access auth.Secret, groupID, after string, limit int, from auth.Client) ([]auth.ServiceAccount, bool, error) {
	if _, _, err := s.Sessions.Admin(ctx, access, "", "", from); err != nil {
		return nil, false, err
	}
	if _, found, err := s.Store.GroupByID(ctx, groupID); err != nil || !found {
		return nil, false, orNotFound(err)
	}
	return page(limit)(s.Store.ServiceAccountsIn(ctx, groupID, after, limit+1))
}

// Join puts a service account into a group; it is no error when it is in it already. It
// refuses as session.Admin and signin.RequireProof do, since a group may open anything in an
// application, or with NotFound, TooManyGroups or Busy.
func (s *Service) Join(ctx context.Context, access auth.Secret, id, groupID string, p signin.Proof, from auth.Client) error {
	actor, _, err := s.SignIn.ProvenAdmin(ctx, access, auth.ActAddServiceAccount, id, p, from)
	if err != nil {
		return err
	}
	g, found, err := s.Store.GroupByID(ctx, groupID)
	if err != nil || !found {
		return orNotFound(err)
	}
	return s.join(ctx, actor, id, g, from)
}

// JoinByName does so for the group of a name. It is InvalidRequest that there is none.
func (s *Service) JoinByName(ctx context.Context, access auth.Secret, id, name string, p signin.Proof, from auth.Client) error {
	actor, _, err := s.SignIn.ProvenAdmin(ctx, access, auth.ActAddServiceAccount, id, p, from)
	if err != nil {
		return err
	}
	g, found, err := s.Store.GroupByName(ctx, name)
	if err == nil && !found {
		err = &auth.Error{Code: auth.InvalidRequest, Fields: []auth.FieldProblem{{Field: "group", Detail: "must be the name of a group"}}}
	}
	if err != nil {
		return err
	}
	return s.join(ctx, actor, id, g, from)
}

func (s *Service) join(ctx context.Context, actor auth.User, id string, g group.Group, from auth.Client) error {
	told, err := s.newEvent(auth.ActAddServiceAccount, actor.ID, id, g.Name, from)
	if err != nil {
		return err
	}
	for range session.MaxRetries {
		adding, err := s.Store.AddServiceAccount(ctx, g.ID, id, group.MaxAdded, told.At, effects(told))
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
			s.print(ctx, told, g)
			return nil
		}
	}
	return auth.RefuseFor(auth.Busy, auth.Contention)
}

// Leave takes a service account out of a group. Shutting out may be in a hurry, and wants no
// proof. It refuses as session.Admin does, or with NotFound.
func (s *Service) Leave(ctx context.Context, access auth.Secret, id, groupID string, from auth.Client) error {
	actor, _, err := s.Sessions.Admin(ctx, access, auth.ActRemoveServiceAccount, id, from)
	if err != nil {
		return err
	}
	g, found, err := s.Store.GroupByID(ctx, groupID)
	if err != nil || !found {
		return orNotFound(err)
	}
	told, err := s.newEvent(auth.ActRemoveServiceAccount, actor.ID, id, g.Name, from)
	if err != nil {
		return err
	}
	left, err := s.Store.RemoveServiceAccount(ctx, groupID, id, told.At, effects(told))
	if err != nil || !left {
		return orNotFound(err)
	}
	s.print(ctx, told, g)
	return nil
}

// print writes an event to the log, in which a group is known by its id: what somebody has
// typed stands in the audit log alone.
func (s *Service) print(ctx context.Context, told auth.Event, g group.Group) {
	told.Detail = g.ID
	s.Audit.Print(ctx, told)
}

// orNotFound is err, or NotFound for none.
func orNotFound(err error) error {
	if err != nil {
		return err
	}
	return auth.Refuse(auth.NotFound)
}
