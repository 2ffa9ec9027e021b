// SPDX-License-Identifier: Apache-2.0

// Package httpapi is the realm's JSON API: one list of routes with typed handlers
// behind one adapter, and their description in OpenAPI. It also serves the listener
// on which the routes of other transports stand beside its own, and the listener of
// probes and metrics.
package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
	"github.com/realmkeeper/realmkeeper/authserver/internal/dpop"
	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/group"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mailcode"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
	"github.com/realmkeeper/realmkeeper/authserver/internal/problem"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
	"github.com/realmkeeper/realmkeeper/authserver/internal/serviceaccount"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// API answers HTTP requests with the use cases of a realm.
type API struct {
	Deps
	problems problem.Writer
}

// Deps is what an API stands on; every field is required.
type Deps struct {
	Sessions   *session.Service
	Clients    *client.Service
	Grants     *grant.Service
	SignIn     *signin.Service
	Federation *federation.Service
	MailCodes  *mailcode.Service
	Accounts   *account.Service
	Admin      *admin.Service
	Groups     *group.Service
	Proofs     *dpop.Service
	// Requirements say who must have a second factor, or another password.
	Requirements *requirement.Service
	// PersonalTokens are what people make for programs of theirs.
	PersonalTokens *personaltoken.Service
	// ServiceAccounts are accounts that are no person.
	ServiceAccounts *serviceaccount.Service
	// Settings is the configuration in force; it may change between calls.
	Settings func() realmconfig.Config
	Health   interface{ Draining() bool }
	Tracer   Tracer
	Observer Observer
	Limiter  request.Limiter
	// Beside are the routes of other transports; Pages tells people of errors.
	Beside []request.Route
	Pages  ErrorPage
	Log    *slog.Logger
}

// Tracer makes the traces of requests.
type Tracer interface {
	// Request begins the span of a request that has such a header.
	Request(ctx context.Context, header http.Header) (context.Context, trace.Span)
}

// Observer counts requests by the patterns of their routes.
type Observer interface {
	// Request counts an answered request.
	Request(route string, status int, took time.Duration)
}

// ErrorPage answers people with what an error is to them.
type ErrorPage interface {
	Fail(w http.ResponseWriter, r *http.Request, err error)
}

// New returns the handler of the API listener.
func New(d Deps) http.Handler {
	a := &API{Deps: d, problems: problem.Writer{Settings: d.Settings, Log: d.Log}}
	mux := http.NewServeMux()
	for _, r := range a.routes() {
		mux.Handle(r.pattern(), a.limited(request.Route{Pattern: r.pattern(), Rate: r.rate, Handler: r.handler}))
	}
	mux.Handle(verifyPath, a.verifyAnyRequest())
	mux.Handle(verifyPath+"/", a.verifyAnyRequest())
	for _, r := range d.Beside {
		mux.Handle(r.Pattern, a.limited(r))
	}
	return a.everyRequest(a.belowIssuer(a.acrossOrigins(mux, a.refuseUnrouted(mux))))
}

// limited is a route's handler for sources that do not ask too often.
func (a *API) limited(route request.Route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.Limiter.Check(r, route); err != nil {
			a.refuse(w, r, err)
			return
		}
		route.Handler.ServeHTTP(w, r)
	})
}
