// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// refreshes is how many times as often one may refresh as do anything else that
// is limited: nobody guesses refresh tokens, and an office behind one address
// has many people in it.
const refreshes = 10

// allowance is what a class may be asked for in a minute.
func (c rateClass) allowance(perMinute int) int {
	if c == rateRefresh {
		return perMinute * refreshes
	}
	return perMinute
}

// limited refuses a source that asks too often, before its body is read. The
// routes of one class share a count.
func (a *API) limited(pattern string, class rateClass, next http.Handler) http.Handler {
	if class == "" {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		perMinute := class.allowance(a.Settings().Network.RequestsPerMinute)
		if client := a.clientOf(req); perMinute > 0 && !client.Shared {
			key := string(class) + ":" + client.Source()
			if wait := a.Take(req.Context(), key, perMinute); wait > 0 {
				a.Limited(pattern)
				a.refuse(w, req, &auth.Error{Code: auth.RateLimited, RetryAfter: wait})
				return
			}
		}
		next.ServeHTTP(w, req)
	})
}
