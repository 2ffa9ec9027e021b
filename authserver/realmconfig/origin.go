// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Origin is the origin of a URL as browsers write it, and compare it letter by letter
// (RFC 6454, section 6.2): in lower case, an IP address in its one form, without the
// port that goes without saying. The error says why no browser is ever at the URL, or
// none that means the same host as whoever wrote it.
func Origin(u *url.URL) (string, error) {
	if u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return "", errors.New("must start with https://, and have no user")
	}
	host, err := browserHost(u)
	if err != nil {
		return "", err
	}
	if !plausiblePort(u) {
		return "", errors.New("the port must be 1 to 65535")
	}
	port, _ := strconv.Atoi(u.Port())
	if port == 0 || port == map[string]int{"https": 443, "http": 80}[u.Scheme] {
		return u.Scheme + "://" + host, nil
	}
	return u.Scheme + "://" + host + ":" + strconv.Itoa(port), nil
}

// browserHost is a host in the form of the URL Standard, section 3.5.
func browserHost(u *url.URL) (string, error) {
	host := strings.ToLower(u.Hostname())
	if strings.HasPrefix(u.Host, "[") {
		address, err := netip.ParseAddr(host)
		switch {
		case err != nil || address.Zone() != "":
			return "", errors.New("must have an IPv6 address between [ and ]")
		case address.Is4In6():
			b := address.As16()
			return fmt.Sprintf("[::ffff:%x:%x]", binary.BigEndian.Uint16(b[12:]), binary.BigEndian.Uint16(b[14:])), nil
		default:
			return "[" + address.String() + "]", nil
		}
	}
	labels := strings.Split(host, ".")
	if last := labels[len(labels)-1]; isNumber(last) { // a browser takes it for an IPv4 address
		if address, err := netip.ParseAddr(host); err != nil || !address.Is4() {
			return "", errors.New("must have a host name, or an IP address such as 192.0.2.7")
		}
		return host, nil
	}
	if slices.ContainsFunc(labels, func(label string) bool { return !isLabel(label) }) {
		return "", errors.New("must name one host, in ASCII (xn-- for other letters), without * and without a dot at its end")
	}
	return host, nil
}

func isLabel(label string) bool {
	odd := func(r rune) bool { return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') }
	return label != "" && len(label) <= 63 && !strings.ContainsFunc(label, odd)
}

// isNumber reports whether a browser takes a label for a number.
func isNumber(label string) bool {
	digits, hexadecimal := strings.CutPrefix(label, "0x")
	if hexadecimal {
		return strings.Trim(digits, "0123456789abcdef") == ""
	}
	return label != "" && strings.Trim(label, "0123456789") == ""
}

func plausiblePort(u *url.URL) bool {
	if u.Port() == "" {
		return true
	}
	port, err := strconv.Atoi(u.Port())
	return err == nil && port >= 1 && port <= 65535
}

// IsPlainPath reports whether every server and every browser reads an escaped path in
// the same way: it has nothing to resolve, and nothing in disguise.
func IsPlainPath(escaped string) bool {
	lower := strings.ToLower(escaped)
	for _, disguise := range []string{"%2e", "%2f", "%5c", "%00", ";", "//"} {
		if strings.Contains(lower, disguise) {
			return false
		}
	}
	return !slices.ContainsFunc(strings.Split(escaped, "/"), func(s string) bool { return s == "." || s == ".." })
}
