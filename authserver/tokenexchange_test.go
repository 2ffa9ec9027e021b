// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const accessTokenType = "urn:ietf:params:oauth:token-type:access_token"

// exchanged is the answer to an exchange (RFC 8693, section 2.2.1).
type exchanged struct {
	clientTokens
	IssuedType string `json:"issued_token_type"`
}

// exchanges lets a client exchange tokens for some of these audiences.
func exchanges(audiences ...string) func(*oauthClient) {
	return func(c *oauthClient) {
		c.GrantTypes, c.Audiences = []realmconfig.GrantType{realmconfig.TokenExchangeGrant, realmconfig.ClientCredentialsGrant}, audiences
	}
}

// newRealmOfExchange is a realm with an application that signs people in for these audiences.
func newRealmOfExchange(t *testing.T, audiences []string, clients ...oauthClient) (*realm, realmconfig.Client) {
	t.Helper()
	web := newWebClient(func(c *realmconfig.Client) {
		c.Audiences, c.Scopes = audiences, append(c.Scopes, "orders:read", "orders:write")
	})
	r := newRealmOfClients(t, web)
	r.Config.Clients.Audiences = []string{orders, "https://billing.example.com"}
	for _, c := range clients {
		r.Clients, r.Config.Clients.Audiences = append(r.Clients, c.Client), append(r.Config.Clients.Audiences, c.ID)
	}
	r.Update()
	return r, web
}

// exchangeToken exchanges an access token.
func (s *server) exchangeToken(c oauthClient, subject string, more url.Values) answer {
	s.t.Helper()
	values := url.Values{
		"grant_type": {string(realmconfig.TokenExchangeGrant)}, "subject_token": {subject}, "subject_token_type": {accessTokenType},
	}
	maps.Copy(values, more)
	return s.ask(c, tokenPath, values)
}

func (s *server) mustExchange(c oauthClient, subject string, more url.Values) (exchanged, map[string]any) {
	s.t.Helper()
	got := decode[exchanged](s.t, s.exchangeToken(c, subject, more), http.StatusOK)
	suite.secrets.used(got.Access)
	return got, claimsOf(s.t, got.Access)
}

// minutes reports whether a token lives for so many: tokens tell the time in whole seconds.
func minutes(got exchanged, n int64) bool { return got.ExpiresIn == 60*n || got.ExpiresIn == 60*n-1 }

// The API that a user's token is for calls another one in the user's name.
func TestAUsersTokenIsExchangedForANarrowerOne(t *testing.T) {
	t.Parallel()
	api := newOAuthClient("api", exchanges(orders), func(c *oauthClient) { c.AccessTokenLifetime = realmconfig.Duration(24 * time.Hour) })
	r, web := newRealmOfExchange(t, []string{api.ID}, api)
	r.Clock.Stop()
	s := r.serve()
	h := s.newApplication(web, "openid", "email", "orders:read", "orders:write").newFlow().signIn(s.newPageBrowser())
	r.Clock.Advance(50 * time.Minute)
	got, claims := s.mustExchange(api, h.AccessToken, url.Values{"scope": {"orders:read"}, "audience": {orders}})
	if got.IssuedType != accessTokenType || got.Type != "Bearer" || !minutes(got, 10) || got.Scope != "orders:read" || got.Refresh != "" || got.ID != "" {
		t.Errorf("given %+v", got)
	}
	first := claimsOf(t, h.AccessToken)
	for claim, want := range map[string]any{
		"iss": issuer, "sub": h.claims["sub"], "client_id": api.ID, "scope": "orders:read", "exp": first["exp"],
		"grant_id": first["grant_id"], "session_id": first["session_id"], "auth_time": first["auth_time"], "sid": nil,
	} {
		if claims[claim] != want {
			t.Errorf("%s is %v, want %v", claim, claims[claim], want)
		}
	}
	if act, aud := fmt.Sprint(claims["act"]), fmt.Sprint(claims["aud"]); act != "map[sub:"+api.ID+"]" || aud != "["+orders+"]" && aud != orders {
		t.Errorf("claims are %v", claims)
	}
	if told := s.introspect(api, got.Access); told["active"] != true || fmt.Sprint(told["act"]) != fmt.Sprint(claims["act"]) {
		t.Errorf("the client is told %v", told)
	}
	refused(t, s.userInfo(got.Access), http.StatusForbidden, "insufficient_scope")
	s.as(got.Access, http.MethodGet, "/api/user/profile", nil).Expect(t, http.StatusUnauthorized, "token_invalid")
	if counted := s.Metric(`realmkeeper_client_tokens_total{grant="urn:ietf:params:oauth:grant-type:token-exchange",outcome="succeeded"}`); counted != "1" {
		t.Errorf("%s exchanges are counted", counted)
	}
	if _, claims := s.mustExchange(api, h.AccessToken, nil); claims["scope"] != "orders:read orders:write" {
		t.Errorf("without a word, the token says %v", claims)
	}
}

