// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/netip"
	"slices"
	"testing"
)

// A gateway that the realm was not told of is counted as many sources, not as none, and
// the report tells the operator of it.
func TestAServerTellsOfAnUnnamedProxy(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.Peer = netip.MustParseAddrPort("10.244.0.7:4321")
	r.Config.Login.Lockout.SourceFailures = 1
	r.Update()
	s := r.serve()
	if got := s.Report().UnnamedProxies; got != nil {
		t.Errorf("before the first request it tells of %v", got)
	}
	for i := range 20 {
		s.loginFrom("203.0.113.7, <b>call us</b>", account(i), wrongPassword).Expect(t, http.StatusNotFound, "user_not_found")
	}
	s.loginFrom("203.0.113.8", account(20), wrongPassword).Expect(t, http.StatusTooManyRequests, "rate_limited")
	if got := s.Report().UnnamedProxies; !slices.Equal(got, []string{"10.244.0.7"}) {
		t.Errorf("it tells of %q", got)
	}
	r.Config.Network.TrustedProxies = []string{"10.244.0.0/24"}
	r.Update()
	s.eventually("it is named", func() bool { return s.Report().UnnamedProxies == nil })
	s.loginFrom("203.0.113.8", account(20), wrongPassword).Expect(t, http.StatusNotFound, "user_not_found")
}
