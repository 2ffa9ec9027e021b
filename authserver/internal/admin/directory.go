// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
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
	// Text is words of the name or the address: see auth.SearchParts.
	Text string
	// Outdated is set while there are so many users whose search documents have to be
	// made that a search cannot wait for them: those are found by the beginning of
	// their address, name or domain.
	Outdated bool
	Role     string
	Status   Status
	// Before is the id of the last user of the page before.
	Before string
	// Limit is how many users a page has at most.
	Limit int
	// LongestLock is how long the lock of an account lasts at most.
	LongestLock time.Duration
}

// UserDetails is what an admin wants to know about a user besides the User.
type UserDetails struct {
	Sessions int
	// LockedUntil is nil for an account that is not locked.
	LockedUntil *time.Time
	// Factors are the kinds of second factors and passkeys that the user has.
	Factors     []auth.Method
	BackupCodes int
	// Recovery is one that waits, or that is ready; nil for none.
	Recovery *account.Recovery
}

// Address is a user's. While nobody has proved it, it is what somebody typed, and
// says nothing of who they are.
type Address struct {
	Email  string
	Proved bool
}

// FindUsers reads a page of users for an admin, the newest first, and says whether
// there are more. It makes outdated search documents first, so that whoever was added
// or renamed just now is found. It refuses as session.Admin does.
func (s *Service) FindUsers(ctx context.Context, access auth.Secret, q UserQuery, from auth.Client) ([]auth.User, bool, error) {
	if _, _, err := s.Sessions.Admin(ctx, access, "", "", from); err != nil {
		return nil, false, err
	}
	if q.Text != "" {
		more, err := makeSomeDocuments(ctx, s.Store, uuid.Nil.String())
		if err != nil {
			return nil, false, err
		}
		q.Outdated = more != ""
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

// User reads one user for an admin. It refuses as session.Admin does, or with NotFound.
func (s *Service) User(ctx context.Context, access auth.Secret, userID string, from auth.Client) (auth.User, UserDetails, error) {
	if _, _, err := s.Sessions.Admin(ctx, access, "", "", from); err != nil {
		return auth.User{}, UserDetails{}, err
	}
	user, err := s.userByID(ctx, userID)
	if err != nil {
		return auth.User{}, UserDetails{}, err
	}
	details, err := s.Store.UserDetails(ctx, userID, time.Duration(s.Settings().Login.Lockout.Duration), s.Now())
	if err != nil {
		return auth.User{}, UserDetails{}, err
	}
	factors, err := s.MFA.FactorsOf(ctx, user)
	for _, f := range factors.Verified() {
		details.Factors = append(details.Factors, f.Method)
	}
	for _, method := range []auth.Method{auth.PasskeyMethod, auth.SecurityKeyMethod} {
		if slices.Contains(user.Methods, method) {
			details.Factors = append(details.Factors, method)
		}
	}
	details.BackupCodes = factors.BackupCodes
	if err != nil {
		return auth.User{}, UserDetails{}, err
	}
	ways, err := s.Accounts.WaysInOf(ctx, user)
	details.Recovery = ways.Recovery
	return user, details, err
}

// userByID refuses with NotFound.
func (s *Service) userByID(ctx context.Context, id string) (auth.User, error) {
	user, found, err := s.Store.UserByID(ctx, id)
	if err == nil && !found {
		err = auth.Refuse(auth.NotFound)
	}
	return user, err
}
