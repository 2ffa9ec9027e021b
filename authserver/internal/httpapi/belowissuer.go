// SPDX-License-Identifier: Apache-2.0

package httpapi

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// belowIssuer also answers well-known documents below the path of an issuer that
// has one, where OpenID Connect Discovery 1.0, section 4, looks for them, with what they
// name, the page that devices name, and the callbacks, whose addresses providers know.
func (a *API) belowIssuer(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		issuer, err := url.Parse(a.Settings().Issuer)
		if err != nil {
			a.problems.Write(w, r, fmt.Errorf("parse issuer: %w", err))
			return
		}
		base := strings.TrimSuffix(issuer.Path, "/")
		if path, found := strings.CutPrefix(r.URL.Path, base); base != "" && found && servedBelowIssuer(path) {
			http.StripPrefix(base, next).ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// clientsPath is what the endpoints of clients begin with, which package oidc answers.
const clientsPath = "/oauth2/"

func servedBelowIssuer(path string) bool {
	return strings.HasPrefix(path, "/.well-known/") || strings.HasPrefix(path, clientsPath) || path == request.DevicePath || path == federation.CallbackPath || strings.HasPrefix(path, federation.CallbackPath+"/")
}
