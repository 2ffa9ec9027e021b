// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

// speaks makes a provider one whose groups are mapped.
func speaks(p realmconfig.Provider, m realmconfig.GroupMapping) realmconfig.Provider {
	p.Groups = &m
	return p
}

var opsAndDev = realmconfig.GroupMapping{Allow: []string{"ops", "dev"}, Prefix: "corp:"}

// mapped is a realm with a provider that speaks of groups, and its admin's token.
type mapped struct {
	*server
	u     *upstream
	admin string
}

func newMapped(t *testing.T, kind realmconfig.ProviderType, m realmconfig.GroupMapping) mapped {
	t.Helper()
	u := newUpstream(t)
	_, s := serveWith(t, speaks(u.provider("elsewhere", kind), m))
	return mapped{s, u, s.login().Access}
}

// says is what the provider says of groups from now on.
func (m mapped) says(groups any) { m.u.script(func() { m.u.claims["groups"] = groups }) }

// signIn signs bob in through the provider, and returns his groups.
func (m mapped) signIn() string {
	m.t.Helper()
	_, a := m.newBrowser().signIn("elsewhere", nil)
	m.tokensOf(a)
	return m.groupsOf(m.admin, m.bob())
}

func (m mapped) bob() string {
	return query[string](m.realm, "SELECT id::text FROM users WHERE email = 'bob@example.com'")
}

func TestAProvidersGroupsAreTakenOver(t *testing.T) {
	t.Parallel()
	for _, kind := range []realmconfig.ProviderType{realmconfig.OIDC, realmconfig.OAuth2} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			m := newMapped(t, kind, opsAndDev)
			for _, c := range []struct {
				says any
				want string
			}{
				{[]string{"ops", "admin", "corp:dev"}, "corp:ops"},
				{[]string{"dev", "ops"}, "corp:dev corp:ops"},
				{[]string{"dev"}, "corp:dev"},
				{[]string{}, ""},
				{[]string{"ops"}, "corp:ops"},
				{nil, ""},
			} {
				m.says(c.says)
				if got := m.signIn(); got != c.want {
					t.Errorf("after %v, bob is in %q, want %q", c.says, got, c.want)
				}
			}
			m.says([]string{"ops"})
			m.signIn()
			m.u.script(func() { delete(m.u.claims, "groups") })
			if got := m.signIn(); got != "" {
				t.Errorf("without the claim, bob is in %q", got)
			}
			if got := query[int](m.realm, "SELECT count(*) FROM groups"); got != 2 {
				t.Errorf("there are %d groups", got)
			}
		})
	}
}

// What an administrator has said stays, and each provider speaks for itself alone.
func TestMembershipsOfSeveralOriginsAreKeptApart(t *testing.T) {
	t.Parallel()
	first, second := newUpstream(t), newUpstream(t)
	second.script(func() { second.claims["sub"] = "subject-2" })
	plain := realmconfig.GroupMapping{Allow: []string{"ops", "dev"}}
	r, s := serveWith(t, speaks(first.provider("first", realmconfig.OIDC), plain), speaks(second.provider("second", realmconfig.OIDC), plain))
	admin := s.login().Access
	say := func(u *upstream, groups ...string) { u.script(func() { u.claims["groups"] = groups }) }
	signIn := func(name string) {
		t.Helper()
		_, a := s.newBrowser().signIn(name, nil)
		s.tokensOf(a)
	}
	say(first, "ops")
	say(second, "ops", "dev")
	signIn("first")
	signIn("second")
	bob := query[string](r, "SELECT id::text FROM users WHERE email = 'bob@example.com'")
	ops := query[string](r, "SELECT id::text FROM groups WHERE name = 'ops'")
	s.addMember(admin, ops, bob).Expect(t, http.StatusNoContent, "")
	list := decode[struct{ Groups []groupAnswer }](t, s.as(admin, http.MethodGet, "/api/admin/users/"+bob+"/groups", nil), http.StatusOK).Groups
	if len(list) != 2 || strings.Join(list[0].Providers, " ") != "second" || list[0].AddedAt != nil ||
		strings.Join(list[1].Providers, " ") != "first second" || list[1].AddedAt == nil {
		t.Errorf("bob is in %+v", list)
	}
	members := decode[struct{ Members []memberAnswer }](t, s.as(admin, http.MethodGet, groupsPath+"/"+ops+"/members", nil), http.StatusOK).Members
	if len(members) != 1 || strings.Join(members[0].Providers, " ") != "first second" || members[0].AddedAt == nil {
		t.Errorf("in ops are %+v", members)
	}
	say(second)
	signIn("second")
	if got := s.groupsOf(admin, bob); got != "ops" {
		t.Errorf("after the second takes back all, bob is in %q", got)
	}
	s.as(admin, http.MethodDelete, groupsPath+"/"+ops+"/members/"+bob, nil).Expect(t, http.StatusNoContent, "")
	if got := s.groupsOf(admin, bob); got != "ops" {
		t.Errorf("after the administrator does, bob is in %q", got)
	}
	s.as(admin, http.MethodDelete, groupsPath+"/"+ops+"/members/"+bob, nil).Expect(t, http.StatusNotFound, "not_found")
	say(first)
	signIn("first")
	if got := s.groupsOf(admin, bob); got != "" {
		t.Errorf("after the first does, bob is in %q", got)
	}
}

