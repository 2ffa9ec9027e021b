// SPDX-License-Identifier: Apache-2.0

package request

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func addressOf(peer string, proxies []string, forwarded ...string) string {
	return clientAddress(&http.Request{RemoteAddr: peer, Header: http.Header{"X-Forwarded-For": forwarded}}, proxies)
}

func TestClientAddress(t *testing.T) {
	t.Parallel()
	proxies := []string{"10.0.0.0/8", "fd00::/8", "::ffff:192.168.0.0/112"}
	const ours = "10.0.0.1:443"
	cases := map[string]struct {
		peer      string
		forwarded []string
		want      string
	}{
		"a stranger speaks for itself":            {"203.0.113.7:1234", nil, "203.0.113.7"},
		"a stranger speaks for others":            {"203.0.113.7:1234", []string{"198.51.100.1"}, "203.0.113.7"},
		"a proxy of ours":                         {ours, []string{"203.0.113.7"}, "203.0.113.7"},
		"two proxies of ours":                     {ours, []string{"203.0.113.7, 10.0.0.2"}, "203.0.113.7"},
		"a client that forges hops":               {ours, []string{"198.51.100.1, 203.0.113.7"}, "203.0.113.7"},
		"a client that names a proxy of ours":     {ours, []string{"198.51.100.1, 10.9.9.9, 203.0.113.7"}, "203.0.113.7"},
		"hops in several headers":                 {ours, []string{"198.51.100.1", "203.0.113.7", "10.0.0.2"}, "203.0.113.7"},
		"nobody but proxies":                      {ours, []string{"10.0.0.3, 10.0.0.2"}, "10.0.0.3"},
		"a proxy that says nothing":               {ours, nil, "10.0.0.1"},
		"a proxy that does not know":              {ours, []string{"203.0.113.7, unknown"}, "10.0.0.1"},
		"a hop that is no address":                {ours, []string{"203.0.113.7, <script>, 10.0.0.2"}, "10.0.0.2"},
		"an empty hop":                            {ours, []string{"203.0.113.7,"}, "10.0.0.1"},
		"a hop with a port":                       {ours, []string{"203.0.113.7:5555"}, "203.0.113.7"},
		"an IPv6 hop":                             {ours, []string{"2001:db8::1"}, "2001:db8::1"},
		"an IPv6 hop in brackets":                 {ours, []string{"[2001:db8::1]"}, "2001:db8::1"},
		"an IPv6 hop with a port":                 {ours, []string{"[2001:db8::1]:443"}, "2001:db8::1"},
		"an IPv4 hop in brackets":                 {ours, []string{"[203.0.113.7]"}, "10.0.0.1"},
		"half a bracket":                          {ours, []string{"[2001:db8::1"}, "10.0.0.1"},
		"an IPv6 hop with a zone":                 {ours, []string{"fe80::1%eth0"}, "fe80::1"},
		"an IPv4 hop in IPv6 form":                {ours, []string{"::ffff:203.0.113.7"}, "203.0.113.7"},
		"a proxy in IPv6 form":                    {"[::ffff:10.0.0.1]:443", []string{"203.0.113.7"}, "203.0.113.7"},
		"a proxy of a prefix in IPv6 form":        {"192.168.4.4:443", []string{"203.0.113.7"}, "203.0.113.7"},
		"an IPv6 proxy with a zone":               {"[fd00::1%eth0]:443", []string{"203.0.113.7"}, "203.0.113.7"},
		"leading zeros, which some read as octal": {ours, []string{"010.0.0.2, 203.0.113.07"}, "10.0.0.1"},
		"an address of a connection without port": {"203.0.113.7", nil, "203.0.113.7"},
		"a connection that has no address at all": {"@", []string{"203.0.113.7"}, "@"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := addressOf(c.peer, proxies, c.forwarded...); got != c.want {
				t.Errorf("address is %s, want %s", got, c.want)
			}
			if got := addressOf(c.peer, nil, c.forwarded...); strings.Contains(c.peer, "10.0.0.1") && got != "10.0.0.1" {
				t.Errorf("without proxies the address is %s", got)
			}
		})
	}
}

// Whatever a client writes, the hop that our proxy has added counts.
func FuzzClientAddress(f *testing.F) {
	for _, seed := range []string{
		"", "unknown", "198.51.100.1", "[::1]:80, 10.0.0.1", "fe80::1%eth0", ",,,", "\"", "::ffff:10.0.0.1", "1.2.3.4:99999",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		proxies := []string{"10.0.0.0/8"}
		if got := addressOf("10.0.0.1:443", proxies, header, "203.0.113.9"); got != "203.0.113.9" {
			t.Errorf("a client made itself %s", got)
		}
		if got := addressOf("203.0.113.9:443", proxies, header); got != "203.0.113.9" {
			t.Errorf("a stranger made itself %s", got)
		}
		a, err := netip.ParseAddr(addressOf("10.0.0.1:443", proxies, header))
		if err != nil || a.Zone() != "" || a.Is4In6() {
			t.Errorf("address is %s, %v", a, err)
		}
	})
}

func TestUnknownProxiesAreNotTakenForClients(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		peer, forwarded string
		unknown         bool
	}{
		"a gateway nobody has told of":        {"10.244.0.7:443", "203.0.113.7", true},
		"the same over IPv6":                  {"[fd12::7]:443", "203.0.113.7", true},
		"the same where clouds put pods":      {"100.64.1.7:443", "203.0.113.7", true},
		"a gateway of ours":                   {"10.1.0.7:443", "203.0.113.7", false},
		"a neighbour that speaks for itself":  {"10.244.0.7:443", "", false},
		"a stranger who claims to be a proxy": {"198.51.100.9:443", "203.0.113.7", false},
		"the machine itself":                  {"127.0.0.1:443", "203.0.113.7", false},
		"a peer that is no address":           {"@", "203.0.113.7", false},
	}
	for name, c := range cases {
		r := &http.Request{RemoteAddr: c.peer, Header: http.Header{}}
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		if _, got := unnamedProxy(r, []string{"10.1.0.0/16"}); got != c.unknown {
			t.Errorf("%s: %t", name, got)
		}
		if behindUnnamedProxy(r, []string{"10.1.0.0/16"}) {
			t.Errorf("%s: not counted by source, though the realm names its proxies", name)
		}
	}
}
