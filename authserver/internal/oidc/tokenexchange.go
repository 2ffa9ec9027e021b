// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/client"
	"github.com/realmkeeper/realmkeeper/authserver/internal/personaltoken"
)

// The types of tokens that are exchanged (RFC 8693, section 3).
const (
	jwtTokenType    = "urn:ietf:params:oauth:token-type:jwt"          //nolint:gosec // a name, and no credential
	accessTokenType = "urn:ietf:params:oauth:token-type:access_token" //nolint:gosec // a name, and no credential
)

// maxActors is how many clients may act for each other: as deep a token's act may be.
const maxActors = 3

// exchangeToken is the grant token-exchange (RFC 8693): the token of a ServiceAccount for an
// access token of the client that it is, or a user's access token, or a personal one, for one
// that is worth less. Nothing is stored, and nobody is given a refresh token.
func (s *Service) exchangeToken(ctx context.Context, c call) (tokenAnswer, error) {
	if isPublic(c.client) {
		return tokenAnswer{}, refuse(UnauthorizedClient, "A public client does not show who acts.")
	}
	if err := checkExchange(c.form); err != nil {
		return tokenAnswer{}, err
	}
	exchange := s.exchangeUser
	switch {
	case c.get("subject_token_type") == jwtTokenType:
		exchange = s.exchangeWorkload
	case personaltoken.Is(c.secret("subject_token")):
		exchange = s.exchangePersonalToken
	}
	t, err := exchange(ctx, c)
	if err != nil {
		return tokenAnswer{}, err
	}
	if t.Claims, err = s.saidOfExchanged(ctx, c.client, t); err != nil {
		return tokenAnswer{}, err
	}
	answer, err := s.issue(c, t)
	answer.IssuedTokenType = accessTokenType
	return answer, err
}

// checkExchange refuses what section 2.1 does not allow, and what the realm does not do.
func checkExchange(f form) error {
	kind, wanted := f.get("subject_token_type"), f.get("requested_token_type")
	switch {
	case !f.has("subject_token"):
		return refuse(InvalidRequest, "subject_token is missing.")
	case kind != jwtTokenType && kind != accessTokenType:
		return refuse(InvalidRequest, "subject_token_type must be "+jwtTokenType+" or "+accessTokenType+".")
	case f.has("actor_token") || f.has("actor_token_type"):
		return refuse(InvalidRequest, "The realm takes no actor_token: who acts is the client.")
	case wanted != "" && wanted != accessTokenType:
		return refuse(InvalidRequest, "The realm gives tokens of the type "+accessTokenType+" alone.")
	}
	return nil
}

// exchangeWorkload is what a ServiceAccount that is the client gets: what the client could
// have by its credentials, for no longer than the ServiceAccount's own token lives.
func (s *Service) exchangeWorkload(ctx context.Context, c call) (auth.ClientToken, error) {
	if len(c.client.ServiceAccounts) == 0 {
		return auth.ClientToken{}, refuse(InvalidRequest, "A subject_token of this type is the token of a ServiceAccount, and none is the client.")
	}
	expires, err := s.Clients.CheckWorkload(ctx, c.client, c.secret("subject_token"))
	if refusal := (*client.InvalidClient)(nil); errors.As(err, &refusal) {
		return auth.ClientToken{}, &Error{Code: InvalidRequest, Description: refusal.Description, Cause: refusal.Cause}
	}
	if err != nil {
		return auth.ClientToken{}, err
	}
	scopes, err := ownScopes(c.client, c.get("scope"))
	if err != nil {
		return auth.ClientToken{}, err
	}
	audience, err := s.audienceOf(c.client, c.targets())
	return auth.ClientToken{Subject: c.client.ID, Audience: audience, Scope: scopes, ExpiresAt: expires}, err
}

