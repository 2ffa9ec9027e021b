// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// costlyHash is nobody's. It takes a lane for seconds, and a new login more than
// the allowed wait when a few of its kind are ahead.
const costlyHash = "$2b$16$......................123456789012345678901234567890."

// TestSaturation asserts counts and order, not times: while logins fill every
// lane, those that cannot start in time are refused at once, everything else
// goes on, and what is abandoned is dropped.
func TestSaturation(t *testing.T) {
	t.Parallel()
	const logins, lanes = 40, 8 // two workers of four lanes
	r := newRealm(t)
	lines := strings.Builder{}
	for i := range logins {
		lines.WriteString(line(t, map[string]any{"email": fmt.Sprintf("user-%d@example.com", i), "password_hash": costlyHash}))
	}
	if err := r.importUsers(lines.String()); err != nil {
		t.Fatal(err)
	}
	s := r.serve()
	if s.Report().HashesPerSecond <= 0 {
		t.Error("the report does not say how many passwords can be hashed")
	}
	tokens := s.login()
	before := s.hashed()

	ctx, abandon := context.WithCancel(t.Context())
	defer abandon()
	answers := make(chan int, logins)
	for i := range logins {
		request := newRequest(t, http.MethodPost, "/api/auth/login",
			map[string]string{"email": fmt.Sprintf("user-%d@example.com", i), "password": wrongPassword})
		go func() { answers <- s.statusOf(request.WithContext(ctx)) }()
	}
	s.eventually("every login waits, hashes or is refused", func() bool {
		return s.count("password_lanes_busy") == lanes &&
			lanes+s.count("password_queue")+s.count("passwords_refused_total") == logins
	})
	for range 10 {
		tokens = s.refresh(tokens.Refresh)
		s.profile(tokens.Access).Expect(t, http.StatusOK, "")
	}
	if s.hashed() != before {
		t.Error("a login was answered before ten refreshes that came after it")
	}
	refused := s.count("passwords_refused_total")
	if refused == 0 || refused+lanes > logins {
		t.Errorf("refused %d of %d logins at %d lanes", refused, logins, lanes)
	}

	for range refused {
		if status := <-answers; status != http.StatusServiceUnavailable {
			t.Errorf("the first to be answered was answered %d", status)
		}
	}
	abandon()
	for range logins - refused {
		<-answers
	}
	s.eventually("nothing is left of what was abandoned", func() bool {
		return s.count("password_lanes_busy")+s.count("password_queue") == 0
	})
	s.login()
}

// statusOf is a refused or answered request's status, 0 without an answer. A
// refusal without a time to come back counts as none.
func (s *server) statusOf(r *http.Request) int {
	response, err := s.HTTP.Do(r)
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	if after, _ := strconv.Atoi(response.Header.Get("Retry-After")); after < 1 {
		return 0
	}
	return response.StatusCode
}

// count is a whole metric.
func (s *server) count(name string) int {
	s.t.Helper()
	n, err := strconv.Atoi(s.Metric("realmkeeper_" + name))
	if err != nil {
		s.t.Fatal(err)
	}
	return n
}
