// SPDX-License-Identifier: Apache-2.0

package group

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Renaming is what became of a wish to rename a group.
type Renaming struct {
	// Known is false when there is no such group, Taken set when another has the name.
	Known, Taken bool
}

// emptiedAtOnce is how many members a group that is deleted loses in one statement.
const emptiedAtOnce = 1000

// List reads a page of groups, sorted by name, from behind a name on, and says whether
// there are more. It refuses as session.Admin does.
func (s *Service) List(ctx context.Context, access auth.Secret, after string, limit int, from auth.Client) ([]Group, bool, error) {
	if _, _, err := s.Sessions.Admin(ctx, access, "", "", from); err != nil {
		return nil, false, err
	}
	groups, err := s.Store.Groups(ctx, after, limit+1)
	if err != nil || len(groups) <= limit {
		return groups, false, err
	}
	return groups[:limit], true, nil
}

// Get reads one group. It refuses as session.Admin does, or with NotFound.
func (s *Service) Get(ctx context.Context, access auth.Secret, id string, from auth.Client) (Group, error) {
	if _, _, err := s.Sessions.Admin(ctx, access, "", "", from); err != nil {
		return Group{}, err
	}
	return s.groupByID(ctx, id)
}

// groupByID refuses with NotFound.
func (s *Service) groupByID(ctx context.Context, id string) (Group, error) {
	g, found, err := s.Store.GroupByID(ctx, id)
	if err == nil && !found {
		err = auth.Refuse(auth.NotFound)
	}
	return g, err
}

// checkName refuses with InvalidRequest what a group cannot be called.
func checkName(name string) error {
	if err := realmconfig.CheckGroupName(name); err != nil {
		return &auth.Error{Code: auth.InvalidRequest, Fields: []auth.FieldProblem{{Field: "name", Detail: err.Error()}}}
	}
	return nil
}

// Create makes a group, in which nobody is yet. It refuses as session.Admin does, with
// InvalidRequest or with GroupExists.
func (s *Service) Create(ctx context.Context, access auth.Secret, name string, from auth.Client) (Group, error) {
	actor, _, err := s.Sessions.Admin(ctx, access, auth.ActCreateGroup, "", from)
	if err != nil {
		return Group{}, err
	}
	if err := checkName(name); err != nil {
		return Group{}, err
	}
	g := Group{Name: name, CreatedAt: s.Now()}
	if g.ID, err = s.NewID(); err != nil {
		return Group{}, err
	}
	event, err := s.newEvent(auth.ActCreateGroup, actor.ID, "", name, from)
	if err != nil {
		return Group{}, err
	}
	created, err := s.Store.CreateGroup(ctx, g, event.effects())
	switch {
	case err != nil:
		return Group{}, err
	case !created:
		return Group{}, auth.Refuse(auth.GroupExists)
	}
	s.print(ctx, event, g.ID)
	return g, nil
}

// Rename gives a group another name. Whoever is in it has from then on what the new name
// opens, so it wants proof. It refuses as session.Admin and signin.RequireProof do, or
// with InvalidRequest, NotFound or GroupExists.
func (s *Service) Rename(ctx context.Context, access auth.Secret, id, name string, p signin.Proof, from auth.Client) (Group, error) {
	actor, err := s.proven(ctx, access, auth.ActRenameGroup, "", p, from)
	if err != nil {
		return Group{}, err
	}
	if err := checkName(name); err != nil {
		return Group{}, err
	}
	g, err := s.groupByID(ctx, id)
	if err != nil || g.Name == name {
		return g, err
	}
	event, err := s.newEvent(auth.ActRenameGroup, actor.ID, "", g.Name+" → "+name, from)
	if err != nil {
		return Group{}, err
	}
	g.Name = name
	renaming, err := s.Store.RenameGroup(ctx, g, event.At, event.effects())
	switch {
	case err != nil:
		return Group{}, err
	case renaming.Taken:
		return Group{}, auth.Refuse(auth.GroupExists)
	case !renaming.Known:
		return Group{}, auth.Refuse(auth.NotFound)
	}
	s.print(ctx, event, g.ID)
	return g, nil
}

// Delete deletes a group, whoever is in it. One that a provider's groups are mapped to
// comes back, empty, with the next sign-in that needs it. It refuses as session.Admin
// and signin.RequireProof do, or with NotFound.
func (s *Service) Delete(ctx context.Context, access auth.Secret, id string, p signin.Proof, from auth.Client) error {
	actor, err := s.proven(ctx, access, auth.ActDeleteGroup, "", p, from)
	if err != nil {
		return err
	}
	g, err := s.groupByID(ctx, id)
	if err != nil {
		return err
	}
	// Many at once would hold their rows for longer than a statement may take.
	for emptied := emptiedAtOnce; emptied >= emptiedAtOnce; {
		if emptied, err = s.Store.EmptyGroup(ctx, id, emptiedAtOnce); err != nil {
			return err
		}
	}
	event, err := s.newEvent(auth.ActDeleteGroup, actor.ID, "", g.Name, from)
	if err != nil {
		return err
	}
	deleted, err := s.Store.DeleteGroup(ctx, id, event.At, event.effects())
	switch {
	case err != nil:
		return err
	case !deleted:
		return auth.Refuse(auth.NotFound)
	}
	s.print(ctx, event, g.ID)
	return nil
}

// proven is session.Admin for what a stolen access token must not do.
func (s *Service) proven(ctx context.Context, access auth.Secret, act auth.Action, targetID string, p signin.Proof, from auth.Client) (auth.User, error) {
	user, _, err := s.SignIn.ProvenAdmin(ctx, access, act, targetID, p, from)
	return user, err
}

// event is of a change of groups.
type event auth.Event

func (s *Service) newEvent(act auth.Action, actorID, targetID, detail string, from auth.Client) (event, error) {
	e, err := s.Audit.NewEvent(act, actorID, targetID, from)
	e.Detail = detail
	return event(e), err
}

// print writes an event to the log, in which a group is known by its id, or a provider
// by its name: what somebody has typed stands in the audit log alone.
func (s *Service) print(ctx context.Context, e event, detail string) {
	e.Detail = detail
	s.Audit.Print(ctx, auth.Event(e))
}

func (e event) effects() auth.Effects { return auth.Effects{Events: []auth.Event{auth.Event(e)}} }
