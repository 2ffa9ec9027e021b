// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// clientCredentials gives a client a token for itself (RFC 6749, section 4.4). It asks
// no store, so that nothing is recorded of it but a count: a client may want a thousand
// a second, and a row for each would be the heaviest load of the realm. Which client
// used which secret, and on which day, the report tells.
func (s *Service) clientCredentials(_ context.Context, c call) (tokenAnswer, error) {
	if isPublic(c.client) {
		return tokenAnswer{}, refuse(UnauthorizedClient, "A public client shows nothing that it could be given a token for.")
	}
	scopes, err := ownScopes(c.client, c.get("scope"))
	if err != nil {
		return tokenAnswer{}, err
	}
	audience, err := s.audienceOf(c.client, c.resources())
	if err != nil {
		return tokenAnswer{}, err
	}
	return s.issue(c, auth.ClientToken{Subject: c.client.ID, Audience: audience, Scope: scopes})
}

// ownScopes are those that a client asks for in its own name, or all that it may ask
// for. Those about a user are left out: there is none.
func ownScopes(client realmconfig.Client, asked string) ([]string, error) {
	wanted, err := parseScope(asked)
	if err != nil {
		return nil, err
	}
	if len(wanted) == 0 {
		wanted = slices.Clone(client.Scopes)
	}
	wanted = slices.DeleteFunc(wanted, aboutUser)
	if slices.ContainsFunc(wanted, func(scope string) bool { return !slices.Contains(client.Scopes, scope) }) {
		return nil, refuse(InvalidScope, "The client may not ask for one of the scopes.")
	}
	return wanted, nil
}

// aboutUser finds the scopes of OpenID Connect Core 1.0, sections 5.4 and 11, and ours.
func aboutUser(scope string) bool {
	return slices.Contains([]string{"openid", "profile", "email", "address", "phone", "groups", "offline_access"}, scope)
}
