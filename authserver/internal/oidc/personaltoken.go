// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"errors"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
)

// These tell a personal access token, and one of a service account, from the tokens that a
// client was given, in the member token_use of what the realm says of it.
const (
	personalTokenUse       = "personal_access_token"
	serviceAccountTokenUse = "service_account_token"
)

// holderOf is whom a personal access token speaks for at a call's client; errNotActive for
// one that is good for nothing there.
func (s *Service) holderOf(ctx context.Context, c call, shown auth.Secret) (personaltoken.Holder, error) {
	unlimited := func() error { return nil } // a client has shown who it is
	h, err := s.PersonalTokens.Check(ctx, c.client.ID, shown, c.from, unlimited)
	if errors.Is(err, auth.Refuse(auth.TokenInvalid)) || errors.Is(err, auth.Refuse(auth.ClientAccessDenied)) {
		return personaltoken.Holder{}, errNotActive
	}
	return h, err
}

// introspectPersonalToken shows a client the tokens that people have made for it. There is no
// session, and so neither auth_time nor acr: nobody has signed in. What the scopes tell of
// the user stands beside it, since UserInfo takes no such token. Of a service account there is
// a username and none of a person's claims.
func (s *Service) introspectPersonalToken(ctx context.Context, c call) (any, error) {
	h, err := s.holderOf(ctx, c, c.secret("token"))
	switch {
	case errors.Is(err, errNotActive):
		return introspection{}, nil
	case err != nil:
		return nil, err
	}
	told := claimsOf(h.User, h.Groups, h.Token.Scopes, nil)
	for name, value := range map[string]any{
		"active": true, "iss": s.Settings().Issuer, "jti": h.Token.ID, "sub": h.ID(), "client_id": c.client.ID, "aud": []string{c.client.ID},
		"token_type": bearer, "token_use": personalTokenUse, "iat": h.Token.CreatedAt.Unix(), "exp": h.Token.ExpiresAt.Unix(),
	} {
		told[name] = value
	}
	if h.Account != nil {
		told["token_use"], told["username"] = serviceAccountTokenUse, h.Account.Username()
	}
	setText(told, "scope", formatScope(h.Token.Scopes))
	return told, nil
}

// exchangePersonalToken is a personal access token as a short access token for one of the
// client's audiences, which needs to know no other kind. It is worthless when the personal
// one has ended, as that of a grant is when the grant has.
func (s *Service) exchangePersonalToken(ctx context.Context, c call) (auth.ClientToken, error) {
	h, err := s.holderOf(ctx, c, c.secret("subject_token"))
	switch {
	case errors.Is(err, errNotActive):
		return auth.ClientToken{}, errSubjectToken()
	case err != nil:
		return auth.ClientToken{}, err
	}
	short := auth.ClientToken{Subject: h.ID(), GrantID: h.Token.ID, ExpiresAt: h.Token.ExpiresAt}
	if h.Account != nil {
		short.Username = h.Account.Username()
	}
	if short.Actor, err = actorAfter(nil, c.client.ID); err != nil {
		return auth.ClientToken{}, err
	}
	if short.Scope, err = fewerScopes(c, auth.ClientToken{Scope: h.Token.Scopes}); err != nil {
		return auth.ClientToken{}, err
	}
	if short.Audience, err = s.audienceOf(c.client, c.targets()); err != nil {
		return auth.ClientToken{}, err
	}
	short.Audience, err = s.openToUser(ctx, short.Audience, short.Subject)
	return short, err
}
