// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// termsOf are what the settings say of a call's client, to its grants, and what it has shown.
func (s *Service) termsOf(c call) grant.Terms {
	terms := s.Grants.TermsOf(c.client)
	terms.Key, terms.KeyBound = c.key, isPublic(c.client)
	return terms
}

// readyToSign refuses with auth.SigningUnavailable when what a client is to be given could
// not be signed, so that nothing is used up for it.
func (s *Service) readyToSign(client realmconfig.Client) error {
	algorithms := s.Tokens.Algorithms()
	if len(algorithms) == 0 || slices.Contains(client.Scopes, openidScope) && !slices.Contains(algorithms, s.idTokenAlgorithm(client)) {
		return auth.RefuseFor(auth.SigningUnavailable, time.Second)
	}
	return nil
}

// answerIssued is the answer with the tokens of a grant, whose scopes and audience may be
// narrower in this access token. That expires with the session of the grant at the latest:
// whoever verifies it asks nobody whether the session is over.
func (s *Service) answerIssued(ctx context.Context, c call, issued grant.Issued, scopes, audience []string) (tokenAnswer, error) {
	who := &person{User: issued.User}
	answer, err := s.accessTokenOf(ctx, c, who, issued, scopes, audience)
	if err != nil {
		return tokenAnswer{}, err
	}
	answer.RefreshToken = string(issued.RefreshToken)
	if slices.Contains(scopes, openidScope) {
		answer.IDToken, err = s.idToken(ctx, c.client, who, issued, scopes, answer.AccessToken)
	}
	return answer, err
}

// accessTokenOf is the answer of a grant with an access token alone: the realm's own for its
// own applications.
func (s *Service) accessTokenOf(ctx context.Context, c call, who *person, issued grant.Issued, scopes, audience []string) (tokenAnswer, error) {
	if c.client.IsFirstParty() {
		return s.issueOwn(issued, scopes)
	}
	g := issued.Grant
	said, err := s.said(ctx, realmconfig.InAccessToken, c.client, audience, who)
	if err != nil {
		return tokenAnswer{}, err
	}
	return s.issue(c, auth.ClientToken{
		Claims:  said,
		Subject: issued.User.ID, GrantID: g.ID, SessionID: g.SessionID, Audience: audience, Scope: scopes, AuthTime: g.AuthTime, AMR: g.AMR,
		ExpiresAt: g.SessionExpiresAt,
	})
}

// stillGranted is a grant as far as the client and its user may have it now: somebody may
// have left a group, and the client or the realm may have lost a scope or an audience. It
// refuses with InvalidGrant where nothing is left.
func (s *Service) stillGranted(ctx context.Context, client realmconfig.Client, issued grant.Issued) (grant.Grant, error) {
	g := issued.Grant
	err := s.admit(ctx, target{client: client}, issued.User.ID)
	if errors.Is(err, auth.Refuse(auth.ClientAccessDenied)) {
		return g, refuse(InvalidGrant, "The user may not use the client any more.")
	}
	if err != nil {
		return g, err
	}
	g.Audience = slices.DeleteFunc(slices.Clone(g.Audience), func(a string) bool { return !s.mayBeFor(client, a) })
	if len(g.Audience) == 0 {
		return g, refuse(InvalidGrant, "Nobody is left whom the grant is for.")
	}
	g.Audience, err = s.openTo(ctx, g.Audience, issued.User.ID)
	if errors.Is(err, auth.Refuse(auth.ClientAccessDenied)) {
		return g, refuse(InvalidGrant, "The user may not use what the grant is for any more.")
	}
	if err != nil {
		return g, err
	}
	g.Scopes = grantedScopes(s.askingFor(client, g.Audience), slices.Clone(g.Scopes))
	return g, nil
}

// abandon ends a grant whose tokens its client is not given: nobody could use it, and it
// would stand on the account page.
func (s *Service) abandon(ctx context.Context, c call, issued grant.Issued) {
	held := grant.Held{Grant: issued.Grant, User: issued.User}
	if _, err := s.Grants.End(context.WithoutCancel(ctx), held, session.EndedByRevocation, "", c.from); err != nil {
		s.Log.WarnContext(ctx, "a grant that its client was not given lives until it expires", "grant", issued.Grant.ID, "error", err)
	}
}

// narrowed is whom an access token is for: what is asked for within the grant's audience,
// or all of it. It refuses with InvalidTarget (RFC 8707, section 2.2).
func narrowed(g grant.Grant, resources []string) ([]string, error) {
	if len(resources) == 0 {
		return g.Audience, nil
	}
	audience, granted := asListed(g.Audience, resources)
	if !granted {
		return nil, refuse(InvalidTarget, "One of the resources was not granted.")
	}
	return audience, nil
}

// requestedClaims are those that the grant was asked for by name, as far as the client may
// still ask for them.
func requestedClaims(client realmconfig.Client, g grant.Grant) (claimsRequest, error) {
	c := claimsRequest{}
	if g.Claims == nil {
		return c, nil
	}
	if err := json.Unmarshal(g.Claims, &c); err != nil {
		return c, fmt.Errorf("decode claims of grant: %w", err)
	}
	return c.within(client), nil
}
