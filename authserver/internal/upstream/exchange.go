// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"errors"
	"net/http"
	"slices"

	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func (p *provider) oauth(e endpoints, r federation.AuthorizationRequest) *oauth2.Config {
	style := oauth2.AuthStyleInHeader
	if e.secretInBody || p.inBody.Load() {
		style = oauth2.AuthStyleInParams
	}
	return &oauth2.Config{
		ClientID: p.ClientID, ClientSecret: string(p.secret), RedirectURL: r.RedirectURI, Scopes: p.scopes(),
		Endpoint: oauth2.Endpoint{AuthURL: e.authorization, TokenURL: e.token, AuthStyle: style},
	}
}

// scopes are the realm's, or what is needed for an address and a name.
func (p *provider) scopes() []string {
	scopes := slices.Clone(p.Scopes)
	switch {
	case p.Type == realmconfig.GitHub && len(scopes) == 0:
		return []string{"read:user", "user:email"}
	case p.speaksOpenID() && len(scopes) == 0:
		return []string{"openid", "email", "profile"}
	case p.speaksOpenID() && !slices.Contains(scopes, "openid"):
		return append([]string{"openid"}, scopes...)
	default:
		return scopes
	}
}

// exchange redeems a code. A server that takes the client's secret in the body
// alone, and does not say so beforehand, refuses the client, not the code, so
// the code is good for a second try.
func (p *provider) exchange(ctx context.Context, e endpoints, r federation.AuthorizationRequest, code auth.Secret) (*oauth2.Token, error) {
	try := func() (*oauth2.Token, error) {
		return p.oauth(e, r).Exchange(context.WithValue(ctx, oauth2.HTTPClient, p.client), string(code), oauth2.VerifierOption(string(r.Verifier)))
	}
	token, err := try()
	if refusesClient(err) && !e.secretInBody && p.inBody.CompareAndSwap(false, true) {
		if token, err = try(); err != nil {
			p.inBody.Store(false)
		}
	}
	var refused *oauth2.RetrieveError
	switch {
	case err == nil:
		return token, nil
	case errors.As(err, &refused) && slices.Contains([]string{"invalid_grant", "bad_verification_code"}, refused.ErrorCode):
		return nil, auth.RefuseBecause(auth.ProviderRefused, auth.CodeRefused)
	default:
		return nil, unavailable(p.Name, "redeem code", err)
	}
}

func refusesClient(err error) bool {
	var refused *oauth2.RetrieveError
	return errors.As(err, &refused) && (refused.ErrorCode == "invalid_client" ||
		refused.ErrorCode == "" && refused.Response != nil && refused.Response.StatusCode == http.StatusUnauthorized)
}
