// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// everyRequest does what every request needs: an id that only we choose, the
// headers of a TLS-only server, a count, and an answer even after a panic.
func (a *API) everyRequest(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		started := time.Now()
		ctx, span := a.Tracer.Request(r.Context(), r.Header)
		ctx, info := request.WithInfo(ctx)
		r = r.WithContext(ctx)
		recorder := &statusRecorder{ResponseWriter: w}
		h := w.Header()
		h.Set("X-Request-Id", info.ID)
		setSecurityHeaders(h)
		if a.Health.Draining() {
			h.Set("Connection", "close") // on HTTP/2, net/http sends GOAWAY instead
		}
		defer func() {
			if p := recover(); p != nil {
				a.recovered(recorder, r, p)
			}
			a.Observer.Request(info.Route, recorder.status, time.Since(started))
			endSpan(span, r, info, recorder.status)
		}()
		next.ServeHTTP(recorder, r)
	})
}

// setSecurityHeaders sets those of an answer that is no page: it is to be neither
// framed, nor run, nor taken for anything else, nor read by other sites.
func setSecurityHeaders(h http.Header) {
	h.Set("Strict-Transport-Security", "max-age=31536000")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

func (a *API) recovered(w *statusRecorder, r *http.Request, p any) {
	if err, is := p.(error); is && errors.Is(err, http.ErrAbortHandler) {
		panic(p)
	}
	a.Log.ErrorContext(r.Context(), "handler panicked", "route", request.InfoFrom(r.Context()).Route, "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
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
			request.InfoFrom(r.Context()).Route = pattern
			mux.ServeHTTP(w, r)
			return
		}
		answer := &headersOnly{header: http.Header{}}
		fallback.ServeHTTP(answer, r)
		if allow := answer.header.Get("Allow"); allow != "" {
			w.Header().Set("Allow", allow)
			a.refuse(w, r, &auth.Error{Code: auth.MethodNotAllowed})
			return
		}
		a.refuse(w, r, &auth.Error{Code: auth.NotFound})
	})
}

// headersOnly is a response whose status and body nobody wants.
type headersOnly struct{ header http.Header }

func (d *headersOnly) Header() http.Header         { return d.header }
func (d *headersOnly) Write(b []byte) (int, error) { return len(b), nil }
func (d *headersOnly) WriteHeader(int)             {}