func TestAnExchangeNeverWidens(t *testing.T) {
	t.Parallel()
	api := newOAuthClient("api", exchanges(orders, "https://billing.example.com"))
	limited := newOAuthClient("limited", exchanges(orders), func(c *oauthClient) { c.Scopes = []string{"orders:read"} })
	stranger := newOAuthClient("stranger", exchanges(orders))
	without := newOAuthClient("without")
	pages := newOAuthClient("pages", public("https://app.example.com"))
	r, web := newRealmOfExchange(t, []string{api.ID, limited.ID, without.ID, pages.ID}, api, limited, stranger, without, pages)
	s := r.serve()
	a := s.newApplication(web, "openid", "orders:read", "offline_access")
	h := a.newFlow().signIn(s.newPageBrowser())
	session := s.login()
	f := s.forger(h.AccessToken)
	bound := f.sign(jwt.SigningMethodES256, f.signer(f.key), nil, map[string]any{"cnf": map[string]any{"jkt": "x"}})
	suite.secrets.used(bound)
	own := s.tokenFor(api, nil).Access
	narrow, _ := s.mustExchange(api, h.AccessToken, url.Values{"audience": {orders}})
	const request, target, scope = "invalid_request", "invalid_target", "invalid_scope"
	subject := func(token string) url.Values { return url.Values{"subject_token": {token}} }
	for name, c := range map[string]struct {
		client oauthClient
		more   url.Values
		code   string
	}{
		"a scope that the token has not":           {api, url.Values{"scope": {"orders:read orders:write"}}, scope},
		"a scope that the client has not":          {limited, url.Values{"scope": {"openid orders:read"}}, scope},
		"a scope that is none":                     {api, url.Values{"scope": {`"`}}, scope},
		"an audience of another":                   {limited, url.Values{"audience": {"https://billing.example.com"}}, target},
		"a resource of another":                    {limited, url.Values{"resource": {"https://billing.example.com"}}, target},
		"one good audience and one bad":            {limited, url.Values{"audience": {orders, "https://billing.example.com"}}, target},
		"the realm itself":                         {api, url.Values{"audience": {issuer}}, target},
		"more than the client was given":           {api, url.Values{"subject_token": {narrow.Access}, "audience": {"https://billing.example.com"}}, target},
		"a token of another client":                {stranger, nil, request},
		"its refresh token":                        {api, subject(h.RefreshToken), request},
		"its ID token":                             {api, subject(h.Extra("id_token").(string)), request},
		"a token of the realm's own":               {api, subject(session.Access), request},
		"a token that speaks for a client":         {api, subject(own), request},
		"a token that is bound to a key":           {api, subject(bound), request},
		"noise":                                    {api, subject("noise"), request},
		"nothing":                                  {api, subject(""), request},
		"another type of token":                    {api, url.Values{"subject_token_type": {"urn:ietf:params:oauth:token-type:saml2"}}, request},
		"a refresh token in return":                {api, url.Values{"requested_token_type": {"urn:ietf:params:oauth:token-type:refresh_token"}}, request},
		"another who acts":                         {api, url.Values{"actor_token": {own}, "actor_token_type": {accessTokenType}}, request},
		"a user's token as that of a workload":     {api, url.Values{"subject_token_type": {"urn:ietf:params:oauth:token-type:jwt"}}, request},
		"by a client that may not exchange":        {without, nil, "unauthorized_client"},
		"by a page":                                {pages, nil, "unauthorized_client"},
		"by an application that may sign in alone": {oauthClient{Client: web, secret: shopSecret}, nil, "unauthorized_client"},
	} {
		t.Run(name, func(t *testing.T) {
			s.refuses(s.exchangeToken(c.client, h.AccessToken, c.more), http.StatusBadRequest, c.code)
		})
	}
	for name, forged := range f.forged() {
		if forged.unforgeable || name == "for another audience" || name == "with an object as session" {
			continue // it may have any, and needs no session
		}
		suite.secrets.used(forged.token)
		if a := s.exchangeToken(api, forged.token, nil); a.Status != http.StatusBadRequest || strings.Contains(a.Body, marker) {
			t.Errorf("a token %s is answered %d %s", name, a.Status, a.Body)
		}
	}
	for name, c := range map[string]struct {
		client oauthClient
		more   url.Values
		scope  string
		aud    []any
	}{
		"all that there is":          {api, nil, "orders:read", []any{"https://billing.example.com", orders}},
		"two audiences":              {api, url.Values{"audience": {orders}, "resource": {"https://billing.example.com"}}, "orders:read", []any{"https://billing.example.com", orders}},
		"the client itself":          {api, url.Values{"audience": {api.ID}}, "orders:read", []any{api.ID}},
		"less than it was given":     {api, url.Values{"subject_token": {narrow.Access}}, "orders:read", []any{orders}},
		"nothing but to be known":    {api, url.Values{"scope": {"openid"}}, "", []any{"https://billing.example.com", orders}},
		"what it may of what was":    {limited, nil, "orders:read", []any{orders}},
		"the type that there is one": {limited, url.Values{"requested_token_type": {accessTokenType}}, "orders:read", []any{orders}},
	} {
		t.Run(name, func(t *testing.T) {
			got, claims := s.mustExchange(c.client, h.AccessToken, c.more)
			aud, isList := claims["aud"].([]any)
			if !isList {
				aud = []any{claims["aud"]}
			}
			for _, one := range c.aud {
				if !slices.Contains(aud, one) || len(aud) != len(c.aud) {
					t.Errorf("the token is for %v, want %v", aud, c.aud)
				}
			}
			if got.Scope != c.scope || got.Refresh != "" || claims["exp"].(float64) > claimsOf(t, h.AccessToken)["exp"].(float64) {
				t.Errorf("given %+v, %v", got, claims)
			}
		})
	}
}

