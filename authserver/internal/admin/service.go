// SPDX-License-Identifier: Apache-2.0

// Package admin is what a realm's administrators do: look people up, add, change
// and remove them, and search the audit log.
package admin

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/attempts"
	"github.com/realmkeeper/realmkeeper/authserver/internal/audit"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// Service acts on behalf of a realm's administrators. Every field is required.
type Service struct {
	auth.Realm
	Store    Store
	Audit    *audit.Log
	Notify   *notify.Service
	Attempts *attempts.Service
	Sessions *session.Service
	MFA      *mfa.Service
	SignIn   *signin.Service
	Accounts *account.Service
}

// Store is where administrators look people up and act on them. Of any number of
// changes at once, none takes away the last admin who is not disabled.
type Store interface {
	SearchStore
	// UserByStoredEmail finds a user by what is stored as their address, in whatever
	// form that is; false when there is none.
	UserByStoredEmail(ctx context.Context, email string) (auth.User, bool, error)
	// UserByID finds a user; false when there is none.
	UserByID(ctx context.Context, id string) (auth.User, bool, error)
	// FindUsers reads a page of users, the newest first.
	FindUsers(ctx context.Context, q UserQuery, now time.Time) ([]auth.User, error)
	// UserDetails says how a user stands, but for the factors, where the lock of an
	// account lasts for longestLock at most.
	UserDetails(ctx context.Context, userID string, longestLock time.Duration, now time.Time) (UserDetails, error)
	// EmailsOf reads the addresses of users by id; those who are gone have none.
	EmailsOf(ctx context.Context, ids []string) (map[string]Address, error)
	// AddUser adds a user, with a one-time token if there is one, and says whether it
	// did: not when the address is taken.
	AddUser(ctx context.Context, u auth.User, token *auth.OneTimeToken, also auth.Effects) (bool, error)
	// ChangeUser changes a user. Disabling and enabling end the user's sessions,
	// and sign-ins that are on their way.
	ChangeUser(ctx context.Context, userID string, c UserChange, now time.Time, also auth.Effects) (account.UserChanged, error)
	// DeleteUser deletes a user and all that is theirs, but not the audit log.
	DeleteUser(ctx context.Context, userID string, now time.Time, also auth.Effects) (account.UserChanged, error)
	// EndSessionsOfUser ends every session of a user. It is not Done, and nothing
	// happens, when the user logs in meanwhile.
	EndSessionsOfUser(ctx context.Context, userID string, now time.Time, also auth.Effects) (account.UserChanged, error)
	// FindEvents reads a page of events, the newest first.
	FindEvents(ctx context.Context, q EventQuery) ([]auth.Event, error)
}
