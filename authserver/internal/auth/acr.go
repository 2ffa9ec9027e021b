// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"slices"
	"time"
)

// The authentication context classes (OpenID Connect Core 1.0, section 2, acr), each of
// which includes those before it.
const (
	OneFactor  = "1"
	TwoFactors = "2"
)

// ACROf is the class of a sign-in by its methods (RFC 8176).
func ACROf(amr []string) string {
	if slices.Contains(amr, "mfa") {
		return TwoFactors
	}
	return OneFactor
}

// ReachesACR reports whether a class is one of those that must be reached, or includes one.
// Without any, every class is.
func ReachesACR(acr string, wanted ...string) bool {
	return len(wanted) == 0 || slices.Contains(wanted, acr) || acr == TwoFactors && slices.Contains(wanted, OneFactor)
}

// FactorsApart is how long ago a first factor may have been shown that a second one, shown
// now, makes two of: after a day of work, whoever shows the second alone may have found it,
// and the session. NIST SP 800-63B (revision 3), section 4.2.3, wants both anew then.
const FactorsApart = 12 * time.Hour

// WithMethods are the methods of a sign-in and those that were shown since, each once.
func WithMethods(amr []string, shown ...string) []string {
	all := slices.Clone(amr)
	for _, method := range shown {
		if !slices.Contains(all, method) {
			all = append(all, method)
		}
	}
	return all
}

// Demand is how well, and how recently, somebody must have shown who they are.
type Demand struct {
	// ACR is the class of sign-in that must be reached; empty for any.
	ACR string
	// MaxAge is how long ago they may have shown who they are; zero for whenever.
	MaxAge time.Duration
}

// Recent reports whether somebody has shown recently enough who they are.
func (d Demand) Recent(authTime, now time.Time) bool {
	return d.MaxAge == 0 || now.Sub(authTime) <= d.MaxAge
}

// Check refuses with InsufficientAuthentication, and says what would be enough. The class is
// empty where nobody has signed in.
func (d Demand) Check(acr string, authTime, now time.Time) error {
	if d.Recent(authTime, now) && (d.ACR == "" || ReachesACR(acr, d.ACR)) {
		return nil
	}
	return &Error{Code: InsufficientAuthentication, Demand: &d}
}
