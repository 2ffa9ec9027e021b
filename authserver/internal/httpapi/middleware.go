// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"go.opentelemetry.io/otel/trace"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// exchange is what is known of one request and its answer.
type exchange struct {
	id string
	// route is the pattern that matched, or unrouted.
	route string
	// code is the refusal's, if it was refused.
	code auth.Code
}

const unrouted = "none"

type exchangeKey struct{}

func exchangeOf(ctx context.Context) *exchange {
	if e, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		return e
	}
	return &exchange{}
}

// LogHandler adds the id of the request in hand to every record.
func LogHandler(next slog.Handler) slog.Handler { return logHandler{next} }

type logHandler struct{ slog.Handler }

func (h logHandler) Handle(ctx context.Context, r slog.Record) error {
	if id := exchangeOf(ctx).id; id != "" {
		r.AddAttrs(slog.String("requestId", id))
	}
	if s := trace.SpanContextFromContext(ctx); s.HasTraceID() {
		r.AddAttrs(slog.String("traceId", s.TraceID().String()))
	}
	return h.Handler.Handle(ctx, r)
}

func (h logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return logHandler{h.Handler.WithAttrs(attrs)}
}

func (h logHandler) WithGroup(name string) slog.Handler { return logHandler{h.Handler.WithGroup(name)} }

// surround does what every request needs: an id that only we choose, the
// headers of a TLS-only server, a count, and an answer even after a panic.
func (a *API) surround(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		e := &exchange{id: rand.Text(), route: unrouted}
		ctx, span := a.Trace(r.Context(), r.Header)
		r = r.WithContext(context.WithValue(ctx, exchangeKey{}, e))
		recorder := &statusRecorder{ResponseWriter: w}
		h := w.Header()
		h.Set("X-Request-Id", e.id)
		protect(h)
		if a.Draining() {
			h.Set("Connection", "close") // on HTTP/2, net/http sends GOAWAY instead
		}
		defer func() {
			if p := recover(); p != nil {
				a.recovered(recorder, r, p)
			}
			a.Observe(e.route, recorder.status, time.Since(started))
			e.conclude(span, r, recorder.status)
		}()
		next.ServeHTTP(recorder, r)
	})
}

// protect sets the headers of an answer that is no page: it is to be neither
// framed, nor run, nor taken for anything else, nor read by other sites.
func protect(h http.Header) {
	h.Set("Strict-Transport-Security", "max-age=31536000")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

func (a *API) recovered(w *statusRecorder, r *http.Request, p any) {
	if p == http.ErrAbortHandler {
		panic(p)
	}
	a.Log.ErrorContext(r.Context(), "handler panicked", "route", exchangeOf(r.Context()).route, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
	if w.status == 0 {
		a.refuse(w, r, &auth.Error{Code: auth.Internal})
	}
}

type statusRecorder struct {
	http.ResponseWriter
	status int
}

func (w *statusRecorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusRecorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap serves http.ResponseController.
func (w *statusRecorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// refuseUnrouted says 404 and 405 in our words, and otherwise gets out of the way.
func (a *API) refuseUnrouted(mux *http.ServeMux) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fallback, pattern := mux.Handler(r)
		if pattern != "" {
			exchangeOf(r.Context()).route = pattern
			mux.ServeHTTP(w, r)
			return
		}
		verdict := &discarded{header: http.Header{}}
		fallback.ServeHTTP(verdict, r)
		if allow := verdict.header.Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
			a.refuse(w, r, &auth.Error{Code: auth.MethodNotAllowed})
			return
		}
		a.refuse(w, r, &auth.Error{Code: auth.NotFound})
	})
}

// discarded is a response of which only the headers matter.
type discarded struct{ header http.Header }

func (d *discarded) Header() http.Header         { return d.header }
func (d *discarded) Write(b []byte) (int, error) { return len(b), nil }
func (d *discarded) WriteHeader(int)             {}
