// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// audienceOf is whom a client's token is for: what it asks for within its audiences, or
// all of these, or the client itself where it has none. It refuses with InvalidTarget
// (RFC 8707, section 2). The realm's own API is never among them.
func (s *Service) audienceOf(client realmconfig.Client, resources []string) ([]string, error) {
	if client.RegisteredItself() {
		return s.audienceOfRegistered(client, resources)
	}
	allowed := s.Clients.Audiences(client)
	if len(allowed) == 0 {
		allowed = append(allowed, client.ID)
	}
	if len(resources) == 0 {
		return allowed, nil
	}
	audience, listed := asListed(append(slices.Clone(allowed), client.ID), resources)
	if !listed {
		return nil, refuse(InvalidTarget, "The client may not have tokens for one of the resources.")
	}
	return audience, nil
}

// bearer is the type of an access token that is bound to no key (RFC 6750).
const bearer = "Bearer"

// lifetimeOf is how long a token is valid. One that would outlive the keys that are
// published for it ends with them, until the operator has heard of the client that wants
// a longer one.
func (s *Service) lifetimeOf(wanted realmconfig.Duration) time.Duration {
	return min(time.Duration(wanted), s.Tokens.Longest())
}

// issue completes an access token of a call's client, which begins now and is bound to the
// key of the call, and signs it. An expiry that it has already is the latest.
func (s *Service) issue(c call, t auth.ClientToken) (tokenAnswer, error) {
	id, err := s.NewID()
	if err != nil {
		return tokenAnswer{}, err
	}
	t.ID, t.ClientID, t.Key = id, c.client.ID, c.key
	t.IssuedAt = s.Now()
	if expires := t.IssuedAt.Add(s.lifetimeOf(c.client.AccessTokenLifetime)); t.ExpiresAt.IsZero() || t.ExpiresAt.After(expires) {
		t.ExpiresAt = expires
	}
	signed, err := s.Tokens.IssueClient(t)
	if err != nil {
		return tokenAnswer{}, err
	}
	return tokenAnswer{
		AccessToken: string(signed), TokenType: tokenType(t.Key), ExpiresIn: max(0, int64(t.ExpiresAt.Sub(t.IssuedAt)/time.Second)), Scope: formatScope(t.Scope),
	}, nil
}
