// SPDX-License-Identifier: Apache-2.0

package outbound

import (
	"net/netip"
	"slices"
)

// allowed reports whether a client may connect to an address.
func allowed(to netip.Addr, allowPrivate bool) bool {
	to = to.WithZone("").Unmap()
	if nat64.Contains(to) {
		bytes := to.As16() // the IPv4 address stands at its end (RFC 6052, section 2.2)
		to = netip.AddrFrom4([4]byte(bytes[12:]))
	}
	within := func(p netip.Prefix) bool { return p.Contains(to) }
	switch {
	case !to.IsValid(), to.IsUnspecified(), to.IsMulticast(), to.IsLinkLocalUnicast(), slices.ContainsFunc(metadata(), within):
		return false
	case to.IsLoopback(), IsPrivate(to):
		return allowPrivate
	case to.Is6() && !global6.Contains(to):
		return false
	default:
		return !slices.ContainsFunc(reserved(), within)
	}
}

// IsPrivate reports whether an address is of a range in which networks number their own
// machines: the private ones (RFC 1918, RFC 4193) and the shared one (RFC 6598), where
// some clouds put pods.
func IsPrivate(a netip.Addr) bool { return a.IsPrivate() || shared.Contains(a) }

var (
	nat64   = netip.MustParsePrefix("64:ff9b::/96")
	global6 = netip.MustParsePrefix("2000::/3")
	shared  = netip.MustParsePrefix("100.64.0.0/10") // carrier-grade NAT (RFC 6598)
)

// metadata is where clouds tell a machine its secrets, beyond link-local addresses.
func metadata() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("fd00:ec2::/32"),
		netip.MustParsePrefix("fd20:ce::254/128"),
		netip.MustParsePrefix("100.100.100.200/32"),
		netip.MustParsePrefix("168.63.129.16/32"),
	}
}

// reserved is what nobody on the internet has (IANA's special-purpose registries).
func reserved() []netip.Prefix {
	return []netip.Prefix{
		netip.MustParsePrefix("0.0.0.0/8"),
		netip.MustParsePrefix("192.0.0.0/24"),
		netip.MustParsePrefix("192.0.2.0/24"),
		netip.MustParsePrefix("192.88.99.0/24"),
		netip.MustParsePrefix("198.18.0.0/15"),
		netip.MustParsePrefix("198.51.100.0/24"),
		netip.MustParsePrefix("203.0.113.0/24"),
		netip.MustParsePrefix("240.0.0.0/4"),
		netip.MustParsePrefix("2001::/23"),     // Teredo among others: an IPv4 address in disguise
		netip.MustParsePrefix("2001:db8::/32"), // documentation
		netip.MustParsePrefix("2002::/16"),     // 6to4: an IPv4 address in disguise
		netip.MustParsePrefix("3fff::/20"),     // documentation
	}
}
