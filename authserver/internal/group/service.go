// SPDX-License-Identifier: Apache-2.0

// Package group knows a realm's groups and who is in them: whom an administrator has
// put there, and whom a provider speaks of as one of its own groups.
//
// What a provider says is kept apart from what administrators say, so that each sign-in
// there replaces what that provider said before and nothing else. It counts while the
// realm has the provider, maps its groups, and points it to who said so.
package group

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/audit"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

const (
	// MaxAdded is how many groups an administrator can put a user into.
	MaxAdded = 100
	// MaxNames is how many groups of a user are told, of those that they have been put
	// into and those of providers together.
	MaxNames = 200
)

// Group is a set of users. Its id stays when its name changes.
type Group struct {
	ID, Name  string
	CreatedAt time.Time
}

// Origin is why somebody is in a group, by all that say so.
type Origin struct {
	// AddedAt is when an administrator put them there; nil for none.
	AddedAt *time.Time
	// Providers are those that speak of them as in it, by name.
	Providers []string
}

// Member is a user who is in a group.
type Member struct {
	User auth.User
	Origin
}

// Membership is a group that a user is in.
type Membership struct {
	Group Group
	Origin
}

// Service knows groups. Every field is required.
type Service struct {
	auth.Realm
	Store    Store
	Audit    *audit.Log
	Sessions *session.Service
	SignIn   *signin.Service
}

// Store keeps groups. Memberships of providers count where their source is one of sources.
type Store interface {
	// NamesOf are the groups that a user is in, or a service account, sorted, at most limit.
	NamesOf(ctx context.Context, id string, sources []auth.GroupSource, limit int) ([]string, error)
	// MembershipsOf are the same with all that is known of them.
	MembershipsOf(ctx context.Context, userID string, sources []auth.GroupSource, limit int) ([]Membership, error)
	// Groups reads those whose names come after one, sorted by name, at most limit.
	Groups(ctx context.Context, after string, limit int) ([]Group, error)
	// GroupByID finds a group; false when there is none.
	GroupByID(ctx context.Context, id string) (Group, bool, error)
	// Members reads those of a group, the newest user first, from behind one on.
	Members(ctx context.Context, q MemberQuery) ([]Member, error)
	// CreateGroup is false, and nothing happens, when the name is taken.
	CreateGroup(ctx context.Context, g Group, also auth.Effects) (bool, error)
	// RenameGroup gives a group the name in g.
	RenameGroup(ctx context.Context, g Group, now time.Time, also auth.Effects) (Renaming, error)
	// EmptyGroup takes some members out, at most limit by each way they came in by, and
	// says how many.
	EmptyGroup(ctx context.Context, id string, limit int) (int, error)
	// DeleteGroup deletes a group, and says whether there was one.
	DeleteGroup(ctx context.Context, id string, now time.Time, also auth.Effects) (bool, error)
	// AddMember puts a user into a group unless they are in most of them.
	AddMember(ctx context.Context, groupID, userID string, most int, now time.Time, also auth.Effects) (Adding, error)
	// RemoveMember undoes AddMember, and says whether there was anything to undo.
	RemoveMember(ctx context.Context, groupID, userID string, now time.Time, also auth.Effects) (bool, error)
	// UserByID and UserByStoredEmail find a user; false when there is none.
	UserByID(ctx context.Context, id string) (auth.User, bool, error)
	UserByStoredEmail(ctx context.Context, email string) (auth.User, bool, error)
	// MapGroups replaces what a provider has said of an identity.
	MapGroups(ctx context.Context, m Mapped, also auth.Effects) (Mapping, error)
}

// Of is the names of the groups that a user is in, or a service account, sorted byte by byte,
// MaxNames at most.
func (s *Service) Of(ctx context.Context, id string) ([]string, error) {
	return s.Store.NamesOf(ctx, id, s.sources(), MaxNames)
}

// sources are those whose word counts now.
func (s *Service) sources() []auth.GroupSource { return auth.GroupSources(s.Settings()) }
