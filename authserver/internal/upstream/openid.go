// SPDX-License-Identifier: Apache-2.0

package upstream

import (
	"cmp"
	"context"
	"crypto/subtle"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// discoveryFresh and discoveryStale say how long a discovery document is
	// taken for good, and how long it makes do while there is no other.
	discoveryFresh = 15 * time.Minute
	discoveryStale = 24 * time.Hour
)

// openID is a provider with a discovery document and ID tokens (OpenID Connect
// Core 1.0).
type openID struct {
	*provider
	now       func() time.Time
	discovery *cached[discovery]
}

// discovery is what we need of a discovery document (OpenID Connect Discovery
// 1.0, section 3).
type discovery struct {
	Issuer        string   `json:"issuer"`
	Authorization string   `json:"authorization_endpoint"`
	Token         string   `json:"token_endpoint"`
	UserInfo      string   `json:"userinfo_endpoint"`
	JWKS          string   `json:"jwks_uri"`
	Algorithms    []string `json:"id_token_signing_alg_values_supported"`
	TokenAuth     []string `json:"token_endpoint_auth_methods_supported"`
	NamesItself   bool     `json:"authorization_response_iss_parameter_supported"`

	keys *keys
}

func newOpenID(p *provider, now func() time.Time) *openID {
	o := &openID{provider: p, now: now}
	o.discovery = &cached[discovery]{read: o.discover, now: now, fresh: discoveryFresh, stale: discoveryStale}
	return o
}

// issuer is the one of the settings, or the type's own.
func (o *openID) issuer() string {
	return cmp.Or(o.Issuer, map[realmconfig.ProviderType]string{
		realmconfig.Google:    "https://accounts.google.com",
		realmconfig.Microsoft: "https://login.microsoftonline.com/common/v2.0",
		realmconfig.GitLab:    "https://gitlab.com",
	}[o.Type])
}

func (o *openID) discover(ctx context.Context) (discovery, error) {
	issuer := o.issuer()
	document, err := o.get(ctx, strings.TrimSuffix(issuer, "/")+"/.well-known/openid-configuration", "")
	if err != nil {
		return discovery{}, err
	}
	d := discovery{}
	if err := decodeJSON(document, &d); err != nil {
		return discovery{}, err
	}
	if d.Issuer != issuer && !o.manyTenants(d.Issuer) {
		return discovery{}, fault("its discovery document is of another issuer")
	}
	if e := o.Endpoints; e != nil {
		d.Authorization, d.Token, d.UserInfo = e.Authorization, e.Token, e.UserInfo
	}
	for _, address := range []string{d.Authorization, d.Token, d.JWKS, cmp.Or(d.UserInfo, d.Token)} {
		if !asSafeAs(issuer, address) {
			return discovery{}, fault("its discovery document names endpoints that are missing or not safe")
		}
	}
	d.keys = newKeys(o.provider, d.JWKS, o.now)
	return d, nil
}

// asSafeAs refuses addresses that are not HTTPS, unless the issuer is not either.
func asSafeAs(issuer, address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && u.User == nil && u.Fragment == "" &&
		(u.Scheme == "https" || u.Scheme == "http" && strings.HasPrefix(issuer, "http://"))
}

func (o *openID) endpoints(ctx context.Context) (endpoints, error) {
	d, _, err := o.discovery.get(ctx)
	e := endpoints{
		authorization: d.Authorization, token: d.Token, userInfo: d.UserInfo, issuer: d.Issuer, namesItself: d.NamesItself,
		// Without a list, a header is what every server takes (section 3).
		secretInBody: len(d.TokenAuth) > 0 && !slices.Contains(d.TokenAuth, "client_secret_basic"),
	}
	if o.manyTenants(d.Issuer) {
		e.issuer = "" // whose tenant answers, only the ID token says
	}
	return e, err
}

func (o *openID) identify(ctx context.Context, e endpoints, token *oauth2.Token, nonce auth.Secret) (auth.Identity, error) {
	d, _, err := o.discovery.get(ctx)
	if err != nil {
		return auth.Identity{}, err
	}
	p, issuer, err := o.verify(ctx, d, token, nonce)
	if err != nil {
		return auth.Identity{}, err
	}
	if e.userInfo != "" && !o.complete(p) {
		if p, err = o.withUserInfo(ctx, e.userInfo, token.AccessToken, p); err != nil {
			return auth.Identity{}, err
		}
	}
	return o.identity(issuer, p)
}

// verify checks an ID token (OpenID Connect Core 1.0, section 3.1.3.7) and
// returns its claims and its issuer.
func (o *openID) verify(ctx context.Context, d discovery, token *oauth2.Token, nonce auth.Secret) (profile, string, error) {
	if _, _, err := d.keys.set.get(ctx); err != nil {
		return nil, "", err // the verifier would not say why
	}
	raw, _ := token.Extra("id_token").(string)
	verifier := oidc.NewVerifier(d.Issuer, d.keys, &oidc.Config{
		ClientID: o.ClientID, SupportedSigningAlgs: d.algorithms(), Now: o.now,
		SkipIssuerCheck: o.manyTenants(d.Issuer), // see tenantIssuer
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
	case subtle.ConstantTimeCompare([]byte(idToken.Nonce), []byte(nonce)) != 1:
		return nil, "", fault("its ID token is for another sign-in")
	case party != "" && party != o.ClientID, party == "" && len(idToken.Audience) > 1:
		return nil, "", fault("its ID token is for another client")
	case idToken.AccessTokenHash != "" && idToken.VerifyAccessToken(token.AccessToken) != nil:
		return nil, "", fault("its ID token is for another access token")
	case o.manyTenants(d.Issuer) && idToken.Issuer != o.tenantIssuer(d.Issuer, p.text("tid")):
		return nil, "", fault("its ID token is of another issuer")
	}
	return p, cmp.Or(o.tenantIssuer(d.Issuer, p.text("tid")), d.Issuer), nil
}

// algorithms are those that the provider signs with and that need its private
// key; without a list it is the one that everybody has.
func (d discovery) algorithms() []string {
	list := []string{}
	for _, a := range signatureAlgorithms() {
		if slices.Contains(d.Algorithms, string(a)) {
			list = append(list, string(a))
		}
	}
	if len(list) == 0 {
		list = append(list, oidc.RS256)
	}
	return list
}

// withUserInfo adds what the UserInfo endpoint says, of the same person (section
// 5.3.2). The ID token's own claims win: they are signed.
func (o *openID) withUserInfo(ctx context.Context, address, accessToken string, p profile) (profile, error) {
	document, err := o.get(ctx, address, accessToken)
	if err != nil {
		return nil, err
	}
	more := profile{}
	if err := decodeJSON(document, &more); err != nil {
		return nil, err
	}
	if more.text("sub") == "" || more.text("sub") != p.text("sub") {
		return nil, fault("its profile is of another user")
	}
	for name, value := range p {
		more[name] = value
	}
	return more, nil
}
