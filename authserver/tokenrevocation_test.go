// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"testing"
)

// What a client gives back is worthless on every server, and on those that start later.
func TestAClientRevokesItsToken(t *testing.T) {
	t.Parallel()
	web := newOAuthClient("web")
	r := newRealmWithClients(t, web)
	s := r.serve()
	other := r.serve()
	revoked, kept := s.tokenFor(web, nil).Access, s.tokenFor(web, nil).Access
	gateway := "/api/auth/verify?client=" + web.ID
	for _, at := range []*server{s, other} {
		if at.introspect(web, revoked)["active"] != true || at.forward(http.MethodGet, gateway, revoked).Status != http.StatusOK {
			t.Error("a good token is not active")
		}
	}
	for range 2 { // a client may repeat itself
		if a := s.ask(web, revokePath, url.Values{"token": {revoked}, "token_type_hint": {"refresh_token"}}); a.Status != http.StatusOK || a.Body != "" {
			t.Errorf("answered %d %s", a.Status, a.Body)
		}
	}
	dead := func(at *server) bool {
		return at.introspect(web, revoked)["active"] == false && at.forward(http.MethodGet, gateway, revoked).Status == http.StatusUnauthorized
	}
	if !dead(s) {
		t.Error("the token is good at the server that was told")
	}
	s.eventually("the other server has heard of it", func() bool { return dead(other) })
	if !dead(r.serve()) {
		t.Error("the token is good at a server that has just started")
	}
	if told := s.introspect(web, kept); told["active"] != true {
		t.Errorf("another token of the client is told as %v", told)
	}
}

func TestAClientRevokesNothingElse(t *testing.T) {
	t.Parallel()
	web, other := newOAuthClient("web"), newOAuthClient("other")
	s := newRealmWithClients(t, web, other).serve()
	token := s.tokenFor(web, nil).Access
	session := s.login()
	s.refuses(s.ask(other, revokePath, url.Values{"token": {token}}), http.StatusBadRequest, "unauthorized_client")
	s.refuses(s.ask(web, revokePath, nil), http.StatusBadRequest, "invalid_request")
	for what, worthless := range map[string]string{"noise": "noise", "a session's token": session.Access, "its refresh token": session.Refresh} {
		if a := s.ask(web, revokePath, url.Values{"token": {worthless}}); a.Status != http.StatusOK {
			t.Errorf("%s: answered %d %s", what, a.Status, a.Body)
		}
	}
	if s.introspect(web, token)["active"] != true {
		t.Error("another client has revoked a token")
	}
	s.refresh(session.Refresh)
	if a := s.profile(session.Access); a.Status != http.StatusOK {
		t.Error("a client has ended a session")
	}
}
