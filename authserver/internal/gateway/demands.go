// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// demands are what a gateway wants of a visitor besides that they are signed in, as it has
// them in the address that it asks at.
type demands struct {
	// roles and groups are those of which the visitor must have one; empty for any.
	roles, groups []string
	// scope are those that a token must have, all of them. Where there are any, nothing but
	// a token is taken: what a browser has is no program's, and has none.
	scope []string
	// acr is the class of sign-in that must be reached; empty for any.
	acr string
	// maxAge is how long ago the visitor may have shown who they are; zero for whenever.
	maxAge time.Duration
	// status is that of an answer which sends a browser elsewhere.
	status int
}

// demandsOf reads the query of a gateway's address. What is not understood is refused with
// ClientRequestInvalid, rather than let everybody through.
func demandsOf(rawQuery string) (demands, error) {
	refused := auth.Refuse(auth.ClientRequestInvalid)
	query, err := url.ParseQuery(rawQuery)
	if err != nil {
		return demands{}, refused
	}
	d := demands{status: http.StatusFound}
	for name, values := range query {
		if slices.Contains(values, "") || len(values) > 1 && name != "role" && name != "group" {
			return demands{}, refused
		}
		understood := true
		switch name {
		case "role":
			d.roles = values
		case "group":
			d.groups = values
		case "scope":
			d.scope, understood = scopesOf(values[0])
		case "acr":
			d.acr, understood = values[0], realmconfig.IsACR(values[0])
		case "max_age":
			d.maxAge, understood = request.ParseMaxAge(values[0])
		case "redirect":
			d.status, understood = redirectOf(values[0])
		default:
			understood = false
		}
		if !understood {
			return demands{}, refused
		}
	}
	return d, nil
}

// scopesOf is a list of scopes (RFC 6749, section 3.3).
func scopesOf(text string) ([]string, bool) {
	odd := func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }
	scopes := strings.Fields(text)
	return scopes, len(scopes) > 0 && !strings.ContainsFunc(text, odd)
}

// redirectOf is the status by which a gateway understands that a browser is sent elsewhere:
// some hear no other refusals than 401 and 403.
func redirectOf(text string) (int, bool) {
	switch text {
	case "302":
		return http.StatusFound, true
	case "401":
		return http.StatusUnauthorized, true
	default:
		return 0, false
	}
}

// met says whether a visitor is let through as they are: it refuses with
// InsufficientAuthentication who must show once more, or by more, who they are, with
// ClientAccessDenied whom the client or the part of it is not for, or with
// PermissionDenied whose role is another.
func (q question) met(v visitor, now time.Time) error {
	has := func(one string) bool { return slices.Contains(v.groups, one) }
	switch {
	case !v.byToken && !q.client.Admits(v.groups), // who shows a token was looked at when they asked for it
		len(q.groups) > 0 && !slices.ContainsFunc(q.groups, has):
		return auth.Refuse(auth.ClientAccessDenied)
	case len(q.roles) > 0 && !slices.Contains(q.roles, v.Role):
		return auth.Refuse(auth.PermissionDenied)
	default:
		return auth.Demand{ACR: q.acr, MaxAge: q.maxAge}.Check(v.acr, v.authTime, now)
	}
}
