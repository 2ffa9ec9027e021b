// SPDX-License-Identifier: Apache-2.0

package request

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/outbound"
)

// maxUserAgent is in bytes.
const maxUserAgent = 256

// Client is who sent a request, as far as the realm may believe it.
func Client(r *http.Request, network realmconfig.Network) auth.Client {
	agent := r.UserAgent()
	return auth.Client{
		UserAgent: printable(agent[:min(len(agent), maxUserAgent)]),
		Address:   clientAddress(r, network.TrustedProxies),
		Shared:    behindUnnamedProxy(r, network.TrustedProxies),
		Device:    device(r),
	}
}

func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, s)
}

// clientAddress is the peer of the connection, or what the realm's proxies say
// of it: the right-most address of X-Forwarded-For that is not a proxy of ours,
// because each of them adds the one that it has seen itself. What stands to the
// left of that, anybody may have written.
//
// The Forwarded header (RFC 7239) is not looked at. A proxy that knows only one
// of the two passes the other on as the client sent it, and the one that nearly
// all proxies know is X-Forwarded-For.
func clientAddress(r *http.Request, proxies []string) string {
	trusted := prefixes(proxies)
	peer, ok := parseHop(r.RemoteAddr)
	if !ok {
		return r.RemoteAddr
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, text := range slices.Backward(hops) {
		if !within(trusted, peer) {
			break
		}
		hop, ok := parseHop(text)
		if !ok {
			break // nobody knows who is behind this proxy
		}
		peer = hop
	}
	return peer.String()
}

// behindUnnamedProxy reports whether a request came through a gateway of a realm that
// nobody has told of any: from the cluster's own network, for somebody else. Where
// proxies are named, whoever is not among them speaks for itself.
func behindUnnamedProxy(r *http.Request, proxies []string) bool {
	_, unnamed := unnamedProxy(r, proxies)
	return unnamed && len(proxies) == 0
}

// unnamedProxy is the peer of a request that speaks for somebody else though the realm
// does not name it. Whoever comes from outside cannot claim so.
func unnamedProxy(r *http.Request, proxies []string) (netip.Addr, bool) {
	peer, ok := parseHop(r.RemoteAddr)
	return peer, ok && outbound.IsPrivate(peer) && !within(prefixes(proxies), peer) && r.Header.Get("X-Forwarded-For") != ""
}

func prefixes(texts []string) []netip.Prefix {
	list := make([]netip.Prefix, 0, len(texts))
	for _, text := range texts {
		if p, err := netip.ParsePrefix(text); err == nil {
			list = append(list, unmapped(p))
		}
	}
	return list
}

// unmapped is the IPv4 form of a prefix of IPv4-mapped addresses, in which
// addresses are compared.
func unmapped(p netip.Prefix) netip.Prefix {
	const mappedBits = 96
	if p.Addr().Is4In6() && p.Bits() >= mappedBits {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mappedBits)
	}
	return p
}

func within(list []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(list, func(p netip.Prefix) bool { return p.Contains(a) })
}

// parseHop reads an address as proxies write it: with or without a port, IPv6
// with or without brackets. The zone of an IPv6 address means something to the
// machine that wrote it alone.
func parseHop(text string) (netip.Addr, bool) {
	text = strings.TrimSpace(text)
	if withPort, err := netip.ParseAddrPort(text); err == nil {
		return withPort.Addr().Unmap().WithZone(""), true
	}
	if inner, found := strings.CutPrefix(text, "["); found {
		text, found = strings.CutSuffix(inner, "]")
		if !found || !strings.Contains(text, ":") {
			return netip.Addr{}, false
		}
	}
	a, err := netip.ParseAddr(text)
	return a.Unmap().WithZone(""), err == nil
}
