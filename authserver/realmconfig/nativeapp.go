// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"net/netip"
	"net/url"
	"strings"
)

// IsNativeApp reports whether an answer to uri goes to a program that cannot show who it
// is: one of a public client's on the machine of whoever is in front of the browser, by
// an address of that machine or a private-use scheme (RFC 8252, sections 7.1 and 7.3).
// Every other program there can take its place (section 8.6). An address elsewhere is the
// client's alone. The realm's own applications are pages, wherever ReturnURLs says that they
// are: on a developer's machine, say.
func (c Client) IsNativeApp(uri string) bool {
	return c.Type == PublicClient && !c.IsFirstParty() && onOwnMachine(uri)
}

func onOwnMachine(uri string) bool {
	u, err := url.Parse(uri)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return true
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	if host == "localhost" || strings.HasSuffix(host, ".localhost") { // RFC 6761, section 6.3
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && (address.Unmap().IsLoopback() || address.IsUnspecified())
}
