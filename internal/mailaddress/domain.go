// SPDX-License-Identifier: Apache-2.0

package mailaddress

import (
	"strings"

	"golang.org/x/net/idna"
)

// ParseDomain reads the domain of an address, and returns it in A-labels and in
// lower case. A name of one label, such as localhost, is a domain too. The error
// is a Fault.
func ParseDomain(text string) (string, error) {
	if strings.ContainsFunc(text, isInvisible) {
		return "", Invisible
	}
	domain, err := lookup().ToASCII(text)
	switch {
	case strings.HasSuffix(domain, "."):
		return "", DomainEndsDot
	case err != nil, strings.ContainsFunc(domain, notHostText):
		return "", DomainNotOne
	case isNumber(domain):
		return "", DomainIsNumber
	}
	return domain, nil
}

// lookup maps as UTS #46 does in its non-transitional form, with every check that
// it has. What has the form of an A-label must be one.
func lookup() *idna.Profile {
	return idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(true),
		idna.CheckHyphens(true), idna.CheckJoiners(true), idna.BidiRule(), idna.VerifyDNSLength(true))
}

func notHostText(r rune) bool { return !isLetterOrDigit(r) && r != '-' && r != '.' }

// isNumber reports whether a domain is what resolvers take for an IPv4 address:
// no top-level domain is all digits (RFC 3696, section 2).
func isNumber(domain string) bool {
	last := domain[strings.LastIndexByte(domain, '.')+1:]
	return strings.Trim(last, "0123456789") == ""
}