// A claim that nobody can read is no reason to send anybody away, and gives nobody anything.
func TestAMalformedClaimOfGroupsIsNone(t *testing.T) {
	t.Parallel()
	m := newMapped(t, realmconfig.OIDC, opsAndDev)
	deep := any([]any{})
	for range 100 {
		deep = []any{deep}
	}
	shapes := map[string]any{
		"a text": "ops", "a number": 7, "an object": map[string]any{"ops": true}, "lists in a list": []any{[]any{"ops"}},
		"an object in a list": []any{"ops", map[string]any{"name": "dev"}}, "brackets": deep, "nothing in a list": []any{"ops", nil},
	}
	for name, shape := range shapes {
		m.says([]string{"ops"})
		if got := m.signIn(); got != "corp:ops" {
			t.Fatalf("bob is in %q", got)
		}
		m.says(shape)
		if got := m.signIn(); got != "" {
			t.Errorf("%s: bob is in %q", name, got)
		}
	}
	got := query[int](m.realm, `SELECT count(*) FROM audit_events WHERE action = 'groups.mapped' AND outcome = 'failed' AND detail = 'elsewhere: the claim is no list of texts'`)
	if got != len(shapes) {
		t.Errorf("%d of %d stand in the trail", got, len(shapes))
	}
	many := make([]string, 20_000)
	for i := range many {
		many[i] = strings.Repeat("x", 10)
	}
	m.says(append(many, "dev"))
	if got := m.signIn(); got != "corp:dev" {
		t.Errorf("of many names: bob is in %q", got)
	}
	m.says(strings.Repeat("x", 1<<20)) // more than any answer of a provider may have
	_, a := m.newBrowser().signIn("elsewhere", nil)
	a.Expect(t, http.StatusServiceUnavailable, "provider_unavailable")
}

func TestOnlyChangesOfMappedGroupsAreRecorded(t *testing.T) {
	t.Parallel()
	m := newMapped(t, realmconfig.OIDC, opsAndDev)
	for _, groups := range [][]string{{}, {"ops"}, {"ops"}, {"dev", "ops"}, {"ops", "dev"}, {}} {
		m.says(groups)
		m.signIn()
	}
	got := query[string](m.realm, "SELECT string_agg(detail, '; ' ORDER BY id) FROM audit_events WHERE action = 'groups.mapped'")
	if want := "elsewhere: corp:ops; elsewhere: corp:dev, corp:ops; elsewhere"; got != want {
		t.Errorf("the trail tells of %q, want %q", got, want)
	}
}

