// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"strings"
)

// Name is what people call such a device, for them to recognise their own:
// "Firefox on Linux". It is the client's own word, so nothing may depend on it.
// What is no browser is named by the first word of its User-Agent, "curl/8.5".
func (c Client) Name() string {
	browser, system := "", ""
	// The order matters: browsers claim to be each other, the newer the more.
	for _, b := range []struct{ mark, name string }{
		{"Edg", "Edge"}, {"OPR/", "Opera"}, {"SamsungBrowser/", "Samsung Internet"}, {"Firefox/", "Firefox"}, {"FxiOS/", "Firefox"},
		{"CriOS/", "Chrome"}, {"Chrome/", "Chrome"}, {"Safari/", "Safari"},
	} {
		if strings.Contains(c.UserAgent, b.mark) {
			browser = b.name
			break
		}
	}
	for _, o := range []struct{ mark, name string }{
		{"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Android", "Android"}, {"Windows", "Windows"},
		{"CrOS", "ChromeOS"}, {"Mac OS X", "macOS"}, {"Linux", "Linux"},
	} {
		if strings.Contains(c.UserAgent, o.mark) {
			system = o.name
			break
		}
	}
	switch {
	case browser == "":
		word, _, _ := strings.Cut(c.UserAgent, " ")
		return word
	case system == "":
		return browser
	default:
		return browser + " on " + system
	}
}
