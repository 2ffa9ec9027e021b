// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
)

// takeCode takes the answer of the authorization endpoint (RFC 6749, section 4.1.2) in the
// browser that has begun the flow, on the host where it has, and gives it the application's
// session. It refuses with StateInvalid whatever is of another browser, host, client or
// flow, and with what the endpoint has refused.
func (s *Service) takeCode(w http.ResponseWriter, r *http.Request, q question) error {
	if r.Method != http.MethodGet {
		return methodNotAllowed(w, http.MethodGet)
	}
	answer, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return auth.Refuse(auth.StateInvalid)
	}
	state := auth.Secret(once(answer, "state"))
	begun, ok := s.openFlow(q, state, flowCookies().Take(w, r, request.FlowOf(state)))
	if !ok || once(answer, "iss") != s.Settings().Issuer { // RFC 9207
		return auth.Refuse(auth.StateInvalid)
	}
	if answer.Has("error") {
		return refusalOf(once(answer, "error"))
	}
	issued, err := s.redeem(r, q, grant.CodeShown{Code: auth.Secret(once(answer, "code")), Verifier: begun.Verifier, RedirectURI: q.callback()})
	if err != nil {
		return err
	}
	if err := s.keepSession(w, q, issued.Grant); err != nil {
		return err
	}
	redirect(w, q.origin+begun.To)
	return nil
}

// redeem exchanges a code for a grant without asking the client for its secret: the realm
// itself has begun the flow, and PKCE binds the code to it. Nobody is given a refresh token.
// Until the grant is over, the session that it hangs on is what is looked at; a client's
// refreshTokenLifetime says how long that may be.
func (s *Service) redeem(r *http.Request, q question, shown grant.CodeShown) (grant.Issued, error) {
	terms := s.Grants.TermsOf(q.client)
	terms.Refreshes, terms.AccessTokenLifetime = false, time.Duration(q.client.RefreshTokenLifetime)
	issued, err := s.Grants.Redeem(r.Context(), shown, terms, request.Client(r, s.Settings().Network))
	if errors.Is(err, auth.Refuse(auth.AuthorizationCodeInvalid)) {
		return grant.Issued{}, auth.Refuse(auth.StateInvalid)
	}
	if err == nil {
		s.Clients.MarkUsed(r.Context(), q.client)
	}
	return issued, err
}

// refusalOf is what the authorization endpoint has refused (RFC 6749, section 4.1.2.1).
func refusalOf(code string) *auth.Error {
	switch code {
	case "access_denied":
		return auth.Refuse(auth.ClientAccessDenied)
	case "unmet_authentication_requirements":
		return auth.RefuseBecause(auth.ClientAccessDenied, auth.SecondFactorNeeded)
	case "temporarily_unavailable", "server_error":
		return auth.Refuse(auth.DatabaseUnavailable)
	default:
		return auth.Refuse(auth.StateInvalid)
	}
}

// once is the value of a parameter that stands once; empty for any other.
func once(values url.Values, name string) string {
	if len(values[name]) != 1 {
		return ""
	}
	return values[name][0]
}
