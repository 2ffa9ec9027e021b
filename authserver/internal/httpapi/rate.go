// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// limited refuses a source that asks too often, before its body is read. The
// routes of one class share a count.
func (a *API) limited(pattern string, class rateClass, next http.Handler) http.Handler {
	if class == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		perMinute := a.Settings().Network.RequestsPerMinute
		if perMinute > 0 {
			key := string(class) + ":" + a.clientOf(req).Source()
			if wait := a.Take(req.Context(), key, perMinute); wait > 0 {
				a.Limited(pattern)
				a.refuse(w, req, &auth.Error{Code: auth.RateLimited, RetryAfter: wait})
				return
			}
		}
		next.ServeHTTP(w, req)
	})
}
