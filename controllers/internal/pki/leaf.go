// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"net"
	"slices"
	"strings"
	"time"
)

// Serves reports whether a certificate of a's can go on being served for
// exactly hosts at now: it is a's, it names those hosts and no other, and it is
// not due for renewal.
func (a Authority) Serves(leaf Pair, hosts []string, now time.Time) bool {
	names, addresses := split(hosts)
	sameNames := slices.Equal(sorted(leaf.Certificate.DNSNames), sorted(names))
	sameAddresses := slices.EqualFunc(leaf.Certificate.IPAddresses, addresses, net.IP.Equal)
	return sameNames && sameAddresses &&
		leaf.Certificate.CheckSignatureFrom(a.Certificate) == nil &&
		now.Before(leaf.RenewAt())
}

// Covers reports whether a certificate is for a host, a DNS name or an IP address.
func (p Pair) Covers(host string) bool {
	return p.Certificate.VerifyHostname(host) == nil
}

// Hosts are those that a certificate is for.
func (p Pair) Hosts() []string {
	hosts := slices.Clone(p.Certificate.DNSNames)
	for _, ip := range p.Certificate.IPAddresses {
		hosts = append(hosts, ip.String())
	}
	return hosts
}

// split tells addresses from names; the addresses keep their order.
func split(hosts []string) (names []string, addresses []net.IP) {
	for _, h := range hosts {
		if ip := net.ParseIP(strings.Trim(h, "[]")); ip != nil {
			addresses = append(addresses, ip)
		} else if !slices.Contains(names, strings.ToLower(h)) {
			names = append(names, strings.ToLower(h))
		}
	}
	return names, addresses
}

func sorted(names []string) []string { return slices.Sorted(slices.Values(names)) }
