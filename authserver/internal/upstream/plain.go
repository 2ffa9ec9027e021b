// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"context"
	"strings"

	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
	"github.com/realmkeeper/realmkeeper/internal/discovery"
)

// plain is an OAuth 2.0 server without ID tokens: the profile behind the access
// token says who the user is, so its address is who vouches for them.
type plain struct{ *provider }

func (p *plain) endpoints(context.Context) (endpoints, error) {
	e := discovery.Stated(p.Provider)
	return endpoints{authorization: e.Authorization, token: e.Token, userInfo: e.UserInfo}, nil
}

func (p *plain) identify(ctx context.Context, e endpoints, token *oauth2.Token, _ federation.AuthorizationRequest) (federation.Identity, error) {
	members, err := p.profile(ctx, e.userInfo, token.AccessToken)
	if err != nil {
		return federation.Identity{}, err
	}
	return p.identity(e.userInfo, members)
}

func (p *provider) profile(ctx context.Context, address, accessToken string) (profile, error) {
	document, err := p.get(ctx, address, accessToken)
	if err != nil {
		return nil, err
	}
	members := profile{}
	return members, decodeJSON(document, &members)
}

// github is GitHub, or a GitHub Enterprise server.
type github struct{ *provider }

func (g *github) endpoints(context.Context) (endpoints, error) {
	e := discovery.Stated(g.Provider)
	return endpoints{authorization: e.Authorization, token: e.Token, userInfo: e.UserInfo, secretInBody: true}, nil
}

// identify takes the address from the list of addresses: the one of the profile
// is what the user likes to show, verified or not.
func (g *github) identify(ctx context.Context, e endpoints, token *oauth2.Token, _ federation.AuthorizationRequest) (federation.Identity, error) {
	members, err := g.profile(ctx, e.userInfo, token.AccessToken)
	if err != nil {
		return federation.Identity{}, err
	}
	addresses, err := g.addresses(ctx, e, token)
	if err != nil {
		return federation.Identity{}, err
	}
	c := g.claims()
	delete(members, c.Email)
	for _, a := range addresses {
		if a.Primary {
			members[c.Email], members[c.EmailVerified] = a.Email, a.Verified
		}
	}
	if name := c.Name; members.text(name) == "" {
		members[name] = members.text("login")
	}
	return g.identity(e.userInfo, members)
}

type githubAddress struct {
	Email             string
	Primary, Verified bool
}

// addresses are none where the app may not see them: a GitHub App needs a permission
// of its own for that, and an OAuth App the scope. Whom an account knows already needs
// none.
func (g *github) addresses(ctx context.Context, e endpoints, token *oauth2.Token) ([]githubAddress, error) {
	document, err := g.get(ctx, strings.TrimSuffix(e.userInfo, "/")+"/emails", token.AccessToken)
	if isDeclined(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	list := []githubAddress{}
	return list, decodeJSON(document, &list)
}
