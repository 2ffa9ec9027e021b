// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// A session that nobody uses is over at its time, and what hangs on it with it: no token is
// good for longer, whoever looks at it.
func TestTokensExpireWithTheirSession(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	r := newRealmOfClients(t, c)
	r.Config.Tokens.RefreshTokenLifetime = realmconfig.Duration(10 * time.Minute)
	r.Update()
	r.Clock.Stop()
	s := r.serve()
	f, b := s.newApplication(c, "openid").newFlow(), s.newPageBrowser()
	first := f.signIn(b)
	offline := s.newApplication(c, "openid", "offline_access").newFlow().signIn(b)
	good := func(token string) bool {
		t.Helper()
		told := decode[map[string]any](t, f.a.ask("/oauth2/introspect", url.Values{"token": {token}}), http.StatusOK)
		info, through := s.userInfo(token), s.forward(http.MethodGet, "/api/auth/verify?client="+c.ID, token)
		if active := told["active"] == true; active != (info.Status == http.StatusOK) || active != (through.Status == http.StatusOK) {
			t.Errorf("introspection says %v, UserInfo answers %d and a gateway %d", told, info.Status, through.Status)
		}
		return told["active"] == true
	}
	for _, h := range []held{first, offline} {
		if !good(h.AccessToken) {
			t.Error("a new token is not good")
		}
	}
	if left := claimsOf(t, first.AccessToken)["exp"].(float64) - claimsOf(t, first.AccessToken)["iat"].(float64); left > 600 {
		t.Errorf("the token outlives its session by %.0f s", left-600)
	}
	r.Clock.Advance(6 * time.Minute)
	second := f.refresh(first.RefreshToken) // a use of the session
	r.Clock.Advance(5 * time.Minute)
	if good(first.AccessToken) || !good(second.AccessToken) || !good(offline.AccessToken) {
		t.Error("the session has not gone on as it was used")
	}
	r.Clock.Advance(5 * time.Minute)
	if good(second.AccessToken) || !good(offline.AccessToken) {
		t.Error("the session is not over for all of its tokens alone")
	}
	refused(t, f.a.tryRefresh(second.RefreshToken), http.StatusBadRequest, "invalid_grant")
	if told := decode[map[string]any](t, f.a.ask("/oauth2/introspect", url.Values{"token": {second.RefreshToken}}), http.StatusOK); told["active"] != false {
		t.Errorf("of the refresh token it is told %v", told)
	}
	b.open("/account")
	b.sees("/signin", http.StatusOK)
}
