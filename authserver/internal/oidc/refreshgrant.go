// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"errors"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// refresh is the grant refresh_token (RFC 6749, section 6; OpenID Connect Core 1.0, section
// 12). Scopes and resources may be fewer than those of the grant, for this access token.
func (s *Service) refresh(ctx context.Context, c call) (tokenAnswer, error) {
	presented := c.secret("refresh_token")
	if presented == "" {
		return tokenAnswer{}, refuse(InvalidRequest, "refresh_token is missing.")
	}
	asked, err := parseScope(c.get("scope"))
	if err != nil {
		return tokenAnswer{}, err
	}
	if err := s.readyToSign(c.client); err != nil {
		return tokenAnswer{}, err
	}
	if err := s.checkNarrowing(ctx, c, presented, asked); err != nil {
		return tokenAnswer{}, err
	}
	issued, err := s.Grants.Refresh(ctx, presented, s.termsOf(c), c.from)
	if errors.Is(err, auth.Refuse(auth.RefreshTokenInvalid)) {
		return tokenAnswer{}, errRefreshToken()
	}
	if err != nil {
		return tokenAnswer{}, err
	}
	if issued.Grant, err = s.stillGranted(ctx, c.client, issued); err != nil {
		if errors.Is(err, refuse(InvalidGrant, "")) {
			s.abandon(ctx, c, issued)
		}
		return tokenAnswer{}, err
	}
	audience, err := narrowed(issued.Grant, c.resources())
	if err != nil {
		return tokenAnswer{}, err
	}
	s.Clients.MarkUsed(ctx, c.client)
	scopes := issued.Grant.Scopes
	if len(asked) > 0 {
		scopes = grantedScopes(s.askingFor(c.client, issued.Grant.Audience), asked)
	}
	return s.answerIssued(ctx, c, issued, scopes, audience)
}

func errRefreshToken() error {
	return refuse(InvalidGrant, "The refresh token has expired, was used already or revoked, or is of another client or key.")
}

// checkNarrowing refuses, before the token is used up, scopes and resources that the grant
// does not have, and resources that the client has lost since.
func (s *Service) checkNarrowing(ctx context.Context, c call, presented auth.Secret, asked []string) error {
	if len(asked) == 0 && len(c.resources()) == 0 {
		return nil
	}
	if _, err := s.audienceOf(c.client, c.resources()); err != nil {
		return err
	}
	held, _, found, err := s.Grants.Of(ctx, presented)
	switch {
	case err != nil:
		return err
	case !found || held.Grant.ClientID != c.client.ID:
		return errRefreshToken()
	case slices.ContainsFunc(asked, func(scope string) bool { return !slices.Contains(held.Grant.Scopes, scope) }):
		return refuse(InvalidScope, "One of the scopes was not granted.")
	}
	_, err = narrowed(held.Grant, c.resources())
	return err
}
