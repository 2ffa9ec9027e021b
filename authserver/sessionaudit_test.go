// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"testing"
	"time"
)

// told are the events of an action about a user, as an admin reads them.
func (s *server) told(admin, action, target string) []toldEvent {
	s.t.Helper()
	return decode[struct{ Events []toldEvent }](s.t,
		s.as(admin, http.MethodGet, "/api/admin/audit?action="+action+"&target="+target, nil), http.StatusOK).Events
}

type toldEvent struct {
	Action, Outcome, Detail string
	Actor, Target           *string
	Address                 string
	UserAgent               string `json:"user_agent"`
}

func TestTheTrailTellsOfEveryLogoutOnce(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	a := s.newAnn("user")
	session := func() tokens { return s.tokensOf(s.tryLogin(a.user.Email, strangerPassword)) }
	byAccess, byRefresh, byBoth := a.session, session(), session()
	pages := s.newPageBrowser()
	pages.signIn(a.user.Email, strangerPassword)
	onPages := s.pagesOf(pages)
	for range 2 { // a client may repeat itself
		s.as(byAccess.Access, http.MethodPost, "/api/auth/logout", map[string]string{}).Expect(t, http.StatusNoContent, "")
		s.post("/api/auth/logout", map[string]string{"refresh_token": byRefresh.Refresh}).Expect(t, http.StatusNoContent, "")
		s.as(byBoth.Access, http.MethodPost, "/api/auth/logout", map[string]string{"refresh_token": byBoth.Refresh}).Expect(t, http.StatusNoContent, "")
	}
	pages.submit("/signout", nil)

	told := map[string]int{}
	for _, e := range s.told(a.admin, "logout", a.user.ID) {
		told[e.Detail]++
		if e.Outcome != "succeeded" || e.Actor == nil || *e.Actor != a.user.ID || e.Address != "127.0.0.1" || e.UserAgent == "" {
			t.Errorf("told of %+v", e)
		}
	}
	for name, session := range map[string]tokens{"access token": byAccess, "refresh token": byRefresh, "both": byBoth, "pages": onPages} {
		if n := told[claimsOf(t, session.Access)["sid"].(string)]; n != 1 {
			t.Errorf("by %s: told %d times", name, n)
		}
	}
	if len(told) != 4 {
		t.Errorf("told of %d sessions", len(told))
	}
}

func TestTheTrailTellsOfReuseOnce(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Clock.Stop()
	s := r.serve()
	a := s.newAnn("user")
	s.refresh(a.session.Refresh)
	s.tryRefresh(a.session.Refresh).Expect(t, http.StatusOK, "")
	if n := len(s.told(a.admin, "refresh_token.reused", a.user.ID)); n != 0 {
		t.Errorf("a retry within the grace period is told of %d times", n)
	}
	r.Clock.Advance(time.Minute)
	for range 3 {
		s.tryRefresh(a.session.Refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	}
	told := s.told(a.admin, "refresh_token.reused", a.user.ID)
	if len(told) != 1 {
		t.Fatalf("told of %+v", told)
	}
	e := told[0]
	if e.Outcome != "refresh_token_invalid" || e.Actor != nil || e.Detail != claimsOf(t, a.session.Access)["sid"] || e.Address != "127.0.0.1" || e.UserAgent == "" {
		t.Errorf("told of %+v", e)
	}
	s.post("/api/auth/logout", map[string]string{"refresh_token": a.session.Refresh}).Expect(t, http.StatusNoContent, "")
	if n := len(s.told(a.admin, "logout", a.user.ID)); n != 0 {
		t.Errorf("the end of an ended session is told of %d times", n)
	}

	// Admins read it in words.
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	b.open("/admin/audit?action=refresh_token.reused")
	b.sees("/admin/audit", http.StatusOK, "The refresh token was not valid any more")
}
