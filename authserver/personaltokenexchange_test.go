// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"fmt"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// The client exchanges a token for a short one that others take, and that is no wider.
func TestAPersonalTokenIsExchangedForAShortOne(t *testing.T) {
	t.Parallel()
	deploy, stranger := newOAuthClient("deploy", takesTokens), newOAuthClient("stranger", takesTokens)
	without := newOAuthClient("without", takesTokens, func(c *oauthClient) { c.GrantTypes = []realmconfig.GrantType{realmconfig.ClientCredentialsGrant} })
	_, s, a := newRealmOfTokens(t, deploy, stranger, without)
	token := s.makeToken(a.session.Access, deploy, "email orders:read")
	got, claims := s.mustExchange(deploy, token.Token, url.Values{"scope": {"orders:read"}, "audience": {orders}})
	if got.IssuedType != accessTokenType || got.Scope != "orders:read" || got.Refresh != "" || got.ID != "" || got.ExpiresIn > 3600 {
		t.Errorf("given %+v", got)
	}
	if claims["sub"] != a.user.ID || claims["client_id"] != deploy.ID || fmt.Sprint(claims["act"]) != "map[sub:"+deploy.ID+"]" || claims["auth_time"] != nil || claims["session_id"] != nil {
		t.Errorf("it says %v", claims)
	}
	if all, _ := s.mustExchange(deploy, token.Token, nil); all.Scope != "email orders:read" {
		t.Errorf("without a word, given %+v", all)
	}
	refused(t, s.userInfo(got.Access), http.StatusForbidden, "insufficient_scope")
	s.as(got.Access, http.MethodGet, "/api/user/profile", nil).Expect(t, http.StatusUnauthorized, "token_invalid")
	ofWithout := s.makeToken(a.session.Access, without, "")
	for name, c := range map[string]struct {
		client oauthClient
		token  string
		more   url.Values
		code   string
	}{
		"a scope that the token has not":        {deploy, token.Token, url.Values{"scope": {"orders:read orders:write"}}, "invalid_scope"},
		"an audience that the client has not":   {deploy, token.Token, url.Values{"audience": {"https://billing.example.com"}}, "invalid_target"},
		"the realm itself":                      {deploy, token.Token, url.Values{"audience": {issuer}}, "invalid_target"},
		"by another client":                     {stranger, token.Token, nil, "invalid_request"},
		"by one that may not exchange":          {without, ofWithout.Token, nil, "unauthorized_client"},
		"as the token of a workload":            {deploy, token.Token, url.Values{"subject_token_type": {"urn:ietf:params:oauth:token-type:jwt"}}, "invalid_request"},
		"one character is another":              {deploy, token.Token[:20] + map[bool]string{true: "A", false: "B"}[token.Token[20] != 'A'] + token.Token[21:], nil, "invalid_request"},
		"what looks like a token, and is noise": {deploy, noiseLikeAToken(), nil, "invalid_request"},
	} {
		t.Run(name, func(t *testing.T) {
			suite.secrets.used(c.token)
			s.refuses(s.exchangeToken(c.client, c.token, c.more), http.StatusBadRequest, c.code)
		})
	}
	// Whoever is no client of it ends it neither.
	s.ask(stranger, revokePath, url.Values{"token": {token.Token}}).Expect(t, http.StatusOK, "")
	if told := s.introspect(deploy, token.Token); told["active"] != true {
		t.Errorf("a stranger has ended it: %v", told)
	}
}

// Whom a client is for that answers for a resource, its declaration says, whatever somebody
// shows to have a token for it.
func TestAPersonalTokenIsExchangedForResourcesOfItsUserAlone(t *testing.T) {
	t.Parallel()
	deploy := newOAuthClient("deploy", takesTokens, func(c *oauthClient) { c.Audiences = []string{notesURL, orders} })
	r, _, _ := newRealmOfResources(t, newAgent(), deploy)
	forStaff(&r.Clients[1])
	r.allowPersonalTokens(90 * 24 * time.Hour)
	s := r.serve()
	a := s.newAnn("user")
	token := s.makeToken(a.session.Access, deploy, "")
	s.refuses(s.exchangeToken(deploy, token.Token, url.Values{"resource": {notesURL}}), http.StatusBadRequest, "invalid_target")
	if _, claims := s.mustExchange(deploy, token.Token, nil); fmt.Sprint(claims["aud"]) != fmt.Sprint([]string{orders}) {
		t.Errorf("without a word, the token is for %v", claims["aud"])
	}
}
