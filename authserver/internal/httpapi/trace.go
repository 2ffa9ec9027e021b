// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"
	"strings"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// endSpan ends the span of a request. It has the route's pattern, never the
// path: paths carry tokens.
func endSpan(s trace.Span, r *http.Request, info *request.Info, status int) {
	defer s.End()
	if !s.IsRecording() {
		return
	}
	s.SetName(info.Route)
	s.SetAttributes(
		attribute.String("http.request.method", knownMethod(r.Method)),
		attribute.Int("http.response.status_code", status),
	)
	if info.Route != request.Unrouted {
		_, path, found := strings.Cut(info.Route, " ")
		if !found {
			path = info.Route // a pattern of every method
		}
		s.SetAttributes(attribute.String("http.route", path))
	}
	if info.Code != "" {
		s.SetAttributes(attribute.String("realmkeeper.problem", string(info.Code)))
	}
	if status >= http.StatusInternalServerError {
		s.SetStatus(codes.Error, string(info.Code))
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
