// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

// Where requests come from, as the proxy in front of the realm says.
const (
	office    = "203.0.113.7"
	elsewhere = "198.51.100.9"
)

// behindProxy makes the test the realm's proxy.
func (r *realm) behindProxy() {
	r.t.Helper()
	r.Config.Network.TrustedProxies = []string{"127.0.0.0/8"}
	r.Update()
}

func (s *server) loginRequest(email, password string, headers ...string) *http.Request {
	s.t.Helper()
	r := newRequest(s.t, http.MethodPost, "/api/auth/login", map[string]string{"email": email, "password": password})
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// loginFrom tries a login through the proxy.
func (s *server) loginFrom(source, email, password string) answer {
	s.t.Helper()
	return s.do(s.loginRequest(email, password, "X-Forwarded-For", source))
}

func account(i int) string { return fmt.Sprintf("user%d@example.com", i) }

func TestSprayingOverManyAccountsIsStoppedAtItsSource(t *testing.T) {
	t.Parallel()
	redis := testenv.StartRedis(t)
	r := newRealmOn(t, suite.postgres.Database(t), redis.URL())
	r.Config.Login.Lockout.SourceFailures = 10
	r.behindProxy()
	r.Clock.Stop()
	s := r.serve()
	for i := range 10 {
		s.loginFrom(office, account(i), wrongPassword).Expect(t, http.StatusNotFound, "user_not_found")
	}
	refused := func(when, source string) {
		t.Helper()
		a := s.loginFrom(source, adminEmail, adminPassword)
		a.Expect(t, http.StatusTooManyRequests, "rate_limited")
		if wait := a.RetryAfter(); wait != 15*60 {
			t.Errorf("%s: Retry-After is %d, want 900", when, wait)
		}
	}
	refused("at first", office)
	redis.Flush(t)
	refused("after Redis was flushed", office)
	redis.Stop(t)
	refused("while Redis is away", office)
	redis.Start(t)
	refused("with hops of its own making", "192.0.2.1, 127.0.0.1, "+office)
	s.tokensOf(s.loginFrom(elsewhere, adminEmail, adminPassword)) // nobody else is refused
	s.tokensOf(s.loginFrom(office+", "+elsewhere, adminEmail, adminPassword))
	if got := s.Metric(`realmkeeper_lockouts_total{by="source"}`); got != "1" {
		t.Errorf("counted %q lockouts, want 1", got)
	}
	r.Clock.Advance(15 * time.Minute)
	s.tokensOf(s.loginFrom(office, adminEmail, adminPassword))
}

func TestOneIPv6NetworkIsOneSource(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Login.Lockout.SourceFailures = 4
	r.behindProxy()
	s := r.serve()
	for i := range 4 {
		s.loginFrom(fmt.Sprintf("2001:db8:0:1:%x::1", i), account(i), wrongPassword).Expect(t, http.StatusNotFound, "user_not_found")
	}
	s.loginFrom("[2001:db8:0:1:ffff::9]:4711", adminEmail, adminPassword).Expect(t, http.StatusTooManyRequests, "rate_limited")
	s.tokensOf(s.loginFrom("2001:db8:0:2::1", adminEmail, adminPassword))
	if got := query[string](r, "SELECT address FROM sessions"); got != "2001:db8:0:2::1" {
		t.Errorf("the session remembers %q", got)
	}
}

func TestRightPasswordsCostASourceNothing(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Login.Lockout.SourceFailures = 3
	r.behindProxy()
	s := r.serve()
	for range 2 {
		s.loginFrom(office, "nobody@example.com", wrongPassword).Expect(t, http.StatusNotFound, "user_not_found")
	}
	for range 5 {
		s.tokensOf(s.loginFrom(office, adminEmail, adminPassword))
	}
	// Nor do they buy back what was guessed wrongly.
	s.loginFrom(office, "nobody@example.com", wrongPassword).Expect(t, http.StatusNotFound, "user_not_found")
	s.loginFrom(office, adminEmail, adminPassword).Expect(t, http.StatusTooManyRequests, "rate_limited")
}

func TestAStrangersForwardedHopsAreNotBelieved(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Login.Lockout.SourceFailures = 3
	r.Update()
	s := r.serve()
	for i := range 3 {
		s.loginFrom(fmt.Sprintf("198.51.100.%d", i), account(i), wrongPassword).Expect(t, http.StatusNotFound, "user_not_found")
	}
	s.loginFrom(elsewhere, adminEmail, adminPassword).Expect(t, http.StatusTooManyRequests, "rate_limited")
	forwarded := s.loginRequest(adminEmail, adminPassword, "Forwarded", "for="+elsewhere, "X-Real-IP", elsewhere)
	s.do(forwarded).Expect(t, http.StatusTooManyRequests, "rate_limited")
}

func TestParallelGuessesGetNoMoreThanTheSourcesLimit(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Config.Login.Lockout.SourceFailures = 20
	r.Update()
	first, second := r.serve(), r.serve()
	judged, refused := atomic.Int64{}, atomic.Int64{}
	race.Run(80, func(i int) {
		switch a := []*server{first, second}[i%2].tryLogin(account(i), wrongPassword); {
		case a.Problem.Code == "user_not_found":
			judged.Add(1)
		case a.Problem.Code == "rate_limited" && a.RetryAfter() >= 1:
			refused.Add(1)
		default:
			t.Errorf("answered %d %s", a.Status, a.Body)
		}
	})
	if judged.Load() != 20 || refused.Load() != 60 {
		t.Errorf("%d guesses were judged and %d refused, want 20 and 60", judged.Load(), refused.Load())
	}
}

func TestALockIsToldToTheOwnerOnce(t *testing.T) {
	t.Parallel()
	r, s := newRealmWithAnn(t)
	for range 9 {
		s.tryLogin(annEmail, wrongPassword)
		s.tryLogin("nobody@example.com", wrongPassword)
	}
	told := 0
	for _, l := range r.letters(annEmail) {
		if l.kind == "account-locked" {
			told++
		}
	}
	if told != 1 || len(r.letters("nobody@example.com")) != 0 {
		t.Errorf("the owner was told %d times, nobody %d", told, len(r.letters("nobody@example.com")))
	}
	if n := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'account.locked'"); n != 2 {
		t.Errorf("the trail has %d locks, want one of each address", n)
	}
	// The way in for an owner whom strangers have locked out everywhere.
	s.reset(s.resetToken(annEmail), newPassword).Expect(t, http.StatusOK, "")
	s.loginAnn(newPassword)
}
