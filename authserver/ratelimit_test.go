// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

func TestRateLimit(t *testing.T) {
	t.Parallel()
	redis := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), redis.URL())
	r.config.Network.RequestsPerMinute = 3
	r.behindProxy()
	s := r.serve()
	for range 3 {
		s.loginFrom(office, "nobody@example.com", wrongPassword).expect(t, http.StatusNotFound, "user_not_found")
	}
	huge := newRequest(t, http.MethodPost, "/api/auth/login", "not even JSON")
	huge.Header.Set("X-Forwarded-For", office)
	a := s.do(huge) // refused before its body is looked at
	a.expect(t, http.StatusTooManyRequests, "rate_limited")
	if wait := a.retryAfter(); wait < 1 || wait > 20 {
		t.Errorf("Retry-After is %d", wait)
	}
	limited := `realmkeeper_rate_limited_total{route="POST /api/auth/login"}`
	if got := s.metric(limited); got != "1" {
		t.Errorf("%s is %q", limited, got)
	}
	// Another route counts for itself, another source too, and keys are for all.
	refresh := newRequest(t, http.MethodPost, "/api/auth/refresh", map[string]string{"refresh_token": "x"})
	refresh.Header.Set("X-Forwarded-For", office)
	s.do(refresh).expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	s.loginFrom(elsewhere, "nobody@example.com", wrongPassword).expect(t, http.StatusNotFound, "user_not_found")
	for range 20 {
		if a := s.do(newRequest(t, http.MethodGet, "/.well-known/jwks.json", nil)); a.status != http.StatusOK {
			t.Fatalf("keys answered %d", a.status)
		}
	}
	r.clock.advance(20 * time.Second)
	s.loginFrom(office, account(1), wrongPassword).expect(t, http.StatusNotFound, "user_not_found")
	s.loginFrom(office, account(1), wrongPassword).expect(t, http.StatusTooManyRequests, "rate_limited")

	redis.Stop(t)
	seen := map[string]int{}
	for range 20 {
		seen[s.loginFrom(office, account(2), wrongPassword).problem.Code]++
	}
	if seen["rate_limited"] != 17 {
		t.Errorf("without Redis the answers are %v, want three judged", seen)
	}
	r.config.Network.RequestsPerMinute = 0
	r.write()
	s.eventually("the limit is lifted", func() bool {
		return s.loginFrom(office, account(3), wrongPassword).problem.Code != "rate_limited"
	})
}
