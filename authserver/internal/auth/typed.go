// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// PlainTyped is what somebody has typed or pasted where ASCII letters and digits are
// asked for, such as a code or a telephone number, in the characters that they mean:
// digits and letters of other widths and scripts are the ASCII ones, every dash is a
// hyphen, and white space and invisible characters are gone.
func PlainTyped(text string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.Is(unicode.Cf, r):
			return -1
		case unicode.Is(unicode.Dash, r):
			return '-'
		case r > unicode.MaxASCII && unicode.IsDigit(r):
			return asciiDigit(r)
		default:
			return r
		}
	}, norm.NFKC.String(text))
}

// asciiDigit is the digit of the same value. Unicode has the digits of a script one
// after the other, from zero on, and no two scripts in part of a range.
func asciiDigit(r rune) rune {
	const base = 10
	for _, set := range unicode.Nd.R16 {
		if rune(set.Lo) <= r && r <= rune(set.Hi) {
			return '0' + (r-rune(set.Lo))%base
		}
	}
	for _, set := range unicode.Nd.R32 {
		if rune(set.Lo) <= r && r <= rune(set.Hi) { //nolint:gosec // code points
			return '0' + (r-rune(set.Lo))%base //nolint:gosec // code points
		}
	}
	return r
}
