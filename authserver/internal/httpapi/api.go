// SPDX-License-Identifier: Apache-2.0

// Package httpapi is the realm's HTTP surface: one list of routes, typed
// handlers behind one adapter, and one writer of errors (RFC 9457).
package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// API answers HTTP requests with the use cases of a realm.
type API struct{ Deps }

// Deps is what an API stands on; every field is required.
type Deps struct {
	Auth *auth.Service
	// JWKS is the public keys that verifiers should know now.
	JWKS func() ([]realmconfig.JWK, error)
	// Settings is the configuration in force; it may change between calls.
	Settings func() realmconfig.Config
	// Draining reports whether clients should look for another server.
	Draining func() bool
	// Trace begins the span of a request that has such a header.
	Trace func(context.Context, http.Header) (context.Context, trace.Span)
	// Observe counts an answered request by its route's pattern.
	Observe func(route string, status int, took time.Duration)
	// Take asks for one of the requests that key may send in a minute. The answer
	// is zero when it was given, and otherwise how long to wait.
	Take func(ctx context.Context, key string, perMinute int) time.Duration
	// Limited counts a request that was refused so.
	Limited func(route string)
	// Pages are served beside the API; FailPage is their writer of errors.
	Pages    []Page
	FailPage func(http.ResponseWriter, *http.Request, error)
	Log      *slog.Logger
}

// New returns the handler of the API listener.
func New(d Deps) http.Handler {
	a := &API{d}
	mux := http.NewServeMux()
	for _, r := range a.routes() {
		mux.Handle(r.pattern(), a.limited(r.pattern(), r.rate, r.handler))
	}
	mux.Handle(verifyPath, a.verifyAnyRequest())
	mux.Handle(verifyPath+"/", a.verifyAnyRequest())
	for _, p := range d.Pages {
		mux.Handle(p.Pattern, a.limited(p.Pattern, rateClass(p.Rate), p.Handler))
	}
	return a.surround(a.belowIssuer(a.acrossOrigins(mux, a.refuseUnrouted(mux))))
}
