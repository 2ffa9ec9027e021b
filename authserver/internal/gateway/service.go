// SPDX-License-Identifier: Apache-2.0

// Package gateway lets gateways ask the realm about each request to an application that
// knows nothing of tokens, and sends browsers to sign in for it.
//
// The realm is its own client here: it asks its authorization endpoint for a code, as any
// application would (RFC 6749, section 4.1, with PKCE), and redeems the code in process, so
// that no secret is needed. The gateway says which OAuthClient an application is by the path
// that it asks at, and leads what is below /_realm/ on the application's host to the realm.
// A browser gets a cookie of that host alone, which names a grant, sealed: who signs out
// anywhere, is disabled or loses the grant has nothing in hand with it.
package gateway

import (
	"context"
	"net/http"

	"golang.org/x/sync/singleflight"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/recent"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// Deps is what a Service stands on; every field is required.
type Deps struct {
	auth.Realm
	Clients  *client.Service
	Sessions *session.Service
	Grants   *grant.Service
	// Groups are the names of those that a user is in.
	Groups func(ctx context.Context, userID string) ([]string, error)
	// PersonalTokens are what people make for programs of theirs.
	PersonalTokens *personaltoken.Service
	Sealer         auth.Sealer
	Pages          Pages
	Limiter        request.Limiter
}

// Pages are what people see of the realm.
type Pages interface {
	// FailElsewhere shows what an error is to people at an address that is not the realm's.
	FailElsewhere(w http.ResponseWriter, r *http.Request, err error)
}

// Service answers gateways, and the browsers that they lead here.
type Service struct {
	Deps
	problems problem.Writer
	known    recent.Map[string, standing]
	reads    singleflight.Group
}

// New returns a service; see Routes.
func New(d Deps) *Service {
	return &Service{Deps: d, problems: problem.Writer{Settings: d.Settings, Log: d.Log}}
}

const (
	// Path is what a gateway asks at, followed by the id of a client.
	Path = "/forward-auth/"
	// ownPath is what the realm has for itself of an application's host.
	ownPath      = "/_realm/"
	signInPath   = ownPath + "signin"
	callbackPath = ownPath + "callback"
	signOutPath  = ownPath + "signout"
)

// Routes is everything the service answers. Gateways ask for everybody's every request,
// which is answered from memory.
func (s *Service) Routes() []request.Route {
	of := Path + "{client}"
	return []request.Route{
		{Pattern: of, Handler: s.about(s.judge)},
		{Pattern: of + "/", Handler: s.about(s.judge)},
		{Pattern: of + ownPath, Handler: http.HandlerFunc(s.nothing)},
		{Pattern: of + signInPath, Rate: request.RateRead, Handler: s.about(ofPeople(s.signIn))},
		{Pattern: of + callbackPath, Rate: request.RateToken, Handler: s.about(ofPeople(s.takeCode))},
		{Pattern: of + signOutPath, Rate: request.RateRead, Handler: s.about(ofPeople(s.signOut))},
	}
}

// about reads whom a request is about, which nobody but the gateway says. What the realm
// answers here, it answers at another's host, which it does not bind to TLS for a year.
func (s *Service) about(handle func(http.ResponseWriter, *http.Request, question) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Del("Strict-Transport-Security")
		q, err := s.questionOf(r)
		if err == nil {
			err = handle(w, r, q)
		}
		if err != nil {
			s.refuse(w, r, q, err)
		}
	})
}

// ofPeople refuses where nobody signs in.
func ofPeople(handle func(http.ResponseWriter, *http.Request, question) error) func(http.ResponseWriter, *http.Request, question) error {
	return func(w http.ResponseWriter, r *http.Request, q question) error {
		if !q.signsIn {
			return auth.RefuseBecause(auth.ClientRequestInvalid, auth.RedirectURIUnknown)
		}
		return handle(w, r, q)
	}
}

func (s *Service) nothing(w http.ResponseWriter, r *http.Request) {
	s.problems.Write(w, r, auth.Refuse(auth.NotFound))
}
