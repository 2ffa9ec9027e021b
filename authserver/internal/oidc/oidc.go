// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"slices"
	"sync/atomic"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
	"github.com/realmkeeper/realmkeeper/authserver/internal/dpop"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/registrar"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/internal/claims"
)

// Deps is what a Service stands on; every field is required.
type Deps struct {
	auth.Realm
	Clients *client.Service
	// Registrar takes in clients that nobody declares.
	Registrar *registrar.Service
	Sessions  *session.Service
	Grants    *grant.Service
	Tokens    Tokens
	// PersonalTokens are what people make for programs of theirs.
	PersonalTokens *personaltoken.Service
	// Groups are the names of those that a user is in, Identities those that they have at
	// other providers.
	Groups     func(ctx context.Context, userID string) ([]string, error)
	Identities func(ctx context.Context, userID string) ([]claims.Identity, error)
	// Language is what claims are written in. It is asked for when there are claims.
	Language func() (*claims.Language, error)
	Pages    Pages
	Journeys request.Journeys
	Pushed   PushedRequests
	Proofs   *dpop.Service
	Limiter  request.Limiter
	Observer Observer
}

// Observer counts what happens. Its texts are few.
type Observer interface {
	// ClientToken counts answers of the token endpoint, by grant type and outcome: the
	// code of a refusal, or auth.Succeeded. The grant type is empty for a client that
	// has not shown who it is.
	ClientToken(grant, outcome string)
	// Device counts what becomes of devices that want to be let in: deviceRequested,
	// deviceAllowed, deviceDenied, or deviceWrongCode for a code that is none.
	Device(outcome string)
	// ClaimLeftOut counts claims that could not be said, by why.
	ClaimLeftOut(why string)
}

// Service answers clients.
type Service struct {
	Deps
	problems problem.Writer
	origins  atomic.Pointer[publicOrigins]
	compiled compilations
}

// New returns a service; see Routes.
func New(d Deps) *Service {
	return &Service{Deps: d, problems: problem.Writer{Settings: d.Settings, Log: d.Log}}
}

// Paths of the endpoints, below the issuer's.
const (
	// Path is what all of them but the well-known documents begin with.
	Path           = "/oauth2/"
	tokenPath      = Path + "token"
	introspectPath = Path + "introspect"
	revokePath     = Path + "revoke"
	// deviceAuthorizationPath is that of RFC 8628, section 3.1.
	deviceAuthorizationPath = Path + "device_authorization"
)

// Routes is everything the service answers.
func (s *Service) Routes() []request.Route {
	return slices.Concat(
		s.wellKnownRoutes(),
		s.resourceRoutes(),
		s.authorizeRoutes(),
		s.registrationRoutes(),
		s.endpoint(parPath, request.RateToken, s.push, s.introduceSender),
		s.userInfoRoutes(),
		s.endSessionRoutes(),
		s.devicePageRoutes(),
		s.endpoint(deviceAuthorizationPath, request.RateDevice, s.authorizeDevice),
		s.endpoint(tokenPath, request.RateToken, s.token),
		s.endpoint(introspectPath, request.Unlimited, s.introspect), // a resource asks for everybody's every request
		s.endpoint(revokePath, request.RateToken, s.revoke),
	)
}
