// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"strings"
	"time"
)

// ServiceAccount is an account of the realm that is no person. It has no password, no address
// and nothing else to sign in with: programs act for it by access tokens that administrators
// make.
type ServiceAccount struct {
	// ID is its own, a UUID as that of a user, and the subject of its tokens.
	ID string
	// Name is a label of DNS (RFC 1123, section 2.1), and never changes.
	Name        string
	Description string
	// CreatedBy is the id of the administrator who made it.
	CreatedBy string
	CreatedAt time.Time
	// DisabledAt is when an administrator disabled it, nil for one that is good.
	DisabledAt *time.Time
}

const (
	// ServiceAccountRole is the role of all of them, which gateways are told and may demand.
	// No user can have it: PlausibleRole takes no colon.
	ServiceAccountRole = "realm:service-account"
	// MaxServiceAccountName is in bytes.
	MaxServiceAccountName = 63
	// MaxServiceAccountDescription is in bytes.
	MaxServiceAccountDescription = 1000
	// serviceAccountMark stands before what names one where users are named, too. No id of a
	// user begins with it, and no address.
	serviceAccountMark = "service-account:"
)

// PlausibleServiceAccountName reports whether a text can be the name of one.
func PlausibleServiceAccountName(name string) bool {
	odd := func(r rune) bool { return r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }
	return name != "" && len(name) <= MaxServiceAccountName && !strings.ContainsFunc(name, odd) &&
		!strings.HasPrefix(name, "-") && !strings.HasSuffix(name, "-")
}

// Username is what it is called where nobody may take it for a person.
func (a ServiceAccount) Username() string { return serviceAccountMark + a.Name }

// MarkedServiceAccount is its id where gateways tell applications who a user is.
func MarkedServiceAccount(id string) string { return serviceAccountMark + id }

// Subject is the service account by one of its tokens.
func (a ServiceAccount) Subject(tokenID string) Subject {
	return Subject{UserID: a.ID, Role: ServiceAccountRole, SessionID: tokenID}
}
