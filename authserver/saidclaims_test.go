// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// The claims that most of these realms, and the application, have.
func saidByRealm() []realmconfig.Claim {
	return []realmconfig.Claim{
		{Name: "tenant", Expression: `user.email.split('@')[?1]`},
		{Name: "kubernetes_groups", Expression: `groups.map(g, 'realm:' + g)`, In: []realmconfig.ClaimPlace{realmconfig.InIDToken}},
		{Name: "level", Expression: `1`},
	}
}

func grafana(c *realmconfig.Client) {
	c.Claims = []realmconfig.Claim{
		{Name: "grafana_role", Expression: `'ops' in groups ? 'Admin' : 'Viewer'`},
		{Name: "Level", Expression: `2`},
		{Name: "asks", Expression: `{'id': client.id, 'name': client.name, 'providers': identities.map(i, i.provider)}`, In: []realmconfig.ClaimPlace{realmconfig.InUserInfo}},
	}
}

// newRealmOfClaims is a realm whose admin is in the group ops.
func newRealmOfClaims(t *testing.T, clients ...realmconfig.Client) (*realm, *server) {
	t.Helper()
	r := newRealmOfClients(t, clients...)
	r.Config.Claims, r.Config.Clients.Audiences = saidByRealm(), []string{orders}
	r.Update()
	s := r.serve()
	admin := s.login().Access
	s.addMember(admin, s.createGroup(admin, "ops").ID, fmt.Sprint(claimsOf(t, admin)["sub"])).Expect(t, http.StatusNoContent, "")
	return r, s
}

// says fails the test unless there are these claims with these values, as JSON; empty for one
// that must not be there.
func says(t *testing.T, what string, said map[string]any, want map[string]string) {
	t.Helper()
	for name, want := range want {
		got := ""
		if value, found := said[name]; found {
			text, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			got = string(text)
		}
		if got != want {
			t.Errorf("%s says that %s is %s, want %s", what, name, got, want)
		}
	}
}

func TestClaimsOfRealmAndClientEnterWhatTheClientIsGiven(t *testing.T) {
	t.Parallel()
	c := newWebClient(grafana)
	r, s := newRealmOfClaims(t, c)
	f := s.newApplication(c, "openid").newFlow()
	h := f.signIn(s.newPageBrowser())
	everywhere := map[string]string{"tenant": `"example.com"`, "grafana_role": `"Admin"`, "Level": `2`, "level": ``, "groups": ``, "email": ``}
	info := decode[map[string]any](t, s.userInfo(h.AccessToken), http.StatusOK)
	says(t, "the ID token", h.claims, everywhere)
	says(t, "the access token", claimsOf(t, h.AccessToken), everywhere)
	says(t, "UserInfo", info, everywhere)
	says(t, "the ID token", h.claims, map[string]string{"kubernetes_groups": `["realm:ops"]`, "asks": ``})
	says(t, "the access token", claimsOf(t, h.AccessToken), map[string]string{"kubernetes_groups": ``, "asks": ``})
	says(t, "UserInfo", info, map[string]string{"kubernetes_groups": ``, "asks": `{"id":"apps.shop","name":"Shop","providers":[]}`})
	if listed := f.a.claims(t); !slices.Contains(listed, "tenant") || !slices.Contains(listed, "kubernetes_groups") || slices.Contains(listed, "grafana_role") {
		t.Errorf("discovery lists %q", listed)
	}

	r.Exec("DELETE FROM group_members")
	r.Exec("UPDATE users SET email_verified_at = NULL")
	later := map[string]string{"tenant": ``, "grafana_role": `"Viewer"`, "level": ``}
	h = f.refresh(h.RefreshToken)
	says(t, "after a refresh, the ID token", h.claims, later)
	says(t, "after a refresh, the access token", claimsOf(t, h.AccessToken), later)
	says(t, "UserInfo", decode[map[string]any](t, s.userInfo(h.AccessToken), http.StatusOK), later)
}

// Whoever declares a client says what it is told, and nobody else.
func TestAClientsClaimsAreForItAlone(t *testing.T) {
	t.Parallel()
	api := newOAuthClient("api", exchanges(orders), func(c *oauthClient) {
		c.Claims = []realmconfig.Claim{{Name: "of_api", Expression: `user.id`}}
	})
	both := newWebClient(grafana, func(c *realmconfig.Client) { c.Audiences = []string{orders, api.ID} })
	r := newRealmOfClients(t, both, api.Client, newClient("apps.other"))
	r.Config.Claims, r.Config.Clients.Audiences = saidByRealm(), []string{orders, api.ID}
	r.Update()
	s := r.serve()
	f := s.newApplication(both, "openid").newFlow()
	b := s.newPageBrowser()
	h := f.signIn(b)
	realmAlone := map[string]string{"tenant": `"example.com"`, "level": `1`, "grafana_role": ``, "Level": ``, "of_api": ``}
	says(t, "the ID token", h.claims, map[string]string{"grafana_role": `"Viewer"`, "Level": `2`, "level": ``})
	says(t, "an access token for others", claimsOf(t, h.AccessToken), realmAlone)
	says(t, "UserInfo, to whoever has that,", decode[map[string]any](t, s.userInfo(h.AccessToken), http.StatusOK), realmAlone)
	_, exchanged := s.mustExchange(api, h.AccessToken, url.Values{"audience": {orders}})
	says(t, "an exchanged token", exchanged, realmAlone)

	other := s.newApplication(newClient("apps.other"), "openid").newFlow()
	b.away = nil
	b.open(other.address())
	says(t, "the ID token of another client", other.exchange(other.code(b)).claims, map[string]string{"grafana_role": ``, "level": `1`})
	own := s.tokenFor(api, url.Values{"scope": {"orders:read"}})
	says(t, "a token in which no user is", claimsOf(t, own.Access), map[string]string{"tenant": ``, "level": ``, "of_api": ``})
}

