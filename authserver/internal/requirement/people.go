// SPDX-License-Identifier: Apache-2.0

package requirement

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// State is how somebody stands to a requirement.
type State string

const (
	// Without is of those who do not meet it, and have not been told.
	Without State = "without"
	// Told is of those who have been told, and do not meet it yet.
	Told State = "told"
	// Stopped is of those who are stopped at sign-in.
	Stopped State = "stopped"
	// Met is of those who meet it.
	Met State = "met"
)

// Query asks for a page of people whom a requirement concerns, in the order of their ids.
type Query struct {
	Concerned
	// Group narrows to the members of one, by its name; empty for all.
	Group string
	// State narrows to one; empty for all.
	State State
	// After is where the page before has ended; empty for the first one.
	After string
	// Limit is how many people a page has at most, and Look how many it may look at: one that
	// has found few of them is short.
	Limit, Look int
}

// Person is somebody whom a requirement concerns.
type Person struct {
	User  auth.User
	State State
	Progress
}

// Page is a page of them.
type Page struct {
	People []Person
	// Next is where the next page begins; empty at the end.
	Next string
}

// mostLookedAt bounds the people whom one page looks at.
const mostLookedAt = 500

// PeopleWithoutFactors reads a page of those whom the requirement of second factors concerns,
// whatever their State, for an admin.
// A page may be short, and even empty, with more behind it: see Page.Next. It refuses as
// session.Admin does. Where nothing is required of anybody there is nobody.
func (s *Service) PeopleWithoutFactors(ctx context.Context, access auth.Secret, q Query, from auth.Client) (Page, error) {
	if _, _, err := s.Sessions.Admin(ctx, access, "", "", from); err != nil {
		return Page{}, err
	}
	concerned, some := concernedBy(s.Settings())
	if !some {
		return Page{}, nil
	}
	q.Concerned, q.Look = concerned, mostLookedAt
	return s.Store.PeopleWithoutFactors(ctx, q)
}
