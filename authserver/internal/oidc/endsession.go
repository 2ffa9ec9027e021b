// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	endSessionPath = Path + "end-session"
	// maxLogout bounds a request, in bytes: the ID token of somebody who is in many groups
	// is long, and what does not get here signs nobody out.
	maxLogout = 12 << 10
)

// endSessionRoutes are the logout endpoint (OpenID Connect RP-Initiated Logout 1.0).
func (s *Service) endSessionRoutes() []request.Route {
	return []request.Route{
		{Pattern: "GET " + endSessionPath, Rate: request.RateRead, Handler: http.HandlerFunc(s.endSession)},
		{Pattern: "POST " + endSessionPath, Rate: request.RateRead, Handler: s.hold(endSessionPath, maxLogout)},
	}
}

// logoutRequest is what a client asks for that wants somebody signed out (section 2).
type logoutRequest struct {
	// client is the one that asks; nil for nobody known.
	client *realmconfig.Client
	// sessionID is the session that the client means; empty for any.
	sessionID string
	// redirectURI is where the browser goes afterwards, with state; both may be empty.
	redirectURI, state string
}

// logoutRequestOf reads a request. It refuses with ClientRequestInvalid whatever does not
// fit together: a browser is sent to no address that the client whom the request names, or
// whose ID token it brings, has not registered, letter by letter. A hint that says nothing
// to the realm, since its key is published no longer, its client is gone or it is none at
// all, is no hint: then the person is asked.
func (s *Service) logoutRequestOf(ctx context.Context, values url.Values) (logoutRequest, error) {
	for _, name := range []string{"id_token_hint", "client_id", "post_logout_redirect_uri", "state"} {
		if len(values[name]) > 1 || slices.ContainsFunc(values[name], unprintable) {
			return logoutRequest{}, auth.Refuse(auth.ClientRequestInvalid)
		}
	}
	l := logoutRequest{redirectURI: values.Get("post_logout_redirect_uri"), state: values.Get("state")}
	id := values.Get("client_id")
	if hint := values.Get("id_token_hint"); hint != "" {
		token, err := s.Tokens.VerifyIDToken(auth.Secret(hint))
		known := false
		if err == nil {
			_, known, err = s.Clients.Find(ctx, token.ClientID)
		}
		switch {
		case errors.Is(err, auth.Refuse(auth.TokenInvalid)), err == nil && !known:
		case err != nil:
			return logoutRequest{}, err
		case id != "" && id != token.ClientID:
			return logoutRequest{}, auth.Refuse(auth.ClientRequestInvalid)
		default:
			id, l.sessionID = token.ClientID, token.SessionID
		}
	}
	if id != "" {
		client, known, err := s.Clients.Find(ctx, id)
		if err != nil {
			return logoutRequest{}, err
		}
		if !known {
			return logoutRequest{}, auth.RefuseBecause(auth.ClientRequestInvalid, auth.ClientUnknown)
		}
		l.client = &client
	}
	if l.redirectURI != "" && (l.client == nil || !slices.Contains(l.client.PostLogoutRedirectURIs, l.redirectURI)) {
		return logoutRequest{}, auth.RefuseBecause(auth.ClientRequestInvalid, auth.RedirectURIUnknown)
	}
	return l, nil
}

// leave is where the browser goes afterwards; empty for a page of the realm's.
func (l logoutRequest) leave() string {
	if l.redirectURI == "" || l.state == "" {
		return l.redirectURI
	}
	return withQuery(l.redirectURI, url.Values{"state": {l.state}})
}

// endSession ends the session that the client means. One that is of another session, or of
// none, may have been sent by anybody's page: then the person is asked (section 6).
func (s *Service) endSession(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet) // a HEAD must not end anything
		s.Pages.Fail(w, r, auth.Refuse(auth.MethodNotAllowed))
		return
	}
	values, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil || len(r.URL.RawQuery) > maxLogout {
		s.Pages.Fail(w, r, auth.Refuse(auth.ClientRequestInvalid))
		return
	}
	l, err := s.logoutRequestOf(r.Context(), values)
	if err == nil {
		err = s.signOut(w, r, l)
	}
	if err != nil {
		s.Pages.Fail(w, r, err)
	}
}

func (s *Service) signOut(w http.ResponseWriter, r *http.Request, l logoutRequest) error {
	who, err := s.visitor(w, r)
	if err != nil {
		return err
	}
	if who != nil && who.SessionID != l.sessionID {
		return s.askToSignOut(w, r, l)
	}
	if who != nil {
		if err := s.Pages.SignOut(w, r); err != nil {
			return err
		}
	}
	if to := l.leave(); to != "" {
		redirect(w, to)
		return nil
	}
	s.Pages.SignedOut(w, r)
	return nil
}

func (s *Service) askToSignOut(w http.ResponseWriter, r *http.Request, l logoutRequest) error {
	name := ""
	if l.client != nil && !l.client.RegisteredItself() { // whose name nobody vouches for
		name = l.client.DisplayName
	}
	sealed, err := s.Journeys.Seal(request.Journey{
		Leave: l.leave(), FormAction: target{redirectURI: l.redirectURI}.formAction(), Began: s.Now(),
	})
	if err != nil {
		return &auth.Error{Code: auth.ClientRequestInvalid, Cause: err}
	}
	s.Pages.AskToSignOut(w, r, sealed, name)
	return nil
}
