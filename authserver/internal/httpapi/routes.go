// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"
	"reflect"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// route is one line of the API. Besides the handler it names the types that go
// in and out, from which a description of the API can be generated.
type route struct {
	method, path string
	summary      string
	status       int // on success
	in, out      reflect.Type
	bearer       bearerUse
	// also are answers besides status that are no refusal, a redirect for example.
	also []int
	// refuses are the codes of its own refusals. What the body, the bearer token
	// and the stores may bring is added by the description itself.
	refuses []auth.Code
	// rate is what its requests are counted as, against the realm's limit of
	// requests per minute; a route without one has no limit.
	rate    request.RateClass
	handler http.Handler
}

// bearerUse says what a route does with an access token.
type bearerUse int

const (
	bearerUnused bearerUse = iota
	bearerOptional
	bearerRequired
)

func (r route) pattern() string { return r.method + " " + r.path }

// routes is everything the realm answers.
func (a *API) routes() []route {
	return slices.Concat(
		a.accountRoutes(),
		a.credentialRoutes(),
		a.recoveryRoutes(),
		a.sessionRoutes(),
		a.newPasswordRoutes(),
		a.mailCodeRoutes(),
		a.proofRoutes(),
		a.sessionListRoutes(),
		a.applicationRoutes(),
		a.personalTokenRoutes(),
		a.userRoutes(),
		a.administrationRoutes(),
		a.groupRoutes(),
		a.memberRoutes(),
		a.serviceAccountRoutes(),
		a.serviceAccountAccessRoutes(),
		a.auditRoutes(),
		a.federationRoutes(),
		a.identityRoutes(),
		a.forwardRoutes(),
		a.secondFactorRoutes(),
		a.passkeyRoutes(),
		a.passkeySignInRoutes(),
		a.setUpRoutes(),
		a.requirementRoutes(),
		a.openAPIRoutes(),
	)
}
