// SPDX-License-Identifier: Apache-2.0

package pki

import (
	"crypto/x509"
	"net"
	"slices"
	"strings"
	"time"
)

// Serves reports whether a certificate of a's can go on being served for
// exactly hosts at now: it is a's, it names those hosts and no other, and it is
// valid, and not due for renewal.
func (a Authority) Serves(leaf Pair, hosts []string, now time.Time) bool {
	names, addresses := split(hosts)
	sameNames := slices.Equal(sorted(leaf.Certificate.DNSNames), sorted(names))
	sameAddresses := slices.EqualFunc(leaf.Certificate.IPAddresses, addresses, net.IP.Equal)
	return sameNames && sameAddresses &&
		leaf.Certificate.CheckSignatureFrom(a.Certificate) == nil &&
		leaf.ValidAt(now) && now.Before(leaf.RenewAt())
}

// ValidAt reports whether clients whose clock says now take a certificate.
func (p Pair) ValidAt(now time.Time) bool {
	return !now.Before(p.Certificate.NotBefore) && now.Before(p.Certificate.NotAfter)
}

// IsForServers reports whether a certificate is for the use of servers, as one is that
// names no use (RFC 5280, section 4.2.1.12).
func (p Pair) IsForServers() bool {
	uses := p.Certificate.ExtKeyUsage
	return len(uses)+len(p.Certificate.UnknownExtKeyUsage) == 0 ||
		slices.Contains(uses, x509.ExtKeyUsageServerAuth) || slices.Contains(uses, x509.ExtKeyUsageAny)
}

// ExpiresSoonAt is from when on a certificate that somebody else renews should have been:
// the last tenth of its life, and at most its last week.
func (p Pair) ExpiresSoonAt() time.Time {
	const week = 7 * 24 * time.Hour
	life := p.Certificate.NotAfter.Sub(p.Certificate.NotBefore)
	return p.Certificate.NotAfter.Add(-min(week, life/10))
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
