// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"
	"reflect"
)

// route is one line of the API. Besides the handler it names the types that go
// in and out, from which a description of the API can be generated.
type route struct {
	method, path string
	summary      string
	status       int // on success
	in, out      reflect.Type
	bearer       bearerUse
	handler      http.Handler
}

// bearerUse says what a route does with an access token.
type bearerUse int

const (
	bearerUnused bearerUse = iota
	bearerOptional
	bearerRequired
)

func (r route) pattern() string { return r.method + " " + r.path }

func (a *API) routes() []route {
	return []route{
		endpoint(a, route{
			method: "POST", path: "/api/auth/login", status: http.StatusOK,
			summary: "Log in with e-mail and password",
		}, a.login),
		endpoint(a, route{
			method: "POST", path: "/api/auth/refresh", status: http.StatusOK,
			summary: "Replace a refresh token and get a new access token",
		}, a.refresh),
		endpoint(a, route{
			method: "POST", path: "/api/auth/logout", status: http.StatusNoContent, bearer: bearerOptional,
			summary: "End the session of an access token or a refresh token",
		}, a.logout),
		endpoint(a, route{
			method: "GET", path: "/api/user/profile", status: http.StatusOK, bearer: bearerRequired,
			summary: "The user an access token speaks for",
		}, a.profile),
		wellKnown(a, "/.well-known/jwks.json", "The keys that verify access tokens (RFC 7517)", a.jwks),
		wellKnown(a, "/.well-known/openid-configuration", "Where everything is (OpenID Connect Discovery 1.0)", a.discovery),
	}
}
