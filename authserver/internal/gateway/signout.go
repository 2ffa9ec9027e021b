// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// signOut ends the session of the browser at the realm, and with it those at every
// application. A page of another site may have sent the browser here, and then the realm
// asks, as it does where nobody is signed in at the application (OpenID Connect RP-Initiated
// Logout 1.0, section 6).
func (s *Service) signOut(w http.ResponseWriter, r *http.Request, q question) error {
	if r.Method != http.MethodGet && r.Method != http.MethodPost {
		return methodNotAllowed(w, "GET, POST")
	}
	known, err := s.sessionOf(r, q)
	if err != nil || !fromWithin(r, q.origin) {
		redirect(w, s.address("/oauth2/end-session")+"?"+q.logout().Encode())
		return nil //nolint:nilerr // who is not signed in here may be at the realm
	}
	if err := s.Sessions.End(r.Context(), known.subject, request.Client(r, s.Settings().Network)); err != nil {
		return err
	}
	dropSession(w)
	to := q.afterSignOut()
	if to == "" {
		to = s.address("/signed-out")
	}
	redirect(w, to)
	return nil
}

// fromWithin reports whether a page of the application's, or the user themselves, has sent a
// browser.
func fromWithin(r *http.Request, origin string) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "same-origin", "none":
		return true
	case "":
		return r.Header.Get("Origin") == origin
	default:
		return false
	}
}

// afterSignOut is where a browser goes then: the first address on the application's host
// that the client has registered for this; empty for none.
func (q question) afterSignOut() string {
	for _, uri := range q.client.PostLogoutRedirectURIs {
		if uri == q.origin || strings.HasPrefix(uri, q.origin+"/") {
			return uri
		}
	}
	return ""
}

// logout is a request to the realm's end-session endpoint.
func (q question) logout() url.Values {
	values := url.Values{"client_id": {q.client.ID}}
	if to := q.afterSignOut(); to != "" {
		values.Set("post_logout_redirect_uri", to)
	}
	return values
}