// Who has registered itself is told no more than people have agreed to.
func TestAClientThatRegisteredItselfIsToldNoClaims(t *testing.T) {
	t.Parallel()
	r := newRealmThatRegisters(t)
	r.Config.Claims = saidByRealm()
	r.Update()
	s := r.serve()
	c := s.registerClient(func(m map[string]any) { m["redirect_uris"] = []string{"https://agent.example.com/callback"} })
	b, f := s.newPageBrowser().staysHere(), s.newApplication(c, "openid").newFlow()
	b.signIn(adminEmail, adminPassword)
	b.open(f.address())
	b.isAsked()
	b.answers("allow")
	h := f.exchange(f.code(b))
	nothing := map[string]string{"tenant": ``, "kubernetes_groups": ``, "level": ``}
	says(t, "the ID token", h.claims, nothing)
	says(t, "the access token", claimsOf(t, h.AccessToken), nothing)
	says(t, "UserInfo", decode[map[string]any](t, s.userInfo(h.AccessToken), http.StatusOK), nothing)
}

// What an expression reads of people, its client learns: they are asked for as much.
func TestPeopleAreAskedForWhatClaimsRead(t *testing.T) {
	t.Parallel()
	c := newWebClient(asking, func(c *realmconfig.Client) {
		c.Claims = []realmconfig.Claim{{Name: "staff", Expression: `user.email.endsWith('@example.com') && 'ops' in groups`}}
	})
	r := newRealmOfClients(t, c)
	s := r.serve()
	b := s.newPageBrowser()
	begin := func() *flow {
		f := s.newApplication(c, "openid").newFlow()
		b.away = nil
		b.open(f.address())
		return f
	}
	b.signIn(adminEmail, adminPassword)
	f := begin()
	b.isAsked("know your e-mail address", "know which groups you are in")
	if strings.Contains(b.text(), "your name") {
		t.Errorf("more is said than is read:\n%s", b.text())
	}
	b.answers("allow")
	says(t, "the ID token", f.exchange(f.code(b)).claims, map[string]string{"staff": `false`, "email": ``, "groups": ``})
	begin().code(b)

	s.Change(func(c *realmconfig.Config) { c.Claims = []realmconfig.Claim{{Name: "called", Expression: `user.name`}} })
	begin()
	b.isAsked("know your name")
}

// An expression that does not fit somebody keeps them out of nothing, and tells nobody of
// them.
func TestAClaimThatCannotBeSaidIsLeftOut(t *testing.T) {
	t.Parallel()
	const name = "Ann-whose-name-no-log-may-have"
	suite.secrets.used(name)
	c := newWebClient(func(c *realmconfig.Client) {
		c.Claims = []realmconfig.Claim{
			{Name: "fails", Expression: `int(user.name)`},
			{Name: "takes_too_long", Expression: `groups.all(b, groups.all(c, true))`},
			{Name: "is_too_long", Expression: `groups.map(g, g + g)`},
			{Name: "of_another_release", Expression: `user.birthday`},
			{Name: "good", Expression: `size(groups)`},
		}
	})
	r := newRealmOfClients(t, c)
	s := r.serve()
	r.Exec("UPDATE users SET name = $1", name)
	r.Exec(`INSERT INTO groups (id, name, created_at) SELECT gen_random_uuid(), 'group-' || n || repeat('x', 100), now() FROM generate_series(1, 200) n`)
	r.Exec(`INSERT INTO group_members (group_id, user_id, added_at) SELECT g.id, u.id, now() FROM groups g, users u`)
	h := s.newApplication(c, "openid").newFlow().signIn(s.newPageBrowser())
	left := map[string]string{"fails": ``, "takes_too_long": ``, "is_too_long": ``, "of_another_release": ``, "good": `200`}
	says(t, "the ID token", h.claims, left)
	says(t, "the access token", claimsOf(t, h.AccessToken), left)
	for why, want := range map[string]string{"failed": "2", "too_costly": "2", "too_large": "2"} {
		if got := s.Metric(fmt.Sprintf("realmkeeper_claims_left_out_total{why=%q}", why)); got != want {
			t.Errorf("of what is %s, %s are counted, want %s", why, got, want)
		}
	}
}
