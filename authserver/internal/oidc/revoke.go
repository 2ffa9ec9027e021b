// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"errors"

	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
)

// revoke is the revocation endpoint (RFC 7009). A token that is worth nothing already is
// a success, so that a client may repeat itself. Which kind a token is of, it says
// itself: token_type_hint is not needed.
func (s *Service) revoke(ctx context.Context, c call) (any, error) {
	if !c.has("token") {
		return nil, refuse(InvalidRequest, "token is missing.")
	}
	if personaltoken.Is(c.secret("token")) {
		return nil, s.PersonalTokens.Revoke(ctx, c.client.ID, c.secret("token"), c.from)
	}
	if found, err := s.revokeRefreshToken(ctx, c, c.secret("token")); found || err != nil {
		return nil, err
	}
	t, err := s.clientToken(ctx, c.secret("token"))
	switch {
	case errors.Is(err, errNotActive):
		return nil, nil
	case err != nil:
		return nil, err
	case t.ClientID != c.client.ID:
		return nil, refuse(UnauthorizedClient, "The token was issued to another client.")
	}
	return nil, s.Sessions.RevokeToken(ctx, t)
}
