// SPDX-License-Identifier: Apache-2.0

package registrar

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxName is in characters.
const maxName = 100

// nameOf is what a client calls itself, without the space around it. It refuses with *Refusal
// what people could not see, or would take for the words of the page around the name, which
// stands there in quotation marks.
func nameOf(said string) (string, error) {
	name := strings.TrimSpace(said)
	if utf8.RuneCountInString(name) > maxName || strings.ContainsFunc(name, unfitForName) {
		return "", refuse("client_name must be %d visible characters at most, without quotation marks.", maxName)
	}
	return name, nil
}

func unfitForName(r rune) bool {
	switch {
	case r == '\'', r == '’': // an apostrophe
		return false
	case r == '\u2800': // Braille without a dot
		return true
	}
	return !unicode.IsPrint(r) || unicode.In(r, unicode.Quotation_Mark, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}
