// SPDX-License-Identifier: Apache-2.0

package web

import (
	"strings"

	"golang.org/x/text/language"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// mostLanguages is how many of a header are looked at; browsers send a handful.
const mostLanguages = 20

// acceptedLanguages reads the header Accept-Language (RFC 9110, section 12.5.4), the
// likeliest language first. One that nobody knows, or that is misspelt, does not take
// the others along, and en_US is en-US. One that is longer than any that is kept is not
// looked at: reading a tag takes more than in proportion to its length.
func acceptedLanguages(header string) []language.Tag {
	known := []string{}
	for i, item := range strings.SplitN(header, ",", mostLanguages+1) {
		text, weight, weighted := strings.Cut(item, ";")
		tag := auth.NormalizeLocale(strings.TrimSpace(text))
		if i == mostLanguages || len(tag) > auth.MaxLocaleLength {
			continue
		}
		if _, err := language.Parse(tag); err != nil {
			continue
		}
		if weighted {
			tag += ";" + weight
		}
		if _, _, err := language.ParseAcceptLanguage(tag); err == nil {
			known = append(known, tag)
		}
	}
	tags, _, _ := language.ParseAcceptLanguage(strings.Join(known, ",")) // each of them was read alone
	return tags
}
