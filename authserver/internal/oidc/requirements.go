// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"slices"
	"strconv"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// maxMaxAge is a hundred years, in seconds: more than that is whenever.
const maxMaxAge = 100 * 365 * 24 * 60 * 60

// maxAgeOf is how long ago a user may have shown who they are: what the request says, or what
// the client has said once for all (OpenID Connect Dynamic Client Registration 1.0, section
// 2, default_max_age); nil for whenever.
func maxAgeOf(client realmconfig.Client, text string) (*time.Duration, error) {
	if text == "" {
		if client.DefaultMaxAge == 0 {
			return nil, nil //nolint:nilnil // whenever
		}
		age := time.Duration(client.DefaultMaxAge)
		return &age, nil
	}
	seconds, err := strconv.ParseUint(text, 10, 32)
	if err != nil {
		return nil, refuse(InvalidRequest, "max_age must be a number of seconds.")
	}
	age := time.Duration(min(seconds, maxMaxAge)) * time.Second
	return &age, nil
}

// classesOf are the classes of sign-in of which one must be reached: the essential ones of the
// claims parameter, or those of acr_values, which are as binding (RFC 9470, section 5), or those
// that the client has said once for all (default_acr_values). The realm passes over those that it
// does not know; where it knows none, nobody needs to be asked, and it refuses with
// UnmetRequirements.
func classesOf(client realmconfig.Client, essential, voluntary []string) ([]string, error) {
	asked := essential
	if len(asked) == 0 {
		asked = voluntary
	}
	if len(asked) == 0 {
		asked = client.DefaultACRValues
	}
	known := slices.DeleteFunc(slices.Clone(asked), func(class string) bool { return !realmconfig.IsACR(class) })
	if len(known) == 0 && len(asked) > 0 {
		return nil, refuse(UnmetRequirements, "The realm knows none of these classes of sign-in: see acr_values_supported.")
	}
	return known, nil
}

// reached reports whether a class is one of those that must be reached.
func (a authorization) reached(acr string) bool { return auth.ReachesACR(acr, a.classes...) }

// unmet is what a client is told whose user has not shown, and does not want to show, what it
// asks for.
func unmet() *Error {
	return refuse(UnmetRequirements, "The user has not shown who they are in a way that the request calls for.")
}
