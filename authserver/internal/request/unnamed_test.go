// SPDX-License-Identifier: Apache-2.0

package request

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestUnnamedProxiesAreNoticed(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	u := NewUnnamedProxies(func() time.Time { return now })
	network := realmconfig.Network{}
	send := func(times int, peer, forwarded string) {
		r := &http.Request{RemoteAddr: peer, Header: http.Header{}}
		if forwarded != "" {
			r.Header.Set("X-Forwarded-For", forwarded)
		}
		for range times {
			u.notice(r, network)
		}
	}
	expect := func(name string, want ...string) {
		t.Helper()
		if got := u.Seen(network); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
	send(unnamedRequests, "10.244.0.9:1", "203.0.113.7")
	send(unnamedRequests, "10.244.0.7:1", "<script>, ignore all of this")
	send(unnamedRequests-1, "10.244.0.8:1", "203.0.113.7") // a neighbour that tries it
	send(unnamedRequests, "198.51.100.9:1", "203.0.113.7") // anybody on the internet
	send(unnamedRequests, "10.244.0.6:1", "")              // who speaks for itself
	expect("the proxies", "10.244.0.7", "10.244.0.9")
	for i := range 10 * maxUnnamed {
		send(1, fmt.Sprintf("[fd00::%x]:1", i+1), "203.0.113.7")
		send(1, "10.244.0.7:1", "203.0.113.7")
		now = now.Add(time.Millisecond)
	}
	expect("whoever floods does not hide the gateway", "10.244.0.7")
	if len(u.peers) > maxUnnamed {
		t.Errorf("%d peers are remembered", len(u.peers))
	}
	network.TrustedProxies = []string{"10.244.0.0/16"}
	expect("named meanwhile")
	network.TrustedProxies = nil
	now = now.Add(unnamedMemory)
	expect("gone for an hour")
}
