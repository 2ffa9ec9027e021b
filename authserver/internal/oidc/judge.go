// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// judge says whether somebody may be spoken for as they are: nil, errSignIn, or what the
// client is told. Expected is whom the client means, empty for whoever it is; on is the
// journey that they are on. Whoever has signed in on it is asked no second time, whatever
// the request says; a sign-in beside it is no answer to the request.
func (a authorization) judge(who *auth.Subject, expected string, on request.Journey, now time.Time) error {
	meant := who != nil && (expected == "" || who.UserID == expected)
	came := who != nil && on.SignedIn != "" && on.SignedIn == who.SessionID
	switch {
	case meant && a.ready(*who, came, on, now):
		return nil
	case a.prompted(promptNone):
		return refuse(LoginRequired, "Nobody is signed in as the request wants it, and nobody may be asked.")
	case came && !meant:
		return refuse(LoginRequired, "Somebody else has signed in than the request means.")
	default:
		return errSignIn
	}
}

// ready reports whether somebody need not sign in; came says that they have on the journey.
// Then they have chosen their account, also where a provider says that it knows them since
// before. A prompt outranks an age: whoever is asked is no younger than the question. Whoever
// was asked already has to answer: a provider may have recognised them meanwhile without
// asking.
func (a authorization) ready(who auth.Subject, came bool, on request.Journey, now time.Time) bool {
	switch {
	case came && on.Before(who.AuthTime):
		return true
	case a.prompted(promptLogin), on.Reauthenticate, a.prompted(promptSelectAccount) && !came:
		return false
	default:
		return a.maxAge == nil || now.Sub(who.AuthTime) <= *a.maxAge
	}
}

// reached reports whether a class is one of those that must be reached.
func (c claimsRequest) reached(acr string) bool { return auth.ReachesACR(acr, c.ACR...) }
