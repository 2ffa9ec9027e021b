// SPDX-License-Identifier: Apache-2.0

// Package requirement knows what a realm requires of its people, who has been told of it, and
// who is stopped at sign-in until they meet it.
//
// A requirement is rolled out in steps. Observe counts who would be stopped, and changes
// nothing for anybody. Warn tells people at sign-in by when they will have to meet it. Enforce
// tells them too and, once they have had their grace period, stops them at sign-in until they
// do. It never stops more people at a time than the realm allows: past that, it reaches
// nobody further, says so, and lets nobody go whom it has reached. Whoever could undo that by
// failing to meet it, with passwords of others for example, would undo the requirement.
//
// What Enforce has reached, it does not let go: neither by an account that loses what it
// had, nor by the number of those who are stopped.
package requirement

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/audit"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Service knows a realm's requirements. Every exported field is required.
type Service struct {
	auth.Realm
	Store    Store
	Audit    *audit.Log
	Sessions *session.Service
	// Groups are the names of those that a user is in. Package group, which knows them, stands
	// on this one.
	Groups   func(ctx context.Context, userID string) ([]string, error)
	Observer Observer

	reports     reports
	emptyGroups atomic.Pointer[[]string]
}

// Observer shows what there is to say of a requirement; nil for nothing.
type Observer interface {
	Requirement(kind string, r *realmconfig.RequirementReport)
}

// Store keeps how far requirements have come with people.
type Store interface {
	// RequirementOf is how far one has come with a user; the zero Progress where nothing has
	// happened yet.
	RequirementOf(ctx context.Context, userID string, kind Kind) (Progress, error)
	// TellRequirement notes that a user is told just now, and when their grace period ends:
	// from the first time on that they were told. The effects are stored the first time, and
	// first is true then.
	TellRequirement(ctx context.Context, t Telling, also auth.Effects) (told Progress, first bool, err error)
	// ReachRequirement stops a user from now on who has not met it, unless as many are stopped
	// already as may be.
	ReachRequirement(ctx context.Context, r Reach, also auth.Effects) (Reached, error)
	// MeetRequirement notes that a user who has been told or stopped meets it now.
	MeetRequirement(ctx context.Context, userID string, kind Kind, now time.Time) error
	// BlockedBy counts those who have been stopped since a time and have not met it, up to a
	// number.
	BlockedBy(ctx context.Context, kind Kind, since time.Time, most int) (int, error)
	// WithoutFactors counts some of those who must have a second factor.
	WithoutFactors(ctx context.Context, q Batch) (Tally, error)
	// BeginCount is true for the one caller who is to count now.
	BeginCount(ctx context.Context, c CountClaim) (bool, error)
	// AbandonCount lets another one count.
	AbandonCount(ctx context.Context, kind Kind) error
	// StoreCount keeps what was counted, and CountOf reads what was last; false for nothing.
	StoreCount(ctx context.Context, kind Kind, c Count) error
	CountOf(ctx context.Context, kind Kind) (Count, bool, error)
	// PeopleWithoutFactors reads a page of those who must have a second factor.
	PeopleWithoutFactors(ctx context.Context, q Query) (Page, error)
	// EmptyGroups are those that the requirement of second factors names and in which nobody
	// is, in order.
	EmptyGroups(ctx context.Context, c Concerned) ([]string, error)
	WeakPasswords
}
