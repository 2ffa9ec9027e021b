// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"errors"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
)

// introspection is what a client is told of a token (RFC 7662, section 2.2). One that is
// not active says no more than that. Times are in seconds since 1970.
type introspection struct {
	Active    bool     `json:"active"`
	Issuer    string   `json:"iss,omitempty"`
	ID        string   `json:"jti,omitempty"`
	Subject   string   `json:"sub,omitempty"`
	Username  string   `json:"username,omitempty"`
	ClientID  string   `json:"client_id,omitempty"`
	Audience  []string `json:"aud,omitempty"`
	Scope     string   `json:"scope,omitempty"`
	TokenType string   `json:"token_type,omitempty"`
	IssuedAt  int64    `json:"iat,omitempty"`
	ExpiresAt int64    `json:"exp,omitempty"`
	// AuthTime and ACR are of the user's sign-in (RFC 9470, section 6.2), AMR how they did.
	AuthTime int64    `json:"auth_time,omitempty"`
	ACR      string   `json:"acr,omitempty"`
	AMR      []string `json:"amr,omitempty"`

	Confirmation *confirmation `json:"cnf,omitempty"`
	// Actor is who acts for the subject (RFC 8693, section 4.1).
	Actor *auth.Actor `json:"act,omitempty"`
}

// introspect is the introspection endpoint (RFC 7662). It shows a client the tokens that
// it was given, those that are for it or for its resource, and those that people have made
// for it. Of any other it says what it says of noise.
func (s *Service) introspect(ctx context.Context, c call) (any, error) {
	if isPublic(c.client) {
		return nil, refuse(UnauthorizedClient, "A public client cannot show that it may know this.")
	}
	if !c.has("token") {
		return nil, refuse(InvalidRequest, "token is missing.")
	}
	if personaltoken.Is(c.secret("token")) {
		return s.introspectPersonalToken(ctx, c)
	}
	if told, found, err := s.introspectRefreshToken(ctx, c, c.secret("token")); found || err != nil {
		return told, err
	}
	t, err := s.clientToken(ctx, c.secret("token"))
	switch {
	case errors.Is(err, errNotActive):
		return introspection{}, nil
	case err != nil:
		return nil, err
	case t.ClientID != c.client.ID && !s.Clients.IsFor(t, c.client):
		return introspection{}, nil
	}
	return s.introspectionOf(t), nil
}

func (s *Service) introspectionOf(t auth.ClientToken) introspection {
	told := introspection{
		Active: true, Issuer: s.Settings().Issuer, ID: t.ID, Subject: t.Subject, Username: t.Username, ClientID: t.ClientID, Audience: t.Audience,
		Scope: formatScope(t.Scope), TokenType: tokenType(t.Key), IssuedAt: t.IssuedAt.Unix(), ExpiresAt: t.ExpiresAt.Unix(),
		Confirmation: confirmationOf(t.Key), Actor: t.Actor,
	}
	if !t.AuthTime.IsZero() {
		told.AuthTime, told.ACR, told.AMR = t.AuthTime.Unix(), t.ACR(), t.AMR
	}
	return told
}

// errNotActive is of an access token that is good for nothing: noise, expired, revoked,
// or of a client that is no more.
var errNotActive = errors.New("token is not active")

// clientToken is what a client's access token says, or errNotActive.
func (s *Service) clientToken(ctx context.Context, access auth.Secret) (auth.ClientToken, error) {
	t, err := s.Sessions.ClientToken(ctx, access)
	if errors.Is(err, auth.Refuse(auth.TokenInvalid)) || errors.Is(err, auth.Refuse(auth.TokenExpired)) {
		return auth.ClientToken{}, errNotActive
	}
	return t, err
}
