// SPDX-License-Identifier: Apache-2.0

package mailaddress

import (
	"strings"
	"unicode"
)

// Prefix says how addresses begin, and how domains do, that somebody looks for by
// the beginning of one: "ann@büch…" by "ann@xn--…", and "@example" or "bücher" by
// domains alone. Either may be empty for any. An A-label begins like its U-label
// only when that is whole.
func Prefix(text string) (address, domain string) {
	text = strings.Trim(text, " \t\r\n\v\f")
	local, rest, hasDomain := strings.Cut(text, "@")
	switch {
	case hasDomain && local == "":
		return asciiLower(text), domainPrefix(rest)
	case hasDomain:
		return asciiLower(local) + "@" + domainPrefix(rest), ""
	case isASCII(text):
		return asciiLower(text), ""
	default:
		return asciiLower(text), domainPrefix(text)
	}
}

// domainPrefix takes what is there for whole labels if it has to be mapped.
func domainPrefix(text string) string {
	if isASCII(text) {
		return asciiLower(text)
	}
	whole, dot := strings.CutSuffix(text, ".")
	domain, err := ParseDomain(whole)
	if err != nil {
		return asciiLower(text) // which nobody has
	}
	if dot {
		domain += "."
	}
	return domain
}

func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}

func asciiLower(text string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + ('a' - 'A')
		}
		return r
	}, text)
}
