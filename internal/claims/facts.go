// SPDX-License-Identifier: Apache-2.0

package claims

import "time"

// Facts is what expressions know.
type Facts struct {
	User User
	// Groups are the names of those that the person is in, Identities those that they have at
	// other providers.
	Groups     []string
	Identities []Identity
	// Client is who asks.
	Client Client
}

// User is a person, as expressions read of them.
type User struct {
	ID string `cel:"id"`
	// Email is empty for expressions as long as EmailVerified is false: anybody may have
	// written an address into their account, and an expression decides by its domain.
	Email         string `cel:"email"`
	EmailVerified bool   `cel:"email_verified"`
	// Name and Locale may be empty.
	Name   string `cel:"name"`
	Locale string `cel:"locale"`
	Role   string `cel:"role"`
	// Created is when the account came to be.
	Created time.Time `cel:"created"`
}

// Identity is an account of the person at another provider, which the realm calls by a name.
type Identity struct {
	Provider string `cel:"provider"`
	Issuer   string `cel:"issuer"`
	Subject  string `cel:"subject"`
}

// Client is the application that a token is issued to.
type Client struct {
	ID   string `cel:"id"`
	Name string `cel:"name"`
}

// The variables, as expressions call them.
const (
	userVariable       = "user"
	groupsVariable     = "groups"
	identitiesVariable = "identities"
	clientVariable     = "client"
)

func (f Facts) activation() map[string]any {
	if !f.User.EmailVerified {
		f.User.Email = ""
	}
	return map[string]any{userVariable: f.User, groupsVariable: nonNil(f.Groups), identitiesVariable: nonNil(f.Identities), clientVariable: f.Client}
}

func nonNil[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
