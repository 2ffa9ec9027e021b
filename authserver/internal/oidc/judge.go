// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// judge says whether somebody may be spoken for as they are: nil, errSignIn, errStepUp, or what
// the client is told. Expected is whom the client means, empty for whoever it is; on is the
// journey that they are on. Whoever has signed in on it is asked no second time, whatever
// the request says; a sign-in beside it is no answer to the request. Whoever declines to show
// more is not asked again either.
func (a authorization) judge(who *auth.Subject, expected string, on request.Journey, now time.Time) error {
	meant := who != nil && (expected == "" || who.UserID == expected)
	came := who != nil && on.SignedIn != "" && on.SignedIn == who.SessionID
	ready := meant && a.ready(*who, came, on, now)
	switch {
	case ready && a.reached(who.ACR()):
		return nil
	case a.prompted(promptNone):
		return refuse(LoginRequired, "Nobody is signed in as the request wants it, and nobody may be asked.")
	case came && !meant:
		return refuse(LoginRequired, "Somebody else has signed in than the request means.")
	case on.Declined:
		return unmet()
	case ready:
		return errStepUp
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