// Somebody who is recognised by the ID token may be told of by the profile alone.
func TestGroupsOfTheProfileCount(t *testing.T) {
	t.Parallel()
	m := newMapped(t, realmconfig.OIDC, realmconfig.GroupMapping{Claim: "roles", Allow: []string{"ops", "dev"}})
	m.u.script(func() {
		m.u.claims["roles"], m.u.claims["groups"] = []string{"ops"}, []string{"dev"}
		m.u.forge = func(_ *jwt.Token, c jwt.MapClaims) { delete(c, "roles") }
	})
	if got := m.signIn(); got != "ops" {
		t.Errorf("bob is in %q", got)
	}
}

func TestWhatAProviderSaidGoesWithIt(t *testing.T) {
	t.Parallel()
	m := newMapped(t, realmconfig.OIDC, opsAndDev)
	m.says([]string{"ops"})
	m.signIn()
	r, bob := m.realm, m.bob()
	becomes := func(what, want string) {
		t.Helper()
		r.Update()
		m.eventually(what, func() bool { return m.groupsOf(m.admin, bob) == want })
	}
	elsewhere := newUpstream(t)
	own := r.Config.Providers[0]
	r.Config.Providers[0].Issuer = elsewhere.server.URL
	becomes("a provider that is pointed elsewhere does not speak for those of before", "")
	r.Config.Providers[0] = own
	becomes("one that is pointed back does", "corp:ops")
	r.Config.Providers[0].Groups = nil
	becomes("one whose groups are not mapped says nothing", "")
	r.Config.Providers[0] = own
	becomes("one whose groups are mapped again does", "corp:ops")
	r.Config.Providers = nil
	becomes("one that is gone says nothing", "")

	r.Config.Providers = []realmconfig.Provider{own}
	r.Config.Providers[0].Issuer = elsewhere.server.URL
	elsewhere.script(func() {
		elsewhere.claims["sub"], elsewhere.claims["email_verified"], elsewhere.claims["groups"] = "another", true, []string{"dev"}
	})
	r.Update()
	m.eventually("the provider elsewhere signs bob in", func() bool {
		_, a := m.newBrowser().signIn("elsewhere", nil)
		return a.Status == http.StatusOK && m.groupsOf(m.admin, bob) == "corp:dev"
	})
	if got := query[int](r, "SELECT count(*) FROM mapped_members"); got != 1 {
		t.Errorf("%d memberships are kept, want 1", got)
	}
}

func TestMappedMembershipsGoWithTheIdentity(t *testing.T) {
	t.Parallel()
	m := newMapped(t, realmconfig.OIDC, opsAndDev)
	m.says([]string{"ops"})
	m.signIn()
	bob := m.bob()
	m.realm.givePassword("bob@example.com")
	access := m.tokensOf(m.tryLogin("bob@example.com", adminPassword)).Access
	link := query[string](m.realm, "SELECT id::text FROM identities")
	m.as(access, http.MethodDelete, "/api/user/identities/"+link, nil).Expect(t, http.StatusNoContent, "")
	if got := m.groupsOf(m.admin, bob); got != "" || query[int](m.realm, "SELECT count(*) FROM mapped_members") != 0 {
		t.Errorf("bob is still in %q", got)
	}
	m.says([]string{"dev"})
	if got := m.signIn(); got != "corp:dev" {
		t.Errorf("linked again by the address, bob is in %q", got)
	}
	m.as(m.admin, http.MethodDelete, "/api/admin/users/"+bob, nil).Expect(t, http.StatusNoContent, "")
	if got := query[int](m.realm, "SELECT count(*) FROM mapped_members"); got != 0 {
		t.Errorf("%d memberships of nobody", got)
	}
}

// However many sign-ins there are at once, what one of them said is what counts.
func TestSignInsAtOnceLeaveTheGroupsOfOne(t *testing.T) {
	t.Parallel()
	m := newMapped(t, realmconfig.OIDC, opsAndDev)
	m.says([]string{})
	m.signIn()
	race.Run(20, func(i int) {
		m.says([]string{map[bool]string{true: "ops", false: "dev"}[i%2 == 0]})
		_, _ = m.newBrowser().signIn("elsewhere", nil)
	})
	if got := m.groupsOf(m.admin, m.bob()); got != "corp:ops" && got != "corp:dev" {
		t.Errorf("bob is in %q", got)
	}
}