// Whoever hands a token on stands behind whoever acts now, and three may.
func TestActorsStandBehindEachOther(t *testing.T) {
	t.Parallel()
	names := []string{"one", "two", "three", "four"}
	clients := []oauthClient{}
	for i, name := range names {
		next := orders
		if i+1 < len(names) {
			next = "shop." + names[i+1]
		}
		clients = append(clients, newOAuthClient(name, exchanges(next)))
	}
	r, web := newRealmOfExchange(t, []string{clients[0].ID}, clients...)
	s := r.serve()
	token := s.newApplication(web, "openid", "orders:read").newFlow().signIn(s.newPageBrowser()).AccessToken
	for _, c := range clients[:3] {
		got, _ := s.mustExchange(c, token, nil)
		again, claims := s.mustExchange(c, got.Access, nil) // who takes more away is no further one
		if fmt.Sprint(claims["act"]) != fmt.Sprint(claimsOf(t, got.Access)["act"]) {
			t.Errorf("exchanged again, the token says %v", claims)
		}
		token = again.Access
	}
	want := `{"act":{"act":{"sub":"shop.one"},"sub":"shop.two"},"sub":"shop.three"}`
	if act, _ := json.Marshal(claimsOf(t, token)["act"]); string(act) != want {
		t.Errorf("the token says %s", act)
	}
	s.refuses(s.exchangeToken(clients[3], token, nil), http.StatusBadRequest, "invalid_request")

	// It dies with any of them, and with the client that has signed the user in.
	known := append([]realmconfig.Client{}, r.Clients...)
	if told := s.introspect(clients[3], token); told["active"] != true {
		t.Fatalf("the token is %v", told)
	}
	for _, gone := range []string{web.ID, clients[0].ID} {
		r.Clients = slices.DeleteFunc(slices.Clone(known), func(c realmconfig.Client) bool { return c.ID == gone })
		r.Update()
		s.eventually("the token of "+gone+" is worthless", func() bool { return s.introspect(clients[3], token)["active"] == false })
		r.Clients = known
		r.Update()
		s.eventually("it is good again", func() bool { return s.introspect(clients[3], token)["active"] == true })
	}
}

