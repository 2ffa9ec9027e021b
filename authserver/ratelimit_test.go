// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// untilLimited guesses until the source is refused, and says how many guesses
// were judged. On a machine so busy that Redis is slow to answer, they are more:
// then the server counts for itself.
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
	s := r.serve()
	if judged := s.untilLimited(office); judged < 3 || judged > 6 {
		t.Errorf("%d of three a minute were judged", judged)
	}
	s.eventually("it is refused before its body is looked at", func() bool {
		junk := newRequest(t, http.MethodPost, "/api/auth/login", "not even JSON")
		junk.Header.Set("X-Forwarded-For", office)
		return s.do(junk).Problem.Code == "rate_limited"
	})
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
	if judged := s.untilLimited(office); judged < 1 || judged > 4 {
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
