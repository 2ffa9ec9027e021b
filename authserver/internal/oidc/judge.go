// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// clocksDiffer is by how much the clock of the pod that has signed somebody in may be
// behind that of the pod that has sent them to sign in.
const clocksDiffer = 5 * time.Second

// judge says whether somebody may be spoken for as they are: nil, errSignIn, or what the
// client is told. Expected is whom the client means, empty for whoever it is; began is
// when the client has asked, nil for at this moment. Whoever has signed in since is asked
// no second time, whatever the request says.
func (a authorization) judge(who *auth.Subject, expected string, began *time.Time, now time.Time) error {
	fresh := who != nil && began != nil && !who.AuthTime.Before(began.Add(-clocksDiffer))
	switch {
	case a.ready(who, expected, fresh, now):
		return nil
	case a.prompted(promptNone):
		return refuse(LoginRequired, "Nobody is signed in as the request wants it, and nobody may be asked.")
	case fresh:
		return refuse(LoginRequired, "Somebody else has signed in than the request means.")
	default:
		return errSignIn
	}
}

// ready reports whether nobody need sign in. A prompt outranks an age: whoever is asked is
// no younger than the question.
func (a authorization) ready(who *auth.Subject, expected string, fresh bool, now time.Time) bool {
	switch {
	case who == nil, expected != "" && who.UserID != expected:
		return false
	case fresh:
		return true
	case a.prompted(promptLogin, promptSelectAccount):
		return false
	default:
		return a.maxAge == nil || now.Sub(who.AuthTime) <= *a.maxAge
	}
}

// The authentication context classes (OpenID Connect Core 1.0, section 2, acr), each of
// which includes those before it.
const (
	oneFactor  = "1"
	twoFactors = "2"
)

// acrOf is the class of a sign-in by its methods.
func acrOf(amr []string) string {
	if slices.Contains(amr, "mfa") {
		return twoFactors
	}
	return oneFactor
}

// reached reports whether a class is one of those that must be reached.
func (c claimsRequest) reached(acr string) bool {
	return len(c.ACR) == 0 || slices.Contains(c.ACR, acr) || acr == twoFactors && slices.Contains(c.ACR, oneFactor)
}