// However a session ends, nothing that came of it is worth anything, nor exchanged.
func TestExchangedTokensEndWithTheSession(t *testing.T) {
	t.Parallel()
	for name, end := range endings() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api := newOAuthClient("api", exchanges(orders))
			r, web := newRealmOfExchange(t, []string{api.ID}, api)
			s := r.serve()
			a := s.newAnn("user")
			b, f := s.newPageBrowser(), s.newApplication(web, "openid", "orders:read").newFlow()
			b.open(f.address())
			b.submit("/signin", map[string]string{"email": a.user.Email, "password": strangerPassword})
			h := f.exchange(f.code(b))
			a.session = s.pagesOf(b)
			got, _ := s.mustExchange(api, h.AccessToken, nil)
			if told := s.introspect(api, got.Access); told["active"] != true {
				t.Fatalf("the token is %v", told)
			}
			if ended := end(s, a); ended.Status >= 300 {
				t.Fatalf("ending answered %d %s", ended.Status, ended.Body)
			}
			s.knowsNothing(api, "of a session that has ended", got.Access)
			s.refuses(s.exchangeToken(api, h.AccessToken, nil), http.StatusBadRequest, "invalid_request")
		})
	}
}

// A client that is for a group acts for nobody else.
func TestAnExchangeAsksWhetherTheUserMayUseTheClient(t *testing.T) {
	t.Parallel()
	api := newOAuthClient("api", exchanges(orders), func(c *oauthClient) { c.Access = &realmconfig.ClientAccess{Groups: []string{"staff"}} })
	r, web := newRealmOfExchange(t, []string{api.ID}, api)
	s := r.serve()
	h := s.newApplication(web, "openid", "orders:read").newFlow().signIn(s.newPageBrowser())
	s.refuses(s.exchangeToken(api, h.AccessToken, nil), http.StatusBadRequest, "invalid_request")
	admin := s.login().Access
	group := s.createGroup(admin, "staff")
	s.addMember(admin, group.ID, query[string](r, "SELECT id::text FROM users WHERE email = '"+adminEmail+"'")).Expect(t, http.StatusNoContent, "")
	s.mustExchange(api, h.AccessToken, nil)
}

// A workload may exchange its own token in place of showing it as an assertion.
func TestAWorkloadExchangesItsToken(t *testing.T) {
	t.Parallel()
	here := newCluster(t, "")
	client := newOAuthClient("web", withAudiences(orders), byWorkload(ordersAccount()))
	other := newOAuthClient("other", byWorkload(realmconfig.ServiceAccount{Namespace: "shop", Name: "other"}))
	secret := newOAuthClient("secret", exchanges(orders))
	r := newRealmOfWorkloads(t, []cluster{here}, client, other, secret)
	r.Clock.Stop()
	s, now := r.serve(), r.Clock.Now()
	own := here.token(t, "shop", "orders", now.Add(-50*time.Minute), nil)
	asked := url.Values{"audience": {orders}, "scope": {"orders:read"}}
	asserted := maps.Clone(asked)
	asserted.Set("client_assertion_type", jwtBearer)
	asserted.Set("client_assertion", own)
	for name, a := range map[string]answer{"by itself": s.exchangeAs(client.ID, own, asked), "beside an assertion": s.exchangeAs(client.ID, own, asserted)} {
		got := decode[exchanged](t, a, http.StatusOK)
		suite.secrets.used(got.Access)
		claims := claimsOf(t, got.Access)
		if got.IssuedType != accessTokenType || got.Scope != "orders:read" || !minutes(got, 10) || claims["sub"] != client.ID || claims["act"] != nil {
			t.Errorf("%s: given %+v, %v", name, got, claims)
		}
	}
	s.refuses(s.exchangeAs(client.ID, own, url.Values{"audience": {"https://billing.example.com"}}), http.StatusBadRequest, "invalid_target")
	s.refuses(s.exchangeAs(client.ID, own, url.Values{"scope": {"admin"}}), http.StatusBadRequest, "invalid_scope")
	s.refuses(s.exchangeAs(other.ID, own, nil), http.StatusUnauthorized, "invalid_client")
	asserted.Set("subject_token", here.token(t, "shop", "other", now, nil))
	s.refuses(s.exchangeAs(client.ID, own, asserted), http.StatusBadRequest, "invalid_request")
	s.refuses(s.exchangeAs(secret.ID, own, nil), http.StatusUnauthorized, "invalid_client")
	s.refuses(s.exchangeToken(secret, own, url.Values{"subject_token_type": {"urn:ietf:params:oauth:token-type:jwt"}}), http.StatusBadRequest, "invalid_request")
	s.refuses(s.do(newFormRequest(t, introspectPath, url.Values{"client_id": {client.ID}, "token": {own}}.Encode())), http.StatusUnauthorized, "invalid_client")
}
