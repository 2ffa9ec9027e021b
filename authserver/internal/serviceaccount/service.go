// SPDX-License-Identifier: Apache-2.0

// Package serviceaccount knows the accounts of a realm that are no person.
//
// Administrators make one for what is nobody's own, such as a pipeline, put it into groups and
// make access tokens for it, which package personaltoken knows. It never signs in: it has no
// password, no address and no other way in, and is no user, so that nothing that is for users
// ever finds it.
package serviceaccount

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/audit"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/group"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// Most is how many a realm may have.
const Most = 1000

// Service knows a realm's service accounts. Every field is required.
type Service struct {
	auth.Realm
	Store    Store
	Audit    *audit.Log
	Sessions *session.Service
	SignIn   *signin.Service
}

// Change is what an administrator wants to be different; nil leaves it as it is.
type Change struct {
	Description *string
	Disabled    *bool
}

// Creation is what became of a wish to make one. With neither set, there are Most.
type Creation struct {
	// Created is set when there is one by this, Taken when another has the name.
	Created, Taken bool
}

// Changed is what a change has done.
type Changed struct {
	// Known is false when there is no such account, and nothing has happened.
	Known   bool
	Account auth.ServiceAccount
	// Ended are the ids of tokens that have ended by it.
	Ended []string
	// InForce tells servers whether the account is good; nil when that is as it was.
	InForce *session.Revocation
}

// Store keeps service accounts.
type Store interface {
	// CreateServiceAccount makes one, unless its name is taken or there are most already. Of
	// any number of callers at once, as many succeed as there is room for.
	CreateServiceAccount(ctx context.Context, a auth.ServiceAccount, most int, also auth.Effects) (Creation, error)
	// ServiceAccounts reads those whose names come after one, sorted by name, at most limit.
	ServiceAccounts(ctx context.Context, after string, limit int) ([]auth.ServiceAccount, error)
	// ServiceAccountByID finds one; false when there is none.
	ServiceAccountByID(ctx context.Context, id string) (auth.ServiceAccount, bool, error)
	// ServiceAccountNames reads the names of some by id; those that are gone have none.
	ServiceAccountNames(ctx context.Context, ids []string) (map[string]string, error)
	// ChangeServiceAccount changes one. With one that is disabled, or enabled again, all of
	// its tokens end.
	ChangeServiceAccount(ctx context.Context, id string, c Change, now time.Time, also auth.Effects) (Changed, error)
	// DeleteServiceAccount deletes one, with its tokens.
	DeleteServiceAccount(ctx context.Context, id string, now time.Time, also auth.Effects) (Changed, error)
	// ServiceAccountsIn reads those in a group whose names come after one, sorted by name, at
	// most limit.
	ServiceAccountsIn(ctx context.Context, groupID, after string, limit int) ([]auth.ServiceAccount, error)
	// AddServiceAccount puts one into a group unless it is in most of them.
	AddServiceAccount(ctx context.Context, groupID, id string, most int, now time.Time, also auth.Effects) (group.Adding, error)
	// RemoveServiceAccount undoes that, and says whether there was anything to undo.
	RemoveServiceAccount(ctx context.Context, groupID, id string, now time.Time, also auth.Effects) (bool, error)
	// MembershipsOf are the groups that one is in, sorted by name, at most limit.
	MembershipsOf(ctx context.Context, id string, sources []auth.GroupSource, limit int) ([]group.Membership, error)
	// GroupByID and GroupByName find a group; false when there is none.
	GroupByID(ctx context.Context, id string) (group.Group, bool, error)
	GroupByName(ctx context.Context, name string) (group.Group, bool, error)
}

// byID refuses with NotFound.
func (s *Service) byID(ctx context.Context, id string) (auth.ServiceAccount, error) {
	a, found, err := s.Store.ServiceAccountByID(ctx, id)
	if err == nil && !found {
		err = auth.Refuse(auth.NotFound)
	}
	return a, err
}
