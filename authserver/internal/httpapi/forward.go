// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"
	"reflect"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// verifyPath is what a gateway asks about a request that it holds back.
const verifyPath = "/api/auth/verify"

func (a *API) forwardRoutes() []route {
	return []route{{
		method: "GET", path: verifyPath, status: http.StatusOK, bearer: bearerRequired,
		summary: "Whom an access token speaks for, in headers, for a gateway (nginx auth_request, Caddy forward_auth)",
		in:      reflect.TypeFor[verifyQuery](), out: reflect.TypeFor[empty](),
		refuses: []auth.Code{auth.PermissionDenied, auth.InsufficientAuthentication, auth.Busy},
		handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			query := r.URL.Query()
			demand, err := request.ParseDemand(query)
			if err != nil {
				a.problems.Write(w, r, err)
				return
			}
			a.verify(w, r, query["role"], demand, session.ForwardedClients{IDs: query["client"], Audiences: query["audience"]})
		}),
	}}
}

// verifyQuery describes the route. Its parameters may be repeated: any of the roles will
// do, a token of any of the clients, for any of the audiences.
type verifyQuery struct {
	Role string `query:"role" maxLength:"128"`
	// Client lets tokens of that client through, besides those of the realm itself.
	Client   string `query:"client" maxLength:"317"`
	Audience string `query:"audience" maxLength:"255"`
	// ACR and MaxAge, in seconds, stand once: how well and how recently the user must have signed
	// in.
	ACR    string `query:"acr" maxLength:"1" enum:"1,2"`
	MaxAge *int   `query:"max_age" minimum:"60" maximum:"31536000"`
}

// verifyAnyRequest answers a gateway that asks with the method, the path and the
// query of the request it holds back, below ours (Envoy's ext_authz). The query
// is the client's then, and must choose neither roles nor clients, nor what else is
// demanded.
func (a *API) verifyAnyRequest() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.verify(w, r, nil, auth.Demand{}, session.ForwardedClients{})
	})
}

// verify reads no body and asks no database.
func (a *API) verify(w http.ResponseWriter, r *http.Request, roles []string, demand auth.Demand, through session.ForwardedClients) {
	access, scheme, err := request.AccessToken(r)
	bearer := session.Bearer{}
	if err == nil {
		through.Proof = a.proofOf(r, access, scheme)
		_, through.Address, _ = request.HeldBack(r)
		bearer, err = a.Sessions.VerifyFor(r.Context(), access, roles, through)
	}
	if err == nil && bearer.ClientID == "" && scheme != request.BearerScheme { // none of the realm's own is bound to a key
		err = auth.RefuseBecause(auth.TokenInvalid, auth.TokenBound)
	}
	if err == nil {
		err = demand.Check(bearer.ACR(), bearer.AuthTime, a.Sessions.Now())
	}
	if err != nil {
		a.problems.WriteOf(w, r, err, a.resourceOf(through))
		return
	}
	subject := bearer.Subject
	w.Header().Set("Cache-Control", "no-store")
	request.Identity{
		ClientID: bearer.ClientID, UserID: subject.UserID, Email: a.Settings().ForwardAuth.Disclosed(subject.Email, subject.EmailVerified),
		EmailVerified: subject.EmailVerified, Role: subject.Role, SessionID: subject.SessionID,
	}.Tell(w.Header())
	w.WriteHeader(http.StatusOK)
}

// resourceOf is what a program is told that asks for the resource of the one client that a
// gateway names.
func (a *API) resourceOf(through session.ForwardedClients) problem.Resource {
	if len(through.IDs) != 1 {
		return problem.Resource{}
	}
	id := through.IDs[0]
	if _, declared := a.Clients.ResourceOf(id); !declared {
		return problem.Resource{}
	}
	return problem.Resource{Metadata: a.Settings().Address(request.ResourceMetadataPath + id)}
}
