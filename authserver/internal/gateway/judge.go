// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// visitor is whom a request is of, as far as the client may know them.
type visitor struct {
	request.Identity
	// groups are all that the user is in, toldGroups those that the client may know.
	groups, toldGroups []string
	acr                string
	authTime           time.Time
	// byToken is set for a program that shows an access token of the client or for its
	// resource, which tells no role and no groups. For a personal access token it is not set.
	byToken bool
}

// judge lets a request through, with headers that say whose it is, or says what is to become
// of it.
func (s *Service) judge(w http.ResponseWriter, r *http.Request, q question) error {
	v, err := s.visitorOf(r, q)
	if err != nil {
		return err
	}
	if err := q.met(v, s.Now()); err != nil {
		return err
	}
	s.Clients.MarkUsed(r.Context(), q.client)
	v.Tell(w.Header())
	w.Header().Set("X-Auth-Groups", request.HeaderList(v.toldGroups))
	w.WriteHeader(http.StatusOK)
	return nil
}

// visitorOf finds out whose a request is, by a token or by the cookie of the application's
// host. It refuses with TokenMissing, TokenExpired, TokenInvalid, PermissionDenied,
// ClientAccessDenied, RateLimited or DatabaseUnavailable.
func (s *Service) visitorOf(r *http.Request, q question) (visitor, error) {
	if bearsToken(r) || len(q.scope) > 0 {
		return s.bearerOf(r, q)
	}
	known, err := s.sessionOf(r, q)
	if err != nil {
		return visitor{}, err
	}
	return s.asTold(q, known), nil
}

// bearsToken reports whether a request shows a token of the realm's. What it shows of
// another scheme is the application's affair.
func bearsToken(r *http.Request) bool {
	for _, header := range r.Header.Values("Authorization") {
		if scheme, _, _ := strings.Cut(header, " "); strings.EqualFold(scheme, "Bearer") {
			return true
		}
	}
	return false
}

// bearerOf is whom a token speaks for that is the client's and for the client itself, or
// whoever's and for its resource, if what is asked for lies there. The realm's own tokens open
// its API, and not an application that may be for some people alone.
func (s *Service) bearerOf(r *http.Request, q question) (visitor, error) {
	access, err := request.Bearer(r)
	if err != nil {
		return visitor{}, err
	}
	if personaltoken.Is(access) {
		return s.holderOf(r, q, access)
	}
	t, err := s.Sessions.ClientToken(r.Context(), access)
	if err != nil {
		return visitor{}, err
	}
	lacks := func(scope string) bool { return !slices.Contains(t.Scope, scope) }
	resource, declared := s.Clients.Resource(q.client)
	own := t.ClientID == q.client.ID && t.IsFor(q.client.ID)
	switch {
	case !own && !(declared && t.IsFor(resource.Resource) && resource.Holds(q.address)):
		return visitor{}, auth.Refuse(auth.TokenInvalid)
	case t.Key != "":
		return visitor{}, auth.RefuseBecause(auth.TokenInvalid, auth.TokenBound)
	case slices.ContainsFunc(q.scope, lacks):
		return visitor{}, auth.RefuseBecause(auth.PermissionDenied, auth.ScopeMissing)
	}
	v := visitor{byToken: true, acr: t.ACR(), authTime: t.AuthTime}
	v.ClientID, v.UserID = t.ClientID, t.UserID()
	return v, nil
}

// asTold is what the application is told of a session: of the address and the groups, as
// much as the client was granted and may still have.
func (s *Service) asTold(q question, known standing) visitor {
	who, g := known.subject, known.grant
	has := func(scope string) bool {
		return slices.Contains(g.Scopes, scope) && slices.Contains(q.client.Scopes, scope)
	}
	v := visitor{groups: known.groups, acr: auth.ACROf(g.AMR), authTime: g.AuthTime}
	v.ClientID, v.UserID, v.Role, v.SessionID = g.ClientID, who.UserID, who.Role, g.SID
	s.tell(&v, who, has)
	return v
}

// tell is what scopes let the application know of a visitor.
func (s *Service) tell(v *visitor, who auth.Subject, has func(scope string) bool) {
	if has("email") {
		v.Email, v.EmailVerified = s.Settings().ForwardAuth.Disclosed(who.Email, who.EmailVerified), who.EmailVerified
	}
	if has("groups") {
		v.toldGroups = v.groups
	}
}

// refuse says why a request is not let through. A browser that opens a page is sent to sign
// in where that helps; nothing else ever is.
func (s *Service) refuse(w http.ResponseWriter, r *http.Request, q question, err error) {
	helps := false
	for _, code := range []auth.Code{auth.TokenMissing, auth.TokenExpired, auth.TokenInvalid, auth.InsufficientAuthentication} {
		helps = helps || errors.Is(err, auth.Refuse(code))
	}
	switch {
	case !q.navigates || bearsToken(r) || len(q.scope) > 0:
		s.problems.WriteOf(w, r, err, s.resourceOf(q))
	case helps:
		s.problems.Record(r, err)
		w.Header().Set("Location", q.signInAddress())
		w.WriteHeader(q.redirectStatus())
	default:
		s.Pages.FailElsewhere(w, r, err)
	}
}

// resourceOf is what a program is told that asks for the client's resource.
func (s *Service) resourceOf(q question) problem.Resource {
	about := problem.Resource{Scopes: q.scope}
	if _, declared := s.Clients.Resource(q.client); declared {
		about.Metadata = s.address(request.ResourceMetadataPath + q.client.ID)
	}
	return about
}

// signInAddress is where a browser signs in, on the application's own host, as the gateway
// demands it.
func (q question) signInAddress() string {
	query := url.Values{"to": {q.to}}
	if q.acr != "" {
		query.Set("acr", q.acr)
	}
	if q.maxAge > 0 {
		query.Set("max_age", strconv.Itoa(int(q.maxAge/time.Second)))
	}
	return q.origin + signInPath + "?" + query.Encode()
}

// redirectStatus is of a browser that is sent elsewhere.
func (d demands) redirectStatus() int {
	if d.status == 0 {
		return http.StatusFound
	}
	return d.status
}
