// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"
	"slices"
	"strings"
)

// apiPath is what pages of other origins may call, if the realm lists them.
// Well-known documents are for everybody and say so themselves; what gateways
// ask is for no page, and a preflight must not look to them like a yes.
const apiPath = "/api/"

// What a page may send and read besides what every page may.
const (
	allowedHeaders = "Authorization, Content-Type, " + deviceHeader
	exposedHeaders = "Retry-After, WWW-Authenticate, X-Request-Id"
	// preflightLifetime is in seconds, short enough for a changed list of origins.
	preflightLifetime = "600"
)

// acrossOrigins lets pages of the realm's origins call the API. Credentials of
// the browser, cookies that is, are never allowed: a page sends its tokens
// itself, so another page has nothing to ride on.
func (a *API) acrossOrigins(mux *http.ServeMux, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !forPages(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		h := w.Header()
		h.Add("Vary", "Origin")
		origins := r.Header.Values("Origin")
		if len(origins) != 1 || !slices.Contains(a.Settings().Browser.AllowedOrigins, origins[0]) {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Origin", origins[0])
		h.Set("Access-Control-Expose-Headers", exposedHeaders)
		methods := methodsOf(mux, r)
		if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" || methods == "" {
			next.ServeHTTP(w, r)
			return
		}
		h.Add("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers")
		h.Set("Access-Control-Allow-Methods", methods)
		h.Set("Access-Control-Allow-Headers", allowedHeaders)
		h.Set("Access-Control-Max-Age", preflightLifetime)
		w.WriteHeader(http.StatusNoContent)
	})
}

func forPages(path string) bool {
	return strings.HasPrefix(path, apiPath) && path != verifyPath && !strings.HasPrefix(path, verifyPath+"/")
}

// methodsOf is what the address of r answers; empty for an address that there is
// not.
func methodsOf(mux *http.ServeMux, r *http.Request) string {
	methods := []string{}
	for _, method := range []string{http.MethodDelete, http.MethodGet, http.MethodPatch, http.MethodPost, http.MethodPut} {
		asked := r.Clone(r.Context())
		asked.Method = method
		if _, pattern := mux.Handler(asked); pattern != "" {
			methods = append(methods, method)
		}
	}
	return strings.Join(methods, ", ")
}
