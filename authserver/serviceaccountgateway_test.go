// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// A gateway lets one through as what it is: no header, alone or with others, could be a
// person's.
func TestAGatewayKnowsAServiceAccountFromAPerson(t *testing.T) {
	t.Parallel()
	reports, other := newGatedClient("apps.reports", reportsURL, takesTokensToo), newGatedClient("apps.orders", ordersURL, takesTokensToo)
	r := newRealmOfClients(t, reports, other)
	r.Config.ForwardAuth.UnverifiedEmail = realmconfig.SendUnverified
	r.allowPersonalTokens(90 * 24 * time.Hour)
	s := r.serve()
	a := s.newAnn("user")
	account := s.newServiceAccount(a.admin, "deployer")
	ops := s.createGroup(a.admin, "ops")
	s.join(a.admin, account, ops.ID).Expect(t, http.StatusNoContent, "")
	token := s.makeTokenOf(a.admin, account, oauthClient{Client: reports}, "groups").Token
	asks := func(demands, token string) *http.Response {
		t.Helper()
		return s.newGatedBrowser(through(demands)).asks(http.MethodGet, reportsURL+"/data", "Authorization", "Bearer "+token,
			"X-Auth-Email", "ann@example.com", "X-Auth-User-Id", a.user.ID)
	}
	response := asks("", token)
	for header, want := range map[string]string{
		"X-Auth-User-Id": "service-account:" + account.ID, "X-Auth-Email": "", "X-Auth-Email-Verified": "false", "X-Auth-Role": "realm:service-account",
		"X-Auth-Client-Id": "apps.reports", "X-Auth-Groups": "ops", "X-Auth-Session-Id": "",
	} {
		if got := response.Header.Values(header); response.StatusCode != http.StatusOK || len(got) != 1 || got[0] != want {
			t.Errorf("answered %d, and %s is %q, not %q", response.StatusCode, header, got, want)
		}
	}
	for demands, status := range map[string]int{
		"?role=realm:service-account": 200, "?role=realm%3Aservice-account": 200, "?role=user": 403, "?role=admin": 403, "?role=user&role=realm:service-account": 200,
		"?group=ops": 200, "?group=x": 403, "?scope=groups": 200, "?scope=email": 403, "?acr=1": 403, "?acr=2": 403, "?max_age=31536000": 403,
	} {
		if got := asks(demands, token); got.StatusCode != status {
			t.Errorf("%s is answered %d, want %d", demands, got.StatusCode, status)
		}
	}
	if got := asks("?role=realm:service-account", s.makeToken(a.session.Access, oauthClient{Client: reports}, "").Token); got.StatusCode != http.StatusForbidden {
		t.Errorf("a person is answered %d where service accounts are meant", got.StatusCode)
	}
	if got := asks("", s.makeTokenOf(a.admin, account, oauthClient{Client: other}, "").Token); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("a token of another application is answered %d", got.StatusCode)
	}
	s.as(a.admin, http.MethodPatch, account.path(), map[string]any{"disabled": true}).Expect(t, http.StatusOK, "")
	if got := asks("", token); got.StatusCode != http.StatusUnauthorized {
		t.Errorf("a token of a disabled account is answered %d", got.StatusCode)
	}
}

// So does a gateway that is shown what the token was exchanged for.
func TestAnExchangedTokenTellsAServiceAccountFromAPerson(t *testing.T) {
	t.Parallel()
	deploy := newOAuthClient("deploy", takesTokens)
	_, s, a := newRealmOfTokens(t, deploy)
	account := s.newServiceAccount(a.admin, "deployer")
	short, _ := s.mustExchange(deploy, s.makeTokenOf(a.admin, account, deploy, "").Token, nil)
	got := s.forward(http.MethodGet, verifyPath+"?client="+deploy.ID+"&audience="+url.QueryEscape(orders), short.Access)
	if got.Status != http.StatusOK || got.Header.Get("X-Auth-User-Id") != "service-account:"+account.ID || got.Header.Get("X-Auth-Email") != "" {
		t.Errorf("answered %d %v", got.Status, got.Header)
	}
	if roles := slices.Concat(got.Header.Values("X-Auth-Role"), got.Header.Values("X-Auth-Session-Id")); strings.Join(roles, "") != "" {
		t.Errorf("it tells %v", roles)
	}
}
