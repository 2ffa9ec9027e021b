// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmfolder"
)

// livingGrants are those that somebody may use.
func (r *realm) livingGrants() int {
	r.t.Helper()
	return query[int](r, `SELECT count(*) FROM grants WHERE ended_at IS NULL`) +
		query[int](r, `SELECT count(*) FROM sessions WHERE client_id IS NOT NULL AND ended_at IS NULL`)
}

// billing is an audience beside orders.
const billing = "https://billing.example.com"

// resourceful is a client that may have tokens for others.
func resourceful(c *realmconfig.Client) { c.Audiences = []string{orders, billing} }

// newResourcefulRealm has one client, which is resourceful, and allows what that may have.
func newResourcefulRealm(t *testing.T) (*realm, realmconfig.Client) {
	t.Helper()
	c := newWebClient(resourceful)
	r := newRealmOfClients(t, c)
	r.Config.Clients.Audiences = c.Audiences
	r.Update()
	return r, c
}

// A request that fails leaves no grant that nobody holds, and uses nothing up for what can be
// known before.
func TestARequestThatFailsLeavesNoGrant(t *testing.T) {
	t.Parallel()
	r, c := newResourcefulRealm(t)
	s := r.serve()
	a, b := s.newApplication(c, "openid", "offline_access"), s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	with := func(values url.Values, resource string) url.Values {
		values.Set("resource", resource)
		return values
	}

	f := a.newFlow()
	b.open(f.address(param("resource", orders)))
	code := f.code(b)
	refused(t, a.token(with(f.redemption(code), "https://foreign.example.com")), http.StatusBadRequest, "invalid_target")
	if n := r.livingGrants(); n != 0 {
		t.Errorf("for a foreign resource %d are left", n)
	}
	h := f.exchange(code)
	if n := r.livingGrants(); n != 2 { // with a session of its own
		t.Errorf("after an exchange there are %d", n)
	}
	if got := a.ask("/oauth2/revoke", url.Values{"token": {h.RefreshToken}}); got.Status != http.StatusOK {
		t.Fatalf("answered %d %s", got.Status, got.Body)
	}

	f = a.newFlow()
	b.open(f.address(param("resource", orders)))
	code = f.code(b)
	refused(t, a.token(with(f.redemption(code), billing)), http.StatusBadRequest, "invalid_target")
	if n := r.livingGrants(); n != 0 {
		t.Errorf("for a resource that was not granted %d are left", n)
	}
	refused(t, a.token(f.redemption(code)), http.StatusBadRequest, "invalid_grant")
}

func TestWithoutAKeyNothingIsUsedUp(t *testing.T) {
	t.Parallel()
	c := newWebClient(func(c *realmconfig.Client) { c.IDTokenSigningAlg = realmconfig.EdDSA })
	r := newRealmOfClients(t, c)
	r.Clock.Stop() // within the code's minute, however long it takes
	s := r.serve()
	a, b := s.newApplication(c, "openid"), s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	f := a.newFlow()
	b.open(f.address())
	code := f.code(b)
	refused(t, a.token(f.redemption(code)), http.StatusServiceUnavailable, "temporarily_unavailable")
	if n := r.livingGrants(); n != 0 {
		t.Errorf("%d grants are left", n)
	}
	s.replaceKeys(realmconfig.EdDSA, realmfolder.NewKey(realmconfig.EdDSA))
	h := f.exchange(code)
	s.replaceKeys(realmconfig.EdDSA)
	refused(t, a.tryRefresh(h.RefreshToken), http.StatusServiceUnavailable, "temporarily_unavailable")
	s.replaceKeys(realmconfig.EdDSA, realmfolder.NewKey(realmconfig.EdDSA))
	f.refresh(h.RefreshToken)
}

// What a client has lost it is not given, and keeps the rest.
func TestARefreshForALostAudienceUsesNothingUp(t *testing.T) {
	t.Parallel()
	r, c := newResourcefulRealm(t)
	s := r.serve()
	f := s.newApplication(c, "openid").newFlow()
	h := f.signIn(s.newPageBrowser())
	s.Change(func(c *realmconfig.Config) { c.Clients.Audiences = []string{orders} })
	lost := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {h.RefreshToken}, "resource": {billing}}
	refused(t, f.a.token(lost), http.StatusBadRequest, "invalid_target")
	if n := query[int](r, `SELECT count(*) FROM grant_tokens WHERE rotated_at IS NOT NULL`); n != 0 {
		t.Errorf("%d tokens are used up", n)
	}
	if aud := claimsOf(t, f.refresh(h.RefreshToken).AccessToken)["aud"].([]any); len(aud) != 1 || aud[0] != orders {
		t.Errorf("the access token is for %v", aud)
	}
}

// forStaff is a client that is for a group alone.
func forStaff(c *realmconfig.Client) { c.Access = &realmconfig.ClientAccess{Groups: []string{"staff"}} }

// staff is that group, which the admin joins and leaves.
type staff struct {
	s                  *server
	access, group, who string
}

// newStaff makes the group, with the admin in it.
func (s *server) newStaff() staff {
	s.t.Helper()
	access := s.login().Access
	g := staff{s, access, s.createGroup(access, "staff").ID, claimsOf(s.t, access)["sub"].(string)}
	g.join()
	return g
}

func (g staff) join() {
	g.s.t.Helper()
	g.s.addMember(g.access, g.group, g.who).Expect(g.s.t, http.StatusNoContent, "")
}

func (g staff) leave() {
	g.s.t.Helper()
	g.s.as(g.access, http.MethodDelete, groupsPath+"/"+g.group+"/members/"+g.who, nil).Expect(g.s.t, http.StatusNoContent, "")
}

// Whoever may not use a client any more is told so for good: the client throws its token
// away, and so does the realm.
func TestAGrantEndsWithTheRightToUseTheClient(t *testing.T) {
	t.Parallel()
	r := newRealmOfClients(t, newWebClient(forStaff))
	s := r.serve()
	staff := s.newStaff()
	f := s.newApplication(r.Clients[0], "openid", "offline_access").newFlow()
	h := f.signIn(s.newPageBrowser())
	staff.leave()
	refused(t, f.a.tryRefresh(h.RefreshToken), http.StatusBadRequest, "invalid_grant")
	if n := r.livingGrants(); n != 0 {
		t.Errorf("%d grants are left", n)
	}
	staff.join()
	refused(t, f.a.tryRefresh(h.RefreshToken), http.StatusBadRequest, "invalid_grant")
	refused(t, s.userInfo(h.AccessToken), http.StatusUnauthorized, "invalid_token")
}