// exchangeUser is a user's token of which the client is an audience, or that it was given,
// as one that is worth less: by fewer scopes, for no longer, and as worthless when the grant
// and the session end that the first one is of. It says who acts (section 4.1).
func (s *Service) exchangeUser(ctx context.Context, c call) (auth.ClientToken, error) {
	t, err := s.clientToken(ctx, c.secret("subject_token"))
	switch {
	case errors.Is(err, errNotActive):
		return auth.ClientToken{}, errSubjectToken()
	case err != nil:
		return auth.ClientToken{}, err
	case t.ClientID != c.client.ID && !s.Clients.IsFor(t, c.client):
		return auth.ClientToken{}, errSubjectToken()
	case !t.OfUser():
		return auth.ClientToken{}, refuse(InvalidRequest, "The subject_token speaks for no user.")
	case t.Key != "":
		return auth.ClientToken{}, refuse(InvalidRequest, "The subject_token is bound to a key, and cannot be exchanged.")
	}
	err = s.admit(ctx, target{client: c.client}, t.Subject)
	if errors.Is(err, auth.Refuse(auth.ClientAccessDenied)) {
		return auth.ClientToken{}, refuse(InvalidRequest, "The user may not use the client.")
	}
	if err != nil {
		return auth.ClientToken{}, err
	}
	narrow := auth.ClientToken{
		Subject: t.Subject, Username: t.Username, GrantID: t.GrantID, GrantClientID: cmp.Or(t.GrantClientID, t.ClientID), SessionID: t.SessionID,
		AuthTime: t.AuthTime, AMR: t.AMR, ExpiresAt: t.ExpiresAt,
	}
	if narrow.Actor, err = actorAfter(t.Actor, c.client.ID); err != nil {
		return auth.ClientToken{}, err
	}
	if narrow.Scope, err = fewerScopes(c, t); err != nil {
		return auth.ClientToken{}, err
	}
	if narrow.Audience, err = s.nextAudience(c, t); err != nil {
		return auth.ClientToken{}, err
	}
	narrow.Audience, err = s.openToUser(ctx, narrow.Audience, t.Subject)
	return narrow, err
}

// openToUser is as openTo, and refuses with InvalidTarget.
func (s *Service) openToUser(ctx context.Context, audience []string, userID string) ([]string, error) {
	open, err := s.openTo(ctx, audience, userID)
	if errors.Is(err, auth.Refuse(auth.ClientAccessDenied)) {
		err = refuse(InvalidTarget, "The user may not use one of the targets.")
	}
	return open, err
}

// errSubjectToken is the same for noise and for what is none of the client's business.
func errSubjectToken() error {
	return refuse(InvalidRequest, "The subject_token has expired or was revoked, or is none of this realm that the client was given or that is for it.")
}

// actorAfter is who acts in the end, and before that who acted already. A client that takes
// more away from its own token is no further one.
func actorAfter(before *auth.Actor, clientID string) (*auth.Actor, error) {
	if before != nil && before.Subject == clientID {
		return before, nil
	}
	actor := &auth.Actor{Subject: clientID, Before: before}
	if actor.Depth() > maxActors {
		return nil, refuse(InvalidRequest, "The subject_token has been handed on too often.")
	}
	return actor, nil
}

// fewerScopes are those that are asked for, or all that the token has as far as the client
// may ask for them. What goes to sign-in alone is left out: there is neither an ID token nor
// a refresh token.
func fewerScopes(c call, t auth.ClientToken) ([]string, error) {
	asked, err := parseScope(c.get("scope"))
	if err != nil {
		return nil, err
	}
	foreign := func(scope string) bool {
		return !slices.Contains(t.Scope, scope) || !slices.Contains(c.client.Scopes, scope)
	}
	switch {
	case len(asked) == 0:
		asked = slices.DeleteFunc(slices.Clone(t.Scope), foreign)
	case slices.ContainsFunc(asked, foreign):
		return nil, refuse(InvalidScope, "One of the scopes is not in the subject_token, or the client may not ask for it.")
	}
	return slices.DeleteFunc(asked, func(scope string) bool { return scope == openidScope || scope == offlineScope }), nil
}

// nextAudience is whom the next token is for: some of the client's audiences. Of a token that
// the client was given itself, it is not for more than that was.
func (s *Service) nextAudience(c call, t auth.ClientToken) ([]string, error) {
	audience, err := s.audienceOf(c.client, c.targets())
	if err != nil || t.ClientID != c.client.ID {
		return audience, err
	}
	wider := func(a string) bool { return !slices.Contains(t.Audience, a) }
	if len(c.targets()) == 0 {
		audience = slices.DeleteFunc(audience, wider)
	}
	if len(audience) == 0 || slices.ContainsFunc(audience, wider) {
		return nil, refuse(InvalidTarget, "The subject_token is not for one of the targets.")
	}
	return audience, nil
}

// targets are whom a token is asked for: resources and audiences (section 2.1), which are
// the same here, each once.
func (f form) targets() []string {
	list := slices.Concat(f.resources(), f.all(audienceParameter))
	slices.Sort(list)
	return slices.Compact(list)
}
