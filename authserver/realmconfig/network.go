// SPDX-License-Identifier: Apache-2.0

package realmconfig

import "net/netip"

// Network says whom to believe about where a request comes from, and how many
// requests one source may send.
type Network struct {
	// TrustedProxies are CIDR prefixes, none by default. The client is the
	// right-most address of X-Forwarded-For that is not one of them. Without any, the
	// clients of a private peer that sends that header are counted as twenty sources.
	TrustedProxies []string `json:"trustedProxies,omitempty"`
	// RequestsPerMinute is how many requests one source address may send to an
	// endpoint that costs work, sends mail or changes something, and a tenth of what
	// it may refresh and read: 0 to 1000000, 120 by default. Zero means no limit.
	RequestsPerMinute int `json:"requestsPerMinute"`
}

func (n Network) validate(p *problems) {
	for i, prefix := range n.TrustedProxies {
		_, err := netip.ParsePrefix(prefix)
		p.check(err == nil, "network.trustedProxies[%d]: must be a CIDR prefix such as 10.0.0.0/8", i)
	}
	p.number("network.requestsPerMinute", n.RequestsPerMinute, 0, 1_000_000)
}
