// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/google/uuid"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestAClientIsGivenATokenForItself(t *testing.T) {
	t.Parallel()
	for name, client := range map[string]oauthClient{
		"by Basic": newOAuthClient("web", withAudiences(orders)), "by POST": newOAuthClient("web", byPost, withAudiences(orders)),
		"by a key": newOAuthClient("web", byKey, withAudiences(orders)),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client.AccessTokenLifetime = realmconfig.Duration(5 * time.Minute)
			r := newRealmWithClients(t, client)
			s := r.serve()
			a := s.ask(client, tokenPath, url.Values{"grant_type": {"client_credentials"}, "scope": {"orders:read openid"}})
			got := decode[clientTokens](t, a, http.StatusOK)
			suite.secrets.used(got.Access)
			if got.Type != "Bearer" || got.ExpiresIn != 300 || got.Scope != "orders:read" || got.Refresh != "" || got.ID != "" {
				t.Errorf("given %+v", got)
			}
			if a.Header.Get("Cache-Control") != "no-store" || a.Header.Get("Content-Type") != "application/json" {
				t.Errorf("headers are %v", a.Header)
			}
			claims := claimsOf(t, got.Access)
			if _, err := uuid.Parse(claims["jti"].(string)); err != nil {
				t.Errorf("jti is %v", claims["jti"])
			}
			life := claims["exp"].(float64) - claims["iat"].(float64)
			for claim, want := range map[string]any{"iss": issuer, "sub": client.ID, "client_id": client.ID, "scope": "orders:read"} {
				if claims[claim] != want {
					t.Errorf("%s is %v, want %v", claim, claims[claim], want)
				}
			}
			if aud := claims["aud"].([]any); len(aud) != 1 || aud[0] != orders || life != 300 || claims["sid"] != nil {
				t.Errorf("claims are %v", claims)
			}
			if header := string(part(t, got.Access, 0)); !strings.Contains(header, `"typ":"at+jwt"`) {
				t.Errorf("header is %s", header)
			}
			if got := s.Metric(`realmkeeper_client_tokens_total{grant="client_credentials",outcome="succeeded"}`); got != "1" {
				t.Errorf("%s tokens are counted", got)
			}
		})
	}
}

// Whoever knows nothing but the issuer finds the rest, as stock libraries do.
func TestClientCredentialsByDiscovery(t *testing.T) {
	t.Parallel()
	client := newOAuthClient("web", withAudiences(orders))
	r := newRealmWithClients(t, client)
	s := r.serve()
	ctx := context.WithValue(t.Context(), oauth2.HTTPClient, s.HTTP)
	provider, err := oidc.NewProvider(ctx, issuer)
	if err != nil {
		t.Fatal(err)
	}
	config := clientcredentials.Config{
		ClientID: client.ID, ClientSecret: client.secret, TokenURL: provider.Endpoint().TokenURL, Scopes: []string{"orders:write"},
	}
	token, err := config.Token(ctx)
	if err != nil {
		t.Fatal(err)
	}
	suite.secrets.used(token.AccessToken)
	verified, err := provider.Verifier(&oidc.Config{ClientID: orders, SupportedSigningAlgs: []string{"ES256"}}).Verify(ctx, token.AccessToken)
	if err != nil || verified.Subject != client.ID {
		t.Errorf("the resource reads %+v, %v", verified, err)
	}
}

