// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/dpop"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const userInfoPath = Path + "userinfo"

// userInfoRoutes are the UserInfo endpoint (OpenID Connect Core 1.0, section 5.3).
func (s *Service) userInfoRoutes() []request.Route {
	show := http.HandlerFunc(s.userInfo)
	return []request.Route{
		{Pattern: "GET " + userInfoPath, Handler: show},
		{Pattern: "POST " + userInfoPath, Handler: show},
		{Pattern: "OPTIONS " + userInfoPath, Handler: s.preflightOf("GET, POST")},
	}
}

// userInfo says who a user is, as far as the scopes of an access token go.
func (s *Service) userInfo(w http.ResponseWriter, r *http.Request) {
	claims, err := s.userClaims(w, r)
	if err != nil {
		s.failBearer(w, r, err)
		return
	}
	s.answer(w, r, http.StatusOK, claims)
}

func (s *Service) userClaims(w http.ResponseWriter, r *http.Request) (map[string]any, error) {
	shown, err := s.accessToken(w, r)
	if err != nil {
		return nil, err
	}
	t, client, err := s.tokenAndClient(w, r, shown)
	if err != nil {
		return nil, err
	}
	if err := s.limit(r, request.RateToken, client); err != nil {
		return nil, err
	}
	if client.RegisteredItself() && !t.IsFor(client.ID) {
		// Whoever answers for the resource has it, too. The client can have one for itself.
		return nil, &bearerError{invalidToken, "The access token is for a resource, and not for its client.", shown.scheme}
	}
	if !t.OfUser() || !slices.Contains(t.Scope, openidScope) {
		return nil, &bearerError{insufficientScope, "The access token was not issued with the scope openid.", shown.scheme}
	}
	held, live, err := s.Grants.Live(r.Context(), t.GrantID)
	switch {
	case err != nil:
		return nil, err
	case !live:
		return nil, errAccessToken()
	}
	requested, err := requestedClaims(client, held.Grant)
	if err != nil {
		return nil, err
	}
	scopes := grantedScopes(client, slices.Clone(t.Scope))
	who := &person{User: held.User}
	groups, err := s.groupsFor(r.Context(), who, scopes, requested.UserInfo)
	if err != nil {
		return nil, err
	}
	said, err := s.said(r.Context(), realmconfig.InUserInfo, client, t.Audience, who)
	if err != nil {
		return nil, err
	}
	claims := claimsOf(held.User, groups, scopes, requested.UserInfo)
	addSaid(claims, said)
	claims["sub"] = held.User.ID
	return claims, nil
}

// shownToken is an access token as a request shows it.
type shownToken struct {
	token  auth.Secret
	scheme request.Scheme
}

// accessToken is shown in the header, or in the body of a POST (RFC 6750, section 2), and
// never in an address.
func (s *Service) accessToken(w http.ResponseWriter, r *http.Request) (shownToken, error) {
	token, scheme, err := request.AccessToken(r)
	if err != nil {
		return shownToken{}, errAccessToken()
	}
	if r.Method != http.MethodPost || r.Header.Get("Content-Type") == "" {
		return shownToken{token, scheme}, nil
	}
	f, err := readForm(w, r)
	switch {
	case err != nil:
		return shownToken{}, err
	case f.has("access_token") && token != "":
		return shownToken{}, refuse(InvalidRequest, "The access token stands in the header and in the body.")
	case token == "":
		return shownToken{f.secret("access_token"), request.BearerScheme}, nil
	}
	return shownToken{token, scheme}, nil
}

// tokenAndClient finds out whose token was shown. Sources that show many that are none, or
// are not theirs, are slowed down; pages of a public client may read the answer.
func (s *Service) tokenAndClient(w http.ResponseWriter, r *http.Request, shown shownToken) (auth.ClientToken, realmconfig.Client, error) {
	if shown.token == "" {
		return auth.ClientToken{}, realmconfig.Client{}, &bearerError{description: "The request has no access token."}
	}
	t, client, err := s.tokenOfClient(r.Context(), shown.token)
	if err == nil {
		if isPublic(client) {
			request.AllowOrigin(w.Header(), r, originsOf(client))
		}
		s.giveNonce(w, r)
		err = s.checkPossession(r, shown, t)
	}
	if refused := (*bearerError)(nil); errors.As(err, &refused) && refused.code != string(UseDPoPNonce) {
		route := request.Route{Pattern: request.InfoFrom(r.Context()).Route, Rate: request.RateClient}
		err = cmp.Or(s.Limiter.Check(r, route), err)
	}
	return t, client, err
}

// tokenOfClient is an access token that is good, and its client. It refuses with a
// *bearerError.
func (s *Service) tokenOfClient(ctx context.Context, access auth.Secret) (auth.ClientToken, realmconfig.Client, error) {
	t, err := s.clientToken(ctx, access)
	if errors.Is(err, errNotActive) {
		return auth.ClientToken{}, realmconfig.Client{}, errAccessToken()
	}
	if err != nil {
		return auth.ClientToken{}, realmconfig.Client{}, err
	}
	client, known, err := s.Clients.Find(ctx, t.ClientID)
	if err != nil {
		return auth.ClientToken{}, realmconfig.Client{}, err
	}
	if !known {
		return auth.ClientToken{}, realmconfig.Client{}, errAccessToken()
	}
	return t, client, nil
}

// bearerError refuses an access token (RFC 6750, section 3.1; RFC 9449, section 7.1). An
// empty code is of a request without one, an empty scheme is Bearer.
type bearerError struct {
	code, description string
	scheme            request.Scheme
}

const (
	invalidToken      = "invalid_token"
	insufficientScope = "insufficient_scope"
)

func (e *bearerError) Error() string { return e.code + ": " + e.description }

func errAccessToken() error {
	return &bearerError{code: invalidToken, description: "The access token has expired or was revoked, or is none of a client of this realm."}
}

// failBearer answers with what is wrong with an access token, in the header where RFC
// 6750, section 3, wants it, and in the body.
func (s *Service) failBearer(w http.ResponseWriter, r *http.Request, err error) {
	refused := (*bearerError)(nil)
	if !errors.As(err, &refused) {
		s.fail(w, r, err)
		return
	}
	challenge, status := fmt.Sprintf("%s realm=%q", cmp.Or(refused.scheme, request.BearerScheme), s.Settings().Issuer), http.StatusUnauthorized
	if refused.code != "" {
		challenge += fmt.Sprintf(", error=%q, error_description=%q", refused.code, refused.description)
	}
	if refused.code == insufficientScope {
		status = http.StatusForbidden
		challenge += fmt.Sprintf(", scope=%q", openidScope)
	}
	if refused.scheme == request.DPoPScheme {
		challenge += fmt.Sprintf(", algs=%q", strings.Join(dpop.Algorithms(), " "))
	}
	w.Header().Set("WWW-Authenticate", challenge)
	s.answer(w, r, status, errorBody{ErrorCode(cmp.Or(refused.code, invalidToken)), refused.description})
}
