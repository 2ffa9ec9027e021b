// SPDX-License-Identifier: Apache-2.0

package dpop

import (
	"cmp"
	"net/netip"
	"net/url"
	"strings"
)

// targetOf is a URL without query and fragment, in the one form that RFC 3986, sections
// 6.2.2 and 6.2.3, give it but for dots in its path, which no client sends; false for what
// is no URL of HTTP. No two resources have one form.
func targetOf(raw string) (string, bool) {
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.User != nil {
		return "", false
	}
	usual, known := map[string]string{"https": "443", "http": "80"}[u.Scheme]
	host, ok := hostOf(u)
	if !known || !ok {
		return "", false
	}
	if port := u.Port(); port != "" && port != usual {
		host += ":" + port
	}
	return u.Scheme + "://" + host + cmp.Or(plainPath(u.EscapedPath()), "/"), true
}

// hostOf is the name or the address in a URL; false where there is none.
func hostOf(u *url.URL) (string, bool) {
	host := strings.ToLower(u.Hostname())
	if strings.Contains(host, ":") {
		address, err := netip.ParseAddr(host)
		return "[" + host + "]", err == nil && address.Zone() == ""
	}
	return host, host != "" && !strings.Contains(host, "%")
}

// plainPath writes a path without escapes that it does not need, and others in capitals.
func plainPath(escaped string) string {
	b := strings.Builder{}
	for i := 0; i < len(escaped); i++ {
		if escaped[i] != '%' || i+2 >= len(escaped) {
			_ = b.WriteByte(escaped[i])
			continue
		}
		char, err := url.PathUnescape(escaped[i : i+3])
		if err == nil && isUnreserved(char[0]) {
			_ = b.WriteByte(char[0])
		} else {
			_, _ = b.WriteString(strings.ToUpper(escaped[i : i+3]))
		}
		i += 2
	}
	return b.String()
}

// isUnreserved finds what means the same with an escape and without (RFC 3986, section 2.3).
func isUnreserved(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("-._~", c) >= 0
}
