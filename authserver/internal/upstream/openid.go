// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"cmp"
	"context"
	"crypto/subtle"
	"strconv"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/go-jose/go-jose/v4"
	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
	"github.com/realmkeeper/realmkeeper/internal/discovery"
)

const (
	// discoveryFresh and publishedStale say how long a discovery document is
	// taken for good, and how long it makes do while there is no other.
	discoveryFresh = 15 * time.Minute
	discoveryStale = 24 * time.Hour
	// clocksDiffer is by how much a provider's clock may be behind ours.
	clocksDiffer = time.Minute
)

// openID is a provider with a discovery document and ID tokens (OpenID Connect
// Core 1.0).
type openID struct {
	*provider
	now       func() time.Time
	discovery *cached[published]
}

// published is a discovery document, with the keys it names.
type published struct {
	discovery.Document
	keys *keys
}

func newOpenID(p *provider, now func() time.Time) *openID {
	o := &openID{provider: p, now: now}
	o.discovery = &cached[published]{read: o.discover, now: now, fresh: discoveryFresh, stale: discoveryStale}
	return o
}

func (o *openID) discover(ctx context.Context) (published, error) {
	document, err := o.get(ctx, discovery.URL(discovery.Issuer(o.Provider)), "")
	if err != nil {
		return published{}, err
	}
	d, err := discovery.Parse(o.Provider, document)
	if err != nil {
		return published{}, fault(err.Error())
	}
	return published{Document: d, keys: newKeys(o.provider, d.JWKS, o.now)}, nil
}

func (o *openID) endpoints(ctx context.Context) (endpoints, error) {
	d, _, err := o.discovery.get(ctx)
	e := endpoints{
		authorization: d.Authorization, token: d.Token, userInfo: d.UserInfo, issuer: d.Issuer, namesItself: d.NamesItself,
		secretInBody: d.SecretInBody(),
	}
	if discovery.ManyTenants(o.Provider, d.Issuer) {
		e.issuer = "" // whose tenant answers, only the ID token says
	}
	return e, err
}

func (o *openID) identify(ctx context.Context, e endpoints, token *oauth2.Token, r federation.AuthorizationRequest) (federation.Identity, error) {
	d, _, err := o.discovery.get(ctx)
	if err != nil {
		return federation.Identity{}, err
	}
	p, issuer, err := o.verify(ctx, d, token, r)
	if err != nil {
		return federation.Identity{}, err
	}
	authTime := p.authTime()
	if e.userInfo != "" && !o.complete(p) {
		if p, err = o.withUserInfo(ctx, d, issuer, token.AccessToken, p); err != nil {
			return federation.Identity{}, err
		}
	}
	i, err := o.identity(issuer, p)
	i.AuthTime = authTime
	return i, err
}

// verify checks an ID token (OpenID Connect Core 1.0, section 3.1.3.7) and
// returns its claims and its issuer.
func (o *openID) verify(ctx context.Context, d published, token *oauth2.Token, r federation.AuthorizationRequest) (profile, string, error) {
	if _, _, err := d.keys.set.get(ctx); err != nil {
		return nil, "", err // the verifier would not say why
	}
	raw, _ := token.Extra("id_token").(string)
	algorithms := []string{}
	for _, a := range d.algorithms() {
		algorithms = append(algorithms, string(a))
	}
	verifier := oidc.NewVerifier(d.Issuer, d.keys, &oidc.Config{
		ClientID: o.ClientID, SupportedSigningAlgs: algorithms, Now: o.now,
		SkipIssuerCheck: discovery.ManyTenants(o.Provider, d.Issuer), // see discovery.TenantIssuer
	})
	idToken, err := verifier.Verify(ctx, raw)
	if err != nil {
		return nil, "", faultOr(err, "its ID token is not valid")
	}
	p := profile{}
	if err := idToken.Claims(&p); err != nil {
		return nil, "", fault("its ID token is not valid")
	}
	party := p.text("azp")
	switch {
	case subtle.ConstantTimeCompare([]byte(idToken.Nonce), []byte(r.Nonce)) != 1:
		return nil, "", fault("its ID token is for another sign-in")
	case party != "" && party != o.ClientID, party == "" && len(idToken.Audience) > 1:
		return nil, "", fault("its ID token is for another client")
	case idToken.AccessTokenHash != "" && idToken.VerifyAccessToken(token.AccessToken) != nil:
		return nil, "", fault("its ID token is for another access token")
	case discovery.ManyTenants(o.Provider, d.Issuer) && idToken.Issuer != discovery.TenantIssuer(o.Provider, d.Issuer, p.text("tid")):
		return nil, "", fault("its ID token is of another issuer")
	case r.Reauthenticate && recognised(p, r.AskedAt):
		return nil, "", fault("its user has not signed in again")
	}
	return p, cmp.Or(discovery.TenantIssuer(o.Provider, d.Issuer, p.text("tid")), d.Issuer), nil
}

// recognised reports whether the provider says that the user signed in there
// before they were sent to do so.
func recognised(p profile, sent time.Time) bool {
	at := p.authTime()
	return !at.IsZero() && at.Before(sent.Add(-clocksDiffer))
}

// authTime is when the user has shown the provider who they are (OpenID Connect Core 1.0,
// section 2); zero where it does not say.
func (p profile) authTime() time.Time {
	at, err := strconv.ParseInt(p.text("auth_time"), 10, 64)
	if err != nil || at <= 0 {
		return time.Time{}
	}
	return time.Unix(at, 0).UTC()
}

// algorithms are those that the provider signs ID tokens with and that need its
// private key; without a list it is the one that everybody has.
func (d published) algorithms() []jose.SignatureAlgorithm {
	if list := allowed(d.Algorithms); len(list) > 0 {
		return list
	}
	return []jose.SignatureAlgorithm{jose.RS256}
}
