// SPDX-License-Identifier: Apache-2.0

package request

import (
	"net/http"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// CheckOrigin refuses with PermissionDenied what a page of another origin made a
// browser send to change something: the browser adds its cookies, whoever asks.
func CheckOrigin(r *http.Request) error {
	if new(http.CrossOriginProtection).Check(r) != nil {
		return &auth.Error{Code: auth.PermissionDenied}
	}
	return nil
}

// What a page of another origin may send and read besides what every page may.
const (
	allowedHeaders = "Authorization, Content-Type, DPoP, " + deviceHeader
	exposedHeaders = "DPoP-Nonce, Retry-After, WWW-Authenticate, X-Request-Id"
	// preflightLifetime is in seconds, short enough for a changed list of origins.
	preflightLifetime = "600"
)

// AllowOrigin lets a page of one of the allowed origins read the answer to r (CORS,
// Fetch standard, section 3.3), and reports whether r came from one. Credentials of
// the browser, cookies that is, are never allowed: a page sends its tokens itself,
// so another page has nothing to ride on.
func AllowOrigin(h http.Header, r *http.Request, allowed []string) bool {
	h.Add("Vary", "Origin")
	origins := r.Header.Values("Origin")
	if len(origins) != 1 || !slices.Contains(allowed, origins[0]) {
		return false
	}
	h.Set("Access-Control-Allow-Origin", origins[0])
	h.Set("Access-Control-Expose-Headers", exposedHeaders)
	return true
}

// IsPreflight reports whether a browser asks what a page may send.
func IsPreflight(r *http.Request) bool {
	return r.Method == http.MethodOptions && r.Header.Get("Access-Control-Request-Method") != ""
}

// AnswerPreflight tells a browser which methods an address answers to a page that
// AllowOrigin has let in.
func AnswerPreflight(w http.ResponseWriter, methods string) {
	h := w.Header()
	h.Add("Vary", "Access-Control-Request-Method, Access-Control-Request-Headers")
	h.Set("Access-Control-Allow-Methods", methods)
	h.Set("Access-Control-Allow-Headers", allowedHeaders)
	h.Set("Access-Control-Max-Age", preflightLifetime)
	w.WriteHeader(http.StatusNoContent)
}
