// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// introspect asks of a token.
func (s *server) introspect(c oauthClient, token string) map[string]any {
	s.t.Helper()
	return decode[map[string]any](s.t, s.ask(c, introspectPath, url.Values{"token": {token}}), http.StatusOK)
}

// knowsNothing fails the test unless a client is told of a token no more than of noise.
func (s *server) knowsNothing(c oauthClient, what, token string) {
	s.t.Helper()
	a := s.ask(c, introspectPath, url.Values{"token": {token}})
	if a.Status != http.StatusOK || a.Body != `{"active":false}` {
		s.t.Errorf("of a token %s %s is told %d %s", what, c.ID, a.Status, a.Body)
	}
}

func TestIntrospectionShowsAClientItsOwnTokens(t *testing.T) {
	t.Parallel()
	api, stranger := newOAuthClient("api"), newOAuthClient("stranger", byPost)
	web := newOAuthClient("web", byKey, withAudiences(orders, api.ID))
	pages := newOAuthClient("pages", public("https://app.example.com"))
	r := newRealmWithClients(t, web, api, stranger, pages)
	s := r.serve()
	token := s.tokenFor(web, nil).Access
	claims := claimsOf(t, token)
	for _, c := range []oauthClient{web, api} {
		told := s.introspect(c, token)
		for name, want := range map[string]any{
			"active": true, "iss": issuer, "sub": web.ID, "client_id": web.ID, "token_type": "Bearer", "scope": "orders:read orders:write",
			"jti": claims["jti"], "iat": claims["iat"], "exp": claims["exp"],
		} {
			if told[name] != want {
				t.Errorf("%s is told that %s is %v, want %v", c.ID, name, told[name], want)
			}
		}
		if aud, _ := told["aud"].([]any); len(aud) != 2 || len(told) != 10 {
			t.Errorf("%s is told %v", c.ID, told)
		}
	}
	session := s.login()
	s.knowsNothing(stranger, "of another client", token)
	s.knowsNothing(api, "that is not for it", s.tokenFor(web, url.Values{"resource": {orders}}).Access)
	s.knowsNothing(web, "of the realm's own", session.Access)
	s.knowsNothing(web, "that refreshes the realm's own", session.Refresh)
	s.knowsNothing(web, "that is noise", "noise")
	forger := s.forger(token)
	for name, c := range forger.forged() {
		if c.unforgeable || name == "for another audience" || name == "with an object as session" {
			continue // it may have any, and needs no session
		}
		suite.secrets.used(c.token)
		s.knowsNothing(web, name, c.token)
	}
	s.refuses(s.ask(pages, introspectPath, url.Values{"token": {token}}), http.StatusBadRequest, "unauthorized_client")
	s.refuses(s.ask(web, introspectPath, nil), http.StatusBadRequest, "invalid_request")

	r.Clock.Advance(time.Duration(web.AccessTokenLifetime))
	s.knowsNothing(api, "that has expired", token)
}

// A client that is deleted, and one that is made again under its name, has no tokens.
func TestTokensOfAClientThatIsNoMoreAreNotActive(t *testing.T) {
	t.Parallel()
	api := newOAuthClient("api")
	web := newOAuthClient("web", withAudiences(api.ID))
	r := newRealmWithClients(t, web, api)
	s := r.serve()
	token := s.tokenFor(web, nil).Access
	ask := func(query string) int { return s.forward(http.MethodGet, "/api/auth/verify?"+query, token).Status }
	named := "client=" + web.ID + "&audience=" + api.ID
	if status := ask(named); status != http.StatusOK || s.introspect(api, token)["active"] != true {
		t.Fatalf("a good token is answered %d", status)
	}
	dead := func() bool {
		return s.introspect(api, token)["active"] == false && ask(named) == http.StatusUnauthorized
	}
	r.register(api)
	s.eventually("the tokens of a deleted client are worthless", dead)
	again := web
	again.Since = time.Now().Add(2 * time.Second)
	r.register(again, api)
	s.eventually("the new client is known", func() bool {
		return s.ask(again, tokenPath, url.Values{"grant_type": {"client_credentials"}}).Status == http.StatusOK
	})
	if !dead() {
		t.Error("the new client has inherited a token")
	}
}

// Documents that are damaged end nothing.
func TestADamagedDocumentEndsNoToken(t *testing.T) {
	t.Parallel()
	web := newOAuthClient("web")
	r := newRealmWithClients(t, web)
	s := r.serve()
	token := s.tokenFor(web, nil).Access
	r.Mount(map[string]any{realmconfig.ClientFile(realmconfig.ClientShard(web.ID)): json.RawMessage(`{"version": 1, "clients": 7}`)})
	s.eventually("the damage is noticed", func() bool { return len(s.Report().ClientDocumentProblems) > 0 })
	if told := s.introspect(web, token); told["active"] != true {
		t.Errorf("the client is told %v", told)
	}
}
