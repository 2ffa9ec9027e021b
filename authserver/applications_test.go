// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const applicationsPath = "/api/auth/applications"

type applicationsAnswer struct {
	Applications []struct {
		ID        string    `json:"id"`
		Name      string    `json:"name"`
		Scopes    []string  `json:"scopes"`
		Resources []string  `json:"resources"`
		Since     time.Time `json:"since"`
		Sessions  []string  `json:"sessions"`
	} `json:"applications"`
}

func (s *server) applications(access string) applicationsAnswer {
	s.t.Helper()
	return decode[applicationsAnswer](s.t, s.as(access, http.MethodGet, applicationsPath, nil), http.StatusOK)
}

// agreed signs the admin in at an application that asks, and gives it what it asks for.
func (f *flow) agreed(b *pageBrowser) held {
	f.a.s.t.Helper()
	b.away = nil
	b.open(f.address())
	if len(b.all("form", "action", "/signin")) > 0 {
		b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	}
	b.isAsked()
	b.answers("allow")
	return f.exchange(f.code(b))
}

// What somebody has let an application do stands on their account page, and ends there,
// with everything that the application was granted.
func TestWhatAnApplicationMayIsTakenBack(t *testing.T) {
	t.Parallel()
	for name, revoke := range map[string]func(s *server, b *pageBrowser, id string){
		"on the account page": func(_ *server, b *pageBrowser, id string) {
			b.open("/account")
			b.submit("/account/applications/revoke", map[string]string{"client": id})
			b.sees("/account", http.StatusOK, "What you had let the application do is taken back.")
		},
		"by the API": func(s *server, b *pageBrowser, id string) {
			s.as(s.pagesOf(b).Access, http.MethodDelete, applicationsPath+"/"+id, nil).Expect(s.t, http.StatusNoContent, "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newWebClient(asking)
			other := newClient("apps.other", asking, func(c *realmconfig.Client) { c.DisplayName = "Other" })
			r := newRealmOfClients(t, c, other)
			s := r.serve()
			b := s.newPageBrowser()
			bound, offline := s.newApplication(c, "openid", "email").newFlow(), s.newApplication(c, "openid", "offline_access").newFlow()
			kept := s.newApplication(other, "openid", "offline_access").newFlow()
			one, two, three := bound.agreed(b), offline.agreed(b), kept.agreed(b)
			pending := bound.a.newFlow()
			b.open(pending.address())
			code := pending.code(b)

			got := s.applications(s.pagesOf(b).Access).Applications
			if len(got) != 2 || got[0].ID != other.ID || got[1].ID != c.ID || got[1].Name != "Shop" || len(got[1].Sessions) != 1 || len(got[1].Scopes) != 3 {
				t.Fatalf("the applications are %+v", got)
			}
			b.open("/account")
			b.sees("/account", http.StatusOK, "Shop", "know your e-mail address", "apps.shop", "Shop, without the browser", "Other")

			revoke(s, b, c.ID)
			for what, held := range map[string]held{"of the browser's session": one, "of its own": two} {
				t.Log(what)
				refused(t, bound.a.tryRefresh(held.RefreshToken), http.StatusBadRequest, "invalid_grant")
				refused(t, s.userInfo(held.AccessToken), http.StatusUnauthorized, "invalid_token")
			}
			refused(t, bound.a.token(pending.redemption(code)), http.StatusBadRequest, "invalid_grant")
			kept.refresh(three.RefreshToken)
			if left := s.applications(s.pagesOf(b).Access).Applications; len(left) != 1 || left[0].ID != other.ID {
				t.Errorf("left are %+v", left)
			}
			for action, want := range map[string]int{"consent.revoked": 1, "grant.ended": 1} {
				if n := query[int](r, "SELECT count(*) FROM audit_events WHERE action = $1 AND detail = $2 AND actor_id = target_id", action, c.ID); n != want {
					t.Errorf("%d events tell of %s", n, action)
				}
			}
			s.as(s.pagesOf(b).Access, http.MethodDelete, applicationsPath+"/"+c.ID, nil).Expect(t, http.StatusNotFound, "not_found")
			f := bound.a.newFlow()
			b.open(f.address())
			b.isAsked()
		})
	}
}

// What one user has agreed to is nobody else's.
func TestApplicationsAreOfOneUser(t *testing.T) {
	t.Parallel()
	c := newWebClient(asking)
	r := newRealmOfClients(t, c)
	s := r.serve()
	a, b, f := s.newAnn("user"), s.newPageBrowser(), s.newApplication(c, "openid", "offline_access").newFlow()
	h := f.agreed(b)
	if got := s.applications(a.session.Access).Applications; len(got) != 0 {
		t.Errorf("somebody else sees %+v", got)
	}
	for _, id := range []string{c.ID, "apps.nobody", "noise", "%00", "a%27b"} {
		got := s.as(a.session.Access, http.MethodDelete, applicationsPath+"/"+id, nil)
		if got.Status != http.StatusNotFound && got.Status != http.StatusBadRequest {
			t.Errorf("%s: answered %d %s", id, got.Status, got.Body)
		}
	}
	h = f.refresh(h.RefreshToken)
	s.as(h.AccessToken, http.MethodGet, applicationsPath, nil).Expect(t, http.StatusUnauthorized, "token_invalid")
	s.as(h.AccessToken, http.MethodDelete, applicationsPath+"/"+c.ID, nil).Expect(t, http.StatusUnauthorized, "token_invalid")
	f.refresh(h.RefreshToken)
}

// An application that nobody was asked about stands there for what it does without the
// browser.
func TestAnApplicationThatGoesOnStandsAmongThem(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	s := newRealmOfClients(t, c).serve()
	b := s.newPageBrowser()
	bound, offline := s.newApplication(c, "openid").newFlow(), s.newApplication(c, "openid", "offline_access").newFlow()
	one := bound.signIn(b)
	if got := s.applications(s.pagesOf(b).Access).Applications; len(got) != 0 {
		t.Errorf("what ends with the browser stands there: %+v", got)
	}
	two := offline.signIn(b)
	b.open("/account")
	b.submit("/account/applications/revoke", map[string]string{"client": c.ID})
	for _, token := range []string{one.RefreshToken, two.RefreshToken} {
		refused(t, bound.a.tryRefresh(token), http.StatusBadRequest, "invalid_grant")
	}
	bound.signIn(b)
}

func TestConsentsGoWithTheirUser(t *testing.T) {
	t.Parallel()
	c := newWebClient(asking)
	r := newRealmOfClients(t, c)
	s := r.serve()
	admin, b, f := s.login().Access, s.newPageBrowser(), s.newApplication(c, "openid").newFlow()
	ann := s.createUser(admin, annEmail, "user")
	b.signIn(ann.Email, strangerPassword)
	f.agreed(b)
	s.as(admin, http.MethodDelete, "/api/admin/users/"+ann.ID, nil).Expect(t, http.StatusNoContent, "")
	if n := query[int](r, "SELECT count(*) FROM consents"); n != 0 {
		t.Errorf("%d consents are left", n)
	}
}
