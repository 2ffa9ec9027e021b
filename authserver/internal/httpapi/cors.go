// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"net/http"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// apiPath is what pages of other origins may call, if the realm lists them.
// Well-known documents are for everybody and say so themselves; what gateways
// ask is for no page, and a preflight must not look to them like a yes.
const apiPath = "/api/"

// acrossOrigins lets pages of the realm's origins call the API.
func (a *API) acrossOrigins(mux *http.ServeMux, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !forPages(r.URL.Path) || !request.AllowOrigin(w.Header(), r, a.Settings().Browser.AllowedOrigins) || !request.IsPreflight(r) {
			next.ServeHTTP(w, r)
			return
		}
		methods := methodsOf(mux, r)
		if methods == "" {
			next.ServeHTTP(w, r)
			return
		}
		request.AnswerPreflight(w, methods)
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
