// SPDX-License-Identifier: Apache-2.0

package realm

import (
	"net"
	"net/netip"
	"net/url"
	"path"
	"strings"
)

// httpsPort is the port that an issuer means when it names none.
const httpsPort = "443"

// normalIssuer is the one form of all issuers that lead to the same place (RFC 3986,
// section 6.2): host in lower case, no port that https means anyway, no slash at the
// end. The kind refuses any other; this is for those that were there before it did.
func normalIssuer(issuer string) string {
	u, err := url.Parse(issuer)
	if err != nil || u.Host == "" {
		return issuer
	}
	host, port := normalHost(u.Hostname()), strings.TrimLeft(u.Port(), "0")
	switch {
	case port != "" && port != httpsPort:
		host = net.JoinHostPort(host, port)
	case strings.Contains(host, ":"):
		host = "[" + host + "]"
	}
	folder := strings.TrimSuffix(path.Clean("/"+u.Path), "/")
	return (&url.URL{Scheme: "https", Host: host, Path: folder}).String()
}

func normalHost(host string) string {
	if address, err := netip.ParseAddr(host); err == nil {
		return address.String()
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}
