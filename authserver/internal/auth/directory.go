// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"time"
)

// Status is what an admin may look for in users.
type Status string

const (
	ActiveStatus     Status = "active"
	DisabledStatus   Status = "disabled"
	UnverifiedStatus Status = "unverified"
	LockedStatus     Status = "locked"
)

// UserQuery asks for a page of users; what is empty does not matter.
type UserQuery struct {
	// Prefix of the address or the name, in any case, or of the domain: behind an
	// @, or in letters beyond ASCII.
	Prefix string
	Role   string
	Status Status
	// Before is the id of the last user of the page before.
	Before string
	// Limit is how many users a page has at most.
	Limit int
	// LongestLock is how long the lock of an account lasts at most.
	LongestLock time.Duration
}

// Standing is what an admin wants to know about a user besides the User.
type Standing struct {
	Sessions int
	// LockedUntil is nil for an account that is not locked.
	LockedUntil *time.Time
	// Factors are those that are asked for at a login.
	Factors     []Method
	BackupCodes int
}

// Address is a user's. While nobody has proved it, it is what somebody typed, and
// says nothing of who they are.
type Address struct {
	Email  string
	Proved bool
}

// Directory is the part of the Store in which admins look people up.
type Directory interface {
	// FindUsers reads a page of users, the newest first.
	FindUsers(ctx context.Context, q UserQuery, now time.Time) ([]User, error)
	// EmailsOf reads the addresses of users by id; those who are gone have none.
	EmailsOf(ctx context.Context, ids []string) (map[string]Address, error)
	// StandingOf says how a user stands, but for the factors, where the lock of an
	// account lasts for longestLock at most.
	StandingOf(ctx context.Context, userID string, longestLock time.Duration, now time.Time) (Standing, error)
	// AddUser adds a user, with a ticket if there is one, and says whether it
	// did: not when the address is taken.
	AddUser(ctx context.Context, u User, ticket *Ticket, also Effects) (bool, error)
}

// FindUsers reads a page of users for an admin, the newest first, and says
// whether there are more. It refuses as admin does.
func (s *Service) FindUsers(ctx context.Context, access Secret, q UserQuery, from Client) ([]User, bool, error) {
	if _, _, err := s.admin(ctx, access, "", "", from); err != nil {
		return nil, false, err
	}
	limit := q.Limit
	q.Limit++
	q.LongestLock = time.Duration(s.Settings().Login.Lockout.Duration)
	users, err := s.Store.FindUsers(ctx, q, s.Now())
	if err != nil || len(users) <= limit {
		return users, false, err
	}
	return users[:limit], true, nil
}

// LookUp reads one user for an admin. It refuses as admin does, or with NotFound.
func (s *Service) LookUp(ctx context.Context, access Secret, userID string, from Client) (User, Standing, error) {
	if _, _, err := s.admin(ctx, access, "", "", from); err != nil {
		return User{}, Standing{}, err
	}
	user, known, err := s.Store.UserByID(ctx, userID)
	switch {
	case err != nil:
		return User{}, Standing{}, err
	case !known:
		return User{}, Standing{}, refuse(NotFound)
	}
	standing, err := s.Store.StandingOf(ctx, userID, time.Duration(s.Settings().Login.Lockout.Duration), s.Now())
	if err != nil {
		return User{}, Standing{}, err
	}
	factors, err := s.Store.FactorsOf(ctx, userID, s.Now())
	for _, f := range factors.active() {
		standing.Factors = append(standing.Factors, f.Method)
	}
	standing.BackupCodes = factors.BackupCodes
	return user, standing, err
}
