// SPDX-License-Identifier: Apache-2.0

package serviceaccount

import (
	"context"
	"strings"
	"unicode/utf8"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// List reads a page of service accounts, sorted by name, from behind a name on, and says
// whether there are more. It refuses as session.Admin does.
func (s *Service) List(ctx context.Context, access auth.Secret, after string, limit int, from auth.Client) ([]auth.ServiceAccount, bool, error) {
	if _, _, err := s.Sessions.Admin(ctx, access, "", "", from); err != nil {
		return nil, false, err
	}
	return page(limit)(s.Store.ServiceAccounts(ctx, after, limit+1))
}

// page cuts off the one that says that there are more.
func page(limit int) func([]auth.ServiceAccount, error) ([]auth.ServiceAccount, bool, error) {
	return func(list []auth.ServiceAccount, err error) ([]auth.ServiceAccount, bool, error) {
		if err != nil || len(list) <= limit {
			return list, false, err
		}
		return list[:limit], true, nil
	}
}

// Get reads one. It refuses as session.Admin does, or with NotFound.
func (s *Service) Get(ctx context.Context, access auth.Secret, id string, from auth.Client) (auth.ServiceAccount, error) {
	if _, _, err := s.Sessions.Admin(ctx, access, "", "", from); err != nil {
		return auth.ServiceAccount{}, err
	}
	return s.byID(ctx, id)
}

// Names are those of the service accounts among some ids, for an administrator. It refuses as
// session.Admin does.
func (s *Service) Names(ctx context.Context, access auth.Secret, ids []string, from auth.Client) (map[string]string, error) {
	if _, _, err := s.Sessions.Admin(ctx, access, "", "", from); err != nil {
		return nil, err
	}
	return s.Store.ServiceAccountNames(ctx, ids)
}

// Create makes a service account, which is in no group and has no token: nothing is open to
// it yet. It refuses as session.Admin does, with InvalidRequest, ServiceAccountExists or
// TooManyServiceAccounts.
func (s *Service) Create(ctx context.Context, access auth.Secret, name, description string, from auth.Client) (auth.ServiceAccount, error) {
	actor, _, err := s.Sessions.Admin(ctx, access, auth.ActCreateServiceAccount, "", from)
	if err != nil {
		return auth.ServiceAccount{}, err
	}
	a := auth.ServiceAccount{Name: name, Description: strings.TrimSpace(description), CreatedBy: actor.ID, CreatedAt: s.Now()}
	if err := check(a); err != nil {
		return auth.ServiceAccount{}, err
	}
	if a.ID, err = s.NewID(); err != nil {
		return auth.ServiceAccount{}, err
	}
	told, err := s.newEvent(auth.ActCreateServiceAccount, actor.ID, a.ID, name, from)
	if err != nil {
		return auth.ServiceAccount{}, err
	}
	creation, err := s.Store.CreateServiceAccount(ctx, a, Most, effects(told))
	switch {
	case err != nil:
		return auth.ServiceAccount{}, err
	case creation.Taken:
		return auth.ServiceAccount{}, auth.Refuse(auth.ServiceAccountExists)
	case !creation.Created:
		return auth.ServiceAccount{}, auth.Refuse(auth.TooManyServiceAccounts)
	}
	s.Audit.Print(ctx, told)
	return a, nil
}

// check refuses with InvalidRequest what none can be called or described by.
func check(a auth.ServiceAccount) error {
	fields := []auth.FieldProblem{}
	if !auth.PlausibleServiceAccountName(a.Name) {
		fields = append(fields, auth.FieldProblem{Field: "name", Detail: "must be lower-case letters, digits and hyphens, such as deployer, and begin and end with a letter or a digit"})
	}
	if len(a.Description) > auth.MaxServiceAccountDescription || !utf8.ValidString(a.Description) || !auth.PlausibleName(a.Description) {
		fields = append(fields, auth.FieldProblem{Field: "description", Detail: "must be on one line and at most 1000 bytes"})
	}
	if len(fields) > 0 {
		return &auth.Error{Code: auth.InvalidRequest, Fields: fields}
	}
	return nil
}

// Change changes a service account. To enable one again opens something, and wants proof; to
// disable one may be in a hurry. Either ends all of its tokens. It refuses as session.Admin
// does and, for what opens something, as signin.RequireProof does; with InvalidRequest or
// NotFound.
func (s *Service) Change(ctx context.Context, access auth.Secret, id string, c Change, p signin.Proof, from auth.Client) (auth.ServiceAccount, error) {
	actor, subject, err := s.Sessions.Admin(ctx, access, c.action(), id, from)
	if err != nil {
		return auth.ServiceAccount{}, err
	}
	before, err := s.byID(ctx, id)
	if err != nil {
		return auth.ServiceAccount{}, err
	}
	if c = c.changing(before); c == (Change{}) {
		return before, nil
	}
	if c.Description != nil {
		if err := check(auth.ServiceAccount{Name: before.Name, Description: *c.Description}); err != nil {
			return auth.ServiceAccount{}, err
		}
	}
	if c.Disabled != nil && !*c.Disabled {
		if err := s.SignIn.RequireProof(ctx, actor, subject, p, from); err != nil {
			return auth.ServiceAccount{}, err
		}
	}
	told, err := s.changes(actor.ID, before, c, from)
	if err != nil {
		return auth.ServiceAccount{}, err
	}
	changed, err := s.Store.ChangeServiceAccount(ctx, id, c, s.Now(), effects(told...))
	return changed.Account, s.conclude(ctx, changed, err, told...)
}

// Delete deletes a service account, with all of its tokens. It refuses as session.Admin and
// signin.RequireProof do, or with NotFound.
func (s *Service) Delete(ctx context.Context, access auth.Secret, id string, p signin.Proof, from auth.Client) error {
	actor, _, err := s.SignIn.ProvenAdmin(ctx, access, auth.ActDeleteServiceAccount, id, p, from)
	if err != nil {
		return err
	}
	before, err := s.byID(ctx, id)
	if err != nil {
		return err
	}
	told, err := s.newEvent(auth.ActDeleteServiceAccount, actor.ID, id, before.Name, from)
	if err != nil {
		return err
	}
	deleted, err := s.Store.DeleteServiceAccount(ctx, id, s.Now(), effects(told))
	return s.conclude(ctx, deleted, err, told)
}

// conclude tells other servers of what the Store has done, and the log.
func (s *Service) conclude(ctx context.Context, changed Changed, err error, told ...auth.Event) error {
	switch {
	case err != nil:
		return err
	case !changed.Known:
		return auth.Refuse(auth.NotFound)
	}
	if changed.InForce != nil {
		s.Sessions.Revoke(ctx, *changed.InForce)
	}
	s.Sessions.RevokeSessions(ctx, changed.Ended...)
	for _, e := range told {
		s.Audit.Print(ctx, e)
	}
	return nil
}

// action is what a refused change is called, its gravest part.
func (c Change) action() auth.Action {
	switch {
	case c.Disabled == nil:
		return auth.ActDescribeServiceAccount
	case *c.Disabled:
		return auth.ActDisableServiceAccount
	default:
		return auth.ActEnableServiceAccount
	}
}

// changing is the part of a change that makes a difference.
func (c Change) changing(before auth.ServiceAccount) Change {
	if c.Description != nil && *c.Description == before.Description {
		c.Description = nil
	}
	if c.Disabled != nil && *c.Disabled == (before.DisabledAt != nil) {
		c.Disabled = nil
	}
	return c
}

// changes is a line for everything that is changed.
func (s *Service) changes(actorID string, before auth.ServiceAccount, c Change, from auth.Client) ([]auth.Event, error) {
	events := []auth.Event{}
	for _, part := range []Change{{Description: c.Description}, {Disabled: c.Disabled}} {
		if part == (Change{}) {
			continue
		}
		e, err := s.newEvent(part.action(), actorID, before.ID, before.Name, from)
		if err != nil {
			return nil, err
		}
		events = append(events, e)
	}
	return events, nil
}

func (s *Service) newEvent(act auth.Action, actorID, id, detail string, from auth.Client) (auth.Event, error) {
	e, err := s.Audit.NewEvent(act, actorID, id, from)
	e.Detail = detail
	return e, err
}

func effects(told ...auth.Event) auth.Effects { return auth.Effects{Events: told} }
