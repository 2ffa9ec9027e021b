// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// An application that an admin signs in to must not become an admin: what a client is
// given opens nothing of the realm, not even where both have one audience.
func TestAClientsTokenOpensNothingOfTheRealm(t *testing.T) {
	t.Parallel()
	web := newOAuthClient("web", withAudiences(audience))
	s := newRealmWithClients(t, web).serve()
	token := s.tokenFor(web, nil).Access
	if claims := claimsOf(t, token); claims["sid"] != nil {
		t.Errorf("servers of the release before would look at sid: %v", claims)
	}
	for _, op := range s.described() {
		if op.bearer {
			op.answers(t, s, "of a client", "Bearer "+token, "token_invalid")
		}
	}
	browser := s.NewClient(true)
	browser.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for _, path := range []string{"/account", "/admin/users"} {
		for _, name := range []string{"__Host-rk-session", "__Host-rk-access"} {
			r := newRequest(t, http.MethodGet, path, nil)
			r.Header.Set("Cookie", name+"="+token)
			response, err := browser.Do(r)
			if err != nil {
				t.Fatal(err)
			}
			a, err := realmtest.ReadAnswer(response)
			if err != nil || a.Status != http.StatusSeeOther || !strings.HasPrefix(a.Header.Get("Location"), "/signin") {
				t.Errorf("%s with the token as %s is answered %d %v, %v", path, name, a.Status, a.Header, err)
			}
		}
	}
	if s.introspect(web, token)["active"] != true {
		t.Error("the token is not good at all")
	}
}

// A gateway says which clients' tokens it lets through.
func TestGatewaysTakeTokensOfClientsTheyName(t *testing.T) {
	t.Parallel()
	web, other := newOAuthClient("web"), newOAuthClient("other", withAudiences(orders))
	s := newRealmWithClients(t, web, other).serve()
	own, forOrders := s.tokenFor(web, nil).Access, s.tokenFor(other, nil).Access
	session := s.login().Access
	const ok, no, denied = http.StatusOK, http.StatusUnauthorized, http.StatusForbidden
	for name, c := range map[string]struct {
		query, access string
		status        int
		code          string
	}{
		"a gateway that names nobody":          {"", own, no, "token_invalid"},
		"one that names the client":            {"?client=shop.web", own, ok, ""},
		"one that names several":               {"?client=shop.other&client=shop.web", own, ok, ""},
		"one that names another":               {"?client=shop.other", own, no, "token_invalid"},
		"one that names a part":                {"?client=shop.we", own, no, "token_invalid"},
		"one that names nothing":               {"?client=", own, no, "token_invalid"},
		"one that names an audience alone":     {"?audience=shop.web", own, no, "token_invalid"},
		"a token for somebody else":            {"?client=shop.other", forOrders, no, "token_invalid"},
		"a token for the named audience":       {"?client=shop.other&audience=" + url.QueryEscape(orders), forOrders, ok, ""},
		"another client's token for it":        {"?client=shop.web&audience=" + url.QueryEscape(orders), forOrders, no, "token_invalid"},
		"a role, which no client has":          {"?client=shop.web&role=admin", own, denied, "permission_denied"},
		"the realm's own token":                {"?client=shop.web", session, ok, ""},
		"the realm's own token and its role":   {"?client=shop.web&role=admin", session, ok, ""},
		"the realm's own token, another role":  {"?client=shop.web&role=editor", session, denied, "permission_denied"},
		"no token":                             {"?client=shop.web", "", no, "token_missing"},
		"noise":                                {"?client=shop.web", "noise", no, "token_invalid"},
		"a query that the request has brought": {"/some/page?client=shop.web", own, no, "token_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			a := s.forward(http.MethodGet, "/api/auth/verify"+c.query, c.access)
			a.Expect(t, c.status, c.code)
			if c.status != ok || c.access == session {
				if c.access == session && c.status == ok && (a.Header.Get("X-Auth-User-Id") == "" || len(a.Header.Values("X-Auth-Client-Id")) != 1 || a.Header.Get("X-Auth-Client-Id") != "") {
					t.Errorf("headers are %v", a.Header)
				}
				return
			}
			// A token of a client's own is nobody's: the headers are there, and empty.
			for header, want := range map[string]string{
				"X-Auth-User-Id": "", "X-Auth-Email": "", "X-Auth-Email-Verified": "false", "X-Auth-Role": "", "X-Auth-Session-Id": "",
				"X-Auth-Client-Id": claimsOf(t, c.access)["client_id"].(string),
			} {
				if got := a.Header.Values(header); len(got) != 1 || got[0] != want {
					t.Errorf("%s is %q, want %q", header, got, want)
				}
			}
		})
	}
}
