// SPDX-License-Identifier: Apache-2.0

package request

import (
	"net/url"
	"strconv"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// leastMaxAge is what somebody needs to come back from a sign-in.
	leastMaxAge = time.Minute
	mostMaxAge  = 365 * 24 * time.Hour
)

// ParseDemand reads acr and max_age of the address that a gateway asks at. What is not understood
// is refused with InvalidRequest, rather than let everybody through.
func ParseDemand(query url.Values) (auth.Demand, error) {
	d, refused := auth.Demand{}, auth.Refuse(auth.InvalidRequest)
	if len(query["acr"]) > 1 || len(query["max_age"]) > 1 {
		return d, refused
	}
	understood := true
	if query.Has("acr") {
		d.ACR = query.Get("acr")
		understood = realmconfig.IsACR(d.ACR)
	}
	if query.Has("max_age") && understood {
		d.MaxAge, understood = ParseMaxAge(query.Get("max_age"))
	}
	if !understood {
		return auth.Demand{}, refused
	}
	return d, nil
}

// ParseMaxAge reads a number of seconds: a minute at least, a year at most.
func ParseMaxAge(text string) (time.Duration, bool) {
	seconds, err := strconv.ParseUint(text, 10, 32)
	age := time.Duration(seconds) * time.Second
	return age, err == nil && age >= leastMaxAge && age <= mostMaxAge
}
