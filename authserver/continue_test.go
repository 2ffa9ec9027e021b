// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Who shows again who they are goes on with their session: other applications notice
// nothing.
func TestSigningInAgainContinuesTheSession(t *testing.T) {
	t.Parallel()
	told := newReceiver(t)
	c, other := newWebClient(told.client), newClient("apps.other")
	r := newRealmThatTells(t, c, other)
	s := r.serve()
	b, first := s.newPageBrowser(), s.newApplication(c, "openid").newFlow()
	before := first.signIn(b)
	stolen := s.pagesOf(b)
	r.Clock.Advance(10 * time.Minute)

	second := s.newApplication(other, "openid").newFlow()
	b.open(second.address(param("prompt", "login")))
	b.sees("/signin", http.StatusOK)
	copied := s.pagesOf(b)
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	after := second.exchange(second.code(b))
	if after.claims["sid"] != before.claims["sid"] {
		t.Errorf("the session is %v, and was %v", after.claims["sid"], before.claims["sid"])
	}
	if grown := after.claims["auth_time"].(float64) - before.claims["auth_time"].(float64); grown < 600 {
		t.Errorf("auth_time has grown by %v seconds", grown)
	}
	if n := query[int](r, "SELECT count(*) FROM sessions"); n != 1 {
		t.Errorf("there are %d sessions", n)
	}
	again := first.refresh(before.RefreshToken)
	if again.claims["auth_time"] != before.claims["auth_time"] || again.claims["sid"] != before.claims["sid"] {
		t.Errorf("the first application is told %v", again.claims)
	}
	for _, token := range []string{stolen.Refresh, copied.Refresh} { // whoever holds it
		s.tryRefresh(token).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	}
	b.open("/account")
	b.sees("/account", http.StatusOK)
	if claimsOf(t, s.pagesOf(b).Access)["sid"] != before.claims["sid"] {
		t.Error("the pages have another session")
	}

	quick := s.newApplication(c, "openid").newFlow()
	b.open(quick.address())
	if h := quick.exchange(quick.code(b)); h.claims["auth_time"] != after.claims["auth_time"] {
		t.Errorf("who comes now is told %v", h.claims)
	}
	if n := r.logouts() + len(told.await(0)); n != 0 {
		t.Errorf("%d sign-outs are told, and nobody has signed out", n)
	}
	b.open("/account")
	b.submit("/signout", nil)
	if said := first.a.logoutToken(told.await(1)[0]); said["sid"] != before.claims["sid"] {
		t.Errorf("at the end the client is told %v", said)
	}
}

// Somebody else, or a browser whose token was copied, gets a session that has nothing to
// do with the one before, which ends.
func TestSigningInAgainEndsTheSessionOfOthers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		as      func(a ann) (email, password string)
		prepare func(s *server, b *pageBrowser)
	}{
		"somebody else": {func(a ann) (string, string) { return a.user.Email, strangerPassword }, func(*server, *pageBrowser) {}},
		"a browser whose token was copied": {func(ann) (string, string) { return adminEmail, adminPassword }, func(s *server, b *pageBrowser) {
			s.refresh(s.pagesOf(b).Refresh)
			s.realm.Clock.Advance(time.Minute)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			told := newReceiver(t)
			client := newWebClient(told.client)
			s := newRealmThatTells(t, client).serve()
			a := s.newAnn("user")
			b, f := s.newPageBrowser(), s.newApplication(client, "openid").newFlow()
			h := f.signIn(b)
			again := s.newApplication(client, "openid").newFlow()
			b.open(again.address(param("prompt", "login")))
			c.prepare(s, b)
			email, password := c.as(a)
			b.submit("/signin", map[string]string{"email": email, "password": password})
			if after := again.exchange(again.code(b)); after.claims["sid"] == h.claims["sid"] {
				t.Error("the session goes on")
			}
			if said := f.a.logoutToken(told.await(1)[0]); said["sid"] != h.claims["sid"] {
				t.Errorf("the client is told %v", said)
			}
			refused(t, f.a.tryRefresh(h.RefreshToken), http.StatusBadRequest, "invalid_grant")
		})
	}
}

// What a client could do without the browser is over with the client, and stands on no
// page.
func TestASessionOfAClientThatIsNoMoreEnds(t *testing.T) {
	t.Parallel()
	c := newWebClient(func(c *realmconfig.Client) { c.DisplayName = "The little shop" })
	r := newRealmOfClients(t, c)
	s := r.serve()
	b := s.newPageBrowser()
	s.newApplication(c, "openid", "offline_access").newFlow().signIn(b)
	b.open("/account")
	b.sees("/account", http.StatusOK, "The little shop")
	r.Clock.Advance(time.Minute)
	revision := s.Report().ClientRevisions[realmconfig.ClientShard(c.ID)]
	r.Ended, r.Clients = []realmconfig.EndedClient{{ID: c.ID, At: r.Clock.Now()}}, []realmconfig.Client{}
	r.Update()
	s.eventually("the client is no more", func() bool { return s.Report().ClientRevisions[realmconfig.ClientShard(c.ID)] != revision })
	b.open("/account")
	b.sees("/account", http.StatusOK)
	if strings.Contains(b.text(), "The little shop") {
		t.Error("the page has the client's session")
	}
}
