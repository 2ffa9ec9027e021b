// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"maps"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// grantHandler answers a token request of one grant type, which the client may use.
type grantHandler func(ctx context.Context, c call) (tokenAnswer, error)

// grants are those that work, each in a file of its own.
func (s *Service) grants() map[realmconfig.GrantType]grantHandler {
	return map[realmconfig.GrantType]grantHandler{
		realmconfig.AuthorizationCodeGrant: s.exchangeCode,
		realmconfig.RefreshTokenGrant:      s.refresh,
		realmconfig.ClientCredentialsGrant: s.clientCredentials,
		realmconfig.DeviceCodeGrant:        s.exchangeDeviceCode,
		realmconfig.TokenExchangeGrant:     s.exchangeToken,
	}
}

// grantTypes are in order.
func (s *Service) grantTypes() []realmconfig.GrantType { return slices.Sorted(maps.Keys(s.grants())) }

// tokenAnswer is that of RFC 6749, section 5.1, OpenID Connect Core 1.0, section 3.1.3.3,
// and RFC 8693, section 2.2.1. Times are in seconds.
type tokenAnswer struct {
	AccessToken  string `json:"access_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int64  `json:"expires_in"`
	RefreshToken string `json:"refresh_token,omitempty"`
	IDToken      string `json:"id_token,omitempty"`
	Scope        string `json:"scope,omitempty"`

	// IssuedTokenType is of what an exchange has given.
	IssuedTokenType string `json:"issued_token_type,omitempty"`
}

// token is the token endpoint (RFC 6749, section 3.2).
func (s *Service) token(ctx context.Context, c call) (any, error) {
	grantType := realmconfig.GrantType(c.get("grant_type"))
	answerTo, known := s.grants()[grantType]
	switch {
	case grantType == "":
		return nil, refuse(InvalidRequest, "grant_type is missing.")
	case !known:
		return nil, refuse(UnsupportedGrantType, "The realm does not know this grant_type.")
	case !c.client.Grants(grantType):
		return nil, refuse(UnauthorizedClient, "The client may not use this grant_type.")
	}
	answer, err := s.answerProven(ctx, c, answerTo)
	s.Observer.ClientToken(string(grantType), outcomeOf(err))
	return answer, err
}

// answerProven lets a grant answer, which binds what it gives to the key of the call.
func (s *Service) answerProven(ctx context.Context, c call, answerTo grantHandler) (tokenAnswer, error) {
	c, err := s.proven(ctx, c)
	if err != nil {
		return tokenAnswer{}, err
	}
	return answerTo(ctx, c)
}

// outcomeOf is what an Observer is told.
func outcomeOf(err error) string {
	if refusal, ok := asError(err); ok {
		return string(refusal.Code)
	}
	return auth.OutcomeOf(err)
}
