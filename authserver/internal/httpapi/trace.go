// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// conclude ends the span of a request. It has the route's pattern, never the
// path: paths carry tokens.
func (e *exchange) conclude(s trace.Span, r *http.Request, status int) {
	defer s.End()
	if !s.IsRecording() {
		return
	}
	s.SetName(e.route)
	s.SetAttributes(
		attribute.String("http.request.method", knownMethod(r.Method)),
		attribute.Int("http.response.status_code", status),
	)
	if e.route != unrouted {
		_, path, found := strings.Cut(e.route, " ")
		if !found {
			path = e.route // a pattern of every method
		}
		s.SetAttributes(attribute.String("http.route", path))
	}
	if e.code != "" {
		s.SetAttributes(attribute.String("realmkeeper.problem", string(e.code)))
	}
	if status >= http.StatusInternalServerError {
		s.SetStatus(codes.Error, string(e.code))
	}
}

// knownMethod keeps what a client made up out of traces.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete, http.MethodOptions:
		return method
	default:
		return "_OTHER"
	}
}
