// SPDX-License-Identifier: Apache-2.0

package auth

import "slices"

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
