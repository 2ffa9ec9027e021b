// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// introspectRefreshToken says what a client may know of a refresh token: nothing of
// another client's. It is false for what is none, and may be an access token.
func (s *Service) introspectRefreshToken(ctx context.Context, c call, presented auth.Secret) (introspection, bool, error) {
	held, live, found, err := s.Grants.Of(ctx, presented)
	if err != nil || !found {
		return introspection{}, false, err
	}
	g, terms := held.Grant, s.termsOf(c)
	if !live || g.ClientID != terms.ClientID || g.CreatedAt.Before(terms.Since) {
		return introspection{}, true, nil
	}
	return introspection{
		Active: true, Issuer: s.Settings().Issuer, Subject: held.User.ID, ClientID: g.ClientID, Audience: g.Audience, Scope: formatScope(g.Scopes),
		TokenType: "refresh_token", IssuedAt: g.CreatedAt.Unix(), ExpiresAt: g.ExpiresAt.Unix(), AuthTime: g.AuthTime.Unix(),
		ACR: auth.ACROf(g.AMR), AMR: g.AMR,
	}, true, nil
}

// revokeRefreshToken ends the grant of a refresh token of the client's, by which every
// other token of it dies as well (RFC 7009, section 2.1). It is false for what is none, and
// may be an access token.
func (s *Service) revokeRefreshToken(ctx context.Context, c call, presented auth.Secret) (bool, error) {
	held, _, found, err := s.Grants.Of(ctx, presented)
	switch {
	case err != nil || !found:
		return false, err
	case held.Grant.ClientID != c.client.ID:
		return true, refuse(UnauthorizedClient, "The token was issued to another client.")
	case c.client.IsFirstParty():
		return true, s.endOwn(ctx, held, c.from)
	}
	_, err = s.Grants.End(ctx, held, session.EndedByRevocation, "", c.from)
	return true, err
}
