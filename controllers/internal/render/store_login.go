// SPDX-License-Identifier: Apache-2.0

package render

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
)

// StoreLogin is how pods log in to a store that the operator runs.
type StoreLogin struct {
	// User is a role of the database; a cache has but one user.
	User string
	// Password holds letters and digits alone: it stands in URLs, SQL and files.
	Password string
	// Since is when the password was made, in whole seconds.
	Since time.Time
	// Earlier is how pods log in that have not taken this up yet, nil once all have.
	Earlier *StoreLogin
	// Lost is set when nobody knows how they do, because the Secret that said so is gone:
	// what else a database takes, it goes on taking.
	Lost bool
}

// Changing reports whether pods may log in by something else as well.
func (l StoreLogin) Changing() bool { return l.Earlier != nil || l.Lost }

// Keys of a managed store's Secret besides those that CloudNativePG's has.
const (
	sinceKey           = "since"
	earlierUserKey     = "earlierUsername"
	earlierPasswordKey = "earlierPassword"
	earlierLostKey     = "earlierLost"
)

// PasswordKey is the key of a managed store's password.
const PasswordKey = corev1.BasicAuthPasswordKey

// data is a login as a Secret keeps it.
func (l StoreLogin) data() map[string][]byte {
	data := map[string][]byte{
		corev1.BasicAuthUsernameKey: []byte(l.User),
		PasswordKey:                 []byte(l.Password),
		sinceKey:                    []byte(l.Since.UTC().Format(time.RFC3339)),
	}
	if l.Earlier != nil {
		data[earlierUserKey] = []byte(l.Earlier.User)
		data[earlierPasswordKey] = []byte(l.Earlier.Password)
	}
	if l.Lost {
		data[earlierLostKey] = []byte("true")
	}
	return data
}

// FirstDatabaseLogin is what the Secret of a managed database begins with. After one that
// was lost, pods log in by a role that none of them has now.
func FirstDatabaseLogin(password string, lost bool) map[string][]byte {
	data := FirstCacheLogin(password, lost)
	if lost {
		data[corev1.BasicAuthUsernameKey] = []byte(roleAfterLoss)
	}
	return data
}

// FirstCacheLogin is FirstDatabaseLogin for a cache, which has but one user: pods go on by
// the connections that they have.
func FirstCacheLogin(password string, _ bool) map[string][]byte {
	return map[string][]byte{PasswordKey: []byte(password)}
}

// ReadDatabaseLogin reads the login from the Secret of a managed database that
// was made at a time. One that has only a password yet is of the first role. The
// error never quotes a password.
func ReadDatabaseLogin(data map[string][]byte, made time.Time) (StoreLogin, error) {
	return readLogin(data, made, databaseRoles()...)
}

// ReadCacheLogin is ReadDatabaseLogin for a cache.
func ReadCacheLogin(data map[string][]byte, made time.Time) (StoreLogin, error) {
	return readLogin(data, made, cacheUser)
}

func readLogin(data map[string][]byte, made time.Time, users ...string) (StoreLogin, error) {
	l := StoreLogin{User: users[0], Password: string(data[PasswordKey]), Since: made.UTC(), Lost: len(data[earlierLostKey]) > 0}
	// Server-side apply removes nothing that a Secret was created with: what it begins with
	// says so by its role alone.
	if len(data[sinceKey]) == 0 && string(data[corev1.BasicAuthUsernameKey]) == roleAfterLoss {
		l.Lost = true
	}
	if user := string(data[corev1.BasicAuthUsernameKey]); user != "" {
		l.User = user
	}
	if since := string(data[sinceKey]); since != "" {
		at, err := time.Parse(time.RFC3339, since)
		if err != nil {
			return StoreLogin{}, fmt.Errorf("%s must be a time such as 2006-01-02T15:04:05Z", sinceKey)
		}
		l.Since = at
	}
	logins := []*StoreLogin{&l}
	if len(data[earlierPasswordKey]) > 0 {
		l.Earlier = &StoreLogin{User: string(data[earlierUserKey]), Password: string(data[earlierPasswordKey])}
		logins = append(logins, l.Earlier)
	}
	for _, login := range logins {
		if !slices.Contains(users, login.User) {
			return StoreLogin{}, fmt.Errorf("%q is no user that a realm's pods have", login.User)
		}
		if !plain(login.Password) {
			return StoreLogin{}, fmt.Errorf("%s must hold 16 or more letters and digits and nothing else", PasswordKey)
		}
	}
	return l, nil
}

// Next is the login after this one. The database's roles take turns, so that
// each has one password, and pods with the earlier one go on.
func (l StoreLogin) Next(password string, now time.Time) StoreLogin {
	earlier := l
	earlier.Earlier, earlier.Lost = nil, false
	next := StoreLogin{User: l.User, Password: password, Since: now.UTC().Truncate(time.Second), Earlier: &earlier}
	switch l.User {
	case databaseRole, secondRole, roleAfterLoss:
		next.User = firstRole
	case firstRole:
		next.User = secondRole
	}
	return next
}

// plain reports whether a password needs no quoting wherever it is written.
func plain(password string) bool {
	for _, c := range []byte(password) {
		letter := (c|0x20) >= 'a' && (c|0x20) <= 'z'
		if !letter && (c < '0' || c > '9') {
			return false
		}
	}
	return len(password) >= 16
}
