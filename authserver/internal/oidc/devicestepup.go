// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"net/http"
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// standingDemand is what a client has said once for all of the sign-ins of its people. A device
// has no other way to say it.
func standingDemand(client realmconfig.Client) auth.Demand {
	d := auth.Demand{MaxAge: time.Duration(client.DefaultMaxAge)}
	if len(client.DefaultACRValues) > 0 {
		d.ACR = slices.Min(client.DefaultACRValues) // which the others include
	}
	return d
}

// showsEnough reports whether somebody who is asked about a device has signed in as its client
// wants it. Anybody else has been answered: they are sent to show more, and come back with the
// code.
func (s *Service) showsEnough(w http.ResponseWriter, r *http.Request, a awaited, who auth.Subject) bool {
	demand := standingDemand(a.client)
	if demand.Check(who.ACR(), who.AuthTime, s.Now()) == nil {
		return true
	}
	journey := deviceWay(a.letters, s.Now())
	journey.ACR, journey.MaxAge = demand.ACR, int64(demand.MaxAge/time.Second)
	sealed, err := s.Journeys.Seal(journey)
	if err != nil {
		s.Pages.Fail(w, r, err)
		return false
	}
	s.Pages.AskToSignIn(w, r, sealed)
	return false
}