func TestWhatAClientMayAskFor(t *testing.T) {
	t.Parallel()
	client := newOAuthClient("web", withAudiences(orders, "https://gone.example.com"))
	plain := newOAuthClient("plain")
	refreshing := newOAuthClient("refreshing", func(c *oauthClient) {
		c.GrantTypes = []realmconfig.GrantType{realmconfig.AuthorizationCodeGrant, realmconfig.RefreshTokenGrant}
		c.RedirectURIs = []string{"https://app.example.com/callback"}
	})
	pages := newOAuthClient("pages", public("https://app.example.com"))
	r := newRealmWithClients(t, client, plain, refreshing, pages)
	s := r.serve()
	values := func(pairs ...string) url.Values {
		v := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			v.Add(pairs[i], pairs[i+1])
		}
		return v
	}
	const own, grant = "client_credentials", "grant_type"
	for name, c := range map[string]struct {
		client     oauthClient
		parameters url.Values
		code       string
		audience   []any
		scope      string
	}{
		"nothing special":                {client: client, parameters: values(grant, own), audience: []any{orders}, scope: "orders:read orders:write"},
		"a client without audiences":     {client: plain, parameters: values(grant, own), audience: []any{plain.ID}, scope: "orders:read orders:write"},
		"one of its audiences":           {client: client, parameters: values(grant, own, "resource", orders), audience: []any{orders}, scope: "orders:read orders:write"},
		"itself":                         {client: client, parameters: values(grant, own, "resource", client.ID), audience: []any{client.ID}, scope: "orders:read orders:write"},
		"several":                        {client: client, parameters: values(grant, own, "resource", orders, "resource", client.ID), audience: []any{orders, client.ID}, scope: "orders:read orders:write"},
		"an empty resource":              {client: client, parameters: values(grant, own, "resource", ""), audience: []any{orders}, scope: "orders:read orders:write"},
		"one that the realm has not":     {client: client, parameters: values(grant, own, "resource", "https://gone.example.com"), code: "invalid_target"},
		"another's resource":             {client: client, parameters: values(grant, own, "resource", plain.ID), code: "invalid_target"},
		"the realm itself":               {client: client, parameters: values(grant, own, "resource", issuer), code: "invalid_target"},
		"one good and one bad":           {client: client, parameters: values(grant, own, "resource", orders, "resource", issuer), code: "invalid_target"},
		"a scope twice, in two spaces":   {client: client, parameters: values(grant, own, "scope", "orders:write  orders:write"), audience: []any{orders}, scope: "orders:write"},
		"an empty scope":                 {client: client, parameters: values(grant, own, "scope", ""), audience: []any{orders}, scope: "orders:read orders:write"},
		"scopes about a user alone":      {client: client, parameters: values(grant, own, "scope", "openid groups"), audience: []any{orders}},
		"a scope that it has not":        {client: client, parameters: values(grant, own, "scope", "orders:read admin"), code: "invalid_scope"},
		"a scope that is none":           {client: client, parameters: values(grant, own, "scope", `orders:"read"`), code: "invalid_scope"},
		"a scope in other letters":       {client: client, parameters: values(grant, own, "scope", "ördérs"), code: "invalid_scope"},
		"unknown parameters":             {client: client, parameters: values(grant, own, "foo", "bar"), audience: []any{orders}, scope: "orders:read orders:write"},
		"no grant type":                  {client: client, parameters: values("scope", "openid"), code: "invalid_request"},
		"an empty grant type":            {client: client, parameters: values(grant, ""), code: "invalid_request"},
		"a grant type that there is not": {client: client, parameters: values(grant, "password"), code: "unsupported_grant_type"},
		"one that is not the client's":   {client: refreshing, parameters: values(grant, own), code: "unauthorized_client"},
		"a public client":                {client: pages, parameters: values(grant, own), code: "unauthorized_client"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.ask(c.client, tokenPath, c.parameters)
			if c.code != "" {
				s.refuses(a, http.StatusBadRequest, c.code)
				return
			}
			got := decode[clientTokens](t, a, http.StatusOK)
			suite.secrets.used(got.Access)
			if claims := claimsOf(t, got.Access); got.Scope != c.scope || !slices.Equal(claims["aud"].([]any), c.audience) {
				t.Errorf("scope is %q, the token says %v", got.Scope, claims)
			}
		})
	}
}

// What the operator is told of what is in use.
func TestWhatClientsUseIsReported(t *testing.T) {
	t.Parallel()
	client, idle := newOAuthClient("web"), newOAuthClient("idle")
	s := newRealmWithClients(t, client, idle).serve()
	s.tokenFor(client, nil)
	s.do(func() *http.Request {
		r := idle.request(t, tokenPath, url.Values{"grant_type": {"client_credentials"}})
		r.SetBasicAuth(idle.ID, "wrong")
		return r
	}())
	use := s.Report().ClientUse
	if len(use) != 1 || len(use[0].Clients) == 0 {
		t.Fatalf("reported as used: %+v", use)
	}
	shard := realmconfig.ClientShard(client.ID)
	if used := use[0].Clients[shard]; !used.Has(0) {
		t.Errorf("reported as used: %+v", use)
	}
}
