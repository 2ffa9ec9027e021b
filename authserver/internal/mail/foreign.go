// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"net/netip"
	"strings"
	"unicode"
)

// longestName is how many characters of a name are greeted.
const longestName = 64

// greetable is a name that may stand in a mail to somebody who may not have
// chosen it: whoever registers a stranger's address also chooses the name, and
// must not get his own link or sentence to the stranger under our sender.
func greetable(name string) string {
	name = oneLine(name)
	runes := []rune(name)
	if len(runes) > longestName || strings.ContainsAny(name, "/:@<>\\") || strings.Contains(strings.ToLower(name), "www.") {
		return ""
	}
	for i, r := range runes {
		if !unicode.IsGraphic(r) {
			return ""
		}
		// Mail readers turn "example.com" into a link, but not "J. Doe".
		if r == '.' && i+1 < len(runes) && !unicode.IsSpace(runes[i+1]) {
			return ""
		}
	}
	return name
}

// oneLine makes any white space and control characters one blank.
func oneLine(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// source is an IP address, or nothing.
func source(address string) string {
	ip, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	return ip.Unmap().WithZone("").String()
}

// device names browser and system of a User-Agent header in known words alone,
// because the header is the client's to choose. It is empty when nothing is
// recognised.
func device(userAgent string) string {
	type sign struct{ mark, name string }
	first := func(signs []sign) string {
		for _, s := range signs {
			if strings.Contains(userAgent, s.mark) {
				return s.name
			}
		}
		return ""
	}
	browser := first([]sign{ // many claim to be others, too: the most particular stands first
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"}, {"curl/", "curl"},
	})
	system := first([]sign{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"CrOS", "ChromeOS"},
		{"Windows", "Windows"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"},
	})
	if browser == "" || system == "" {
		return browser + system
	}
	return browser + ", " + system
}
