// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"net/netip"
	"strings"
	"unicode"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
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

// device is what people call the reader's device, without the English between
// its words. Unless it is a browser, it is the client's own word.
func device(userAgent string) string {
	return greetable(strings.Replace(auth.Client{UserAgent: userAgent}.Name(), " on ", ", ", 1))
}
