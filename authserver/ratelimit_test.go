// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// untilLimited guesses until the source is refused, and says how many guesses
// were judged.
func (s *server) untilLimited(source string) int {
	s.t.Helper()
	for judged := range 20 {
		if a := s.loginFrom(source, account(judged), wrongPassword); a.Problem.Code == "rate_limited" {
			if wait := a.RetryAfter(); wait < 1 || wait > 20 {
				s.t.Errorf("Retry-After is %d", wait)
			}
			return judged
		}
	}
	s.t.Error("nothing was refused")
	return 0
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	redis := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), redis.URL())
	r.Config.Network.RequestsPerMinute = 3
	r.behindProxy()
	r.Clock.Stop()
	s := r.serve()
	if judged := s.untilLimited(office); judged != 3 {
		t.Errorf("%d of three a minute were judged", judged)
	}
	junk := newRequest(t, http.MethodPost, "/api/auth/login", "not even JSON")
	junk.Header.Set("X-Forwarded-For", office)
	s.do(junk).Expect(t, http.StatusTooManyRequests, "rate_limited") // before its body is looked at
	limited := `realmkeeper_rate_limited_total{route="POST /api/auth/login"}`
	if got := s.Metric(limited); got != "2" {
		t.Errorf("%s is %q", limited, got)
	}
	// Another route counts for itself, another source too, and keys are for all.
	refresh := newRequest(t, http.MethodPost, "/api/auth/refresh", map[string]string{"refresh_token": "x"})
	refresh.Header.Set("X-Forwarded-For", office)
	s.do(refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	s.loginFrom(elsewhere, "nobody@example.com", wrongPassword).Expect(t, http.StatusNotFound, "user_not_found")
	for range 20 {
		if a := s.do(newRequest(t, http.MethodGet, "/.well-known/jwks.json", nil)); a.Status != http.StatusOK {
			t.Fatalf("keys answered %d", a.Status)
		}
	}
	r.Clock.Advance(20 * time.Second)
	if judged := s.untilLimited(office); judged != 1 {
		t.Errorf("%d were judged twenty seconds later, want one", judged)
	}
	redis.Stop(t)
	if judged := s.untilLimited("192.0.2.77"); judged != 3 {
		t.Errorf("without Redis %d of three a minute were judged", judged)
	}
	r.Config.Network.RequestsPerMinute = 0
	r.Update()
	s.eventually("the limit is lifted", func() bool {
		return s.loginFrom(office, account(3), wrongPassword).Problem.Code != "rate_limited"
	})
}

// A session that a page refreshes on its way counts as a refresh, whatever its cookie
// is worth; a visitor without one is sent to sign in as ever.
func TestPagesRefreshWithinTheLimit(t *testing.T) {
	t.Parallel()
	r := newRealmWithApp(t)
	r.Config.Network.RequestsPerMinute = 1
	r.Update()
	r.Clock.Stop()
	s := r.serve()
	for range 10 {
		s.tryRefresh("x").Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	}
	s.tryRefresh("x").Expect(t, http.StatusTooManyRequests, "rate_limited")
	for _, path := range []string{"/account", askToReturn("verifier")} {
		if a := s.page(path, "__Host-rk-session=rkr_"+strings.Repeat("A", 43)); a.Status != http.StatusTooManyRequests || a.RetryAfter() < 1 {
			t.Errorf("%s answered %d", path, a.Status)
		}
	}
	for _, route := range []string{"GET /account", "GET /signin"} {
		if got := s.Metric(`realmkeeper_rate_limited_total{route="` + route + `"}`); got != "1" {
			t.Errorf("%s was limited %s times", route, got)
		}
	}
	if a := s.page("/signin", ""); a.Status != http.StatusOK {
		t.Errorf("the form answered %d", a.Status)
	}
}

// page asks for a page with a cookie.
func (s *server) page(path, cookie string) answer {
	s.t.Helper()
	r := newRequest(s.t, http.MethodGet, path, nil)
	r.Header.Set("Cookie", cookie)
	response, err := s.HTTP.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	a, err := realmtest.ReadAnswer(response)
	if err != nil {
		s.t.Fatal(err)
	}
	return answer(a)
}

func TestWhatATokenChangesIsLimited(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Clock.Stop()
	s := r.serve()
	access := s.login().Access
	r.Config.Network.RequestsPerMinute = 2
	r.Update()
	s.eventually("the limit is in force", func() bool {
		for i := range 20 {
			if a := s.as(access, http.MethodPatch, "/api/user/profile", map[string]string{"name": fmt.Sprint("Grace ", i)}); a.Problem.Code == "rate_limited" {
				return a.Status == http.StatusTooManyRequests && a.RetryAfter() > 0
			}
		}
		return false
	})
}
