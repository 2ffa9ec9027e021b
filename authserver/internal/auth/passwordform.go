// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// NormalPassword is the one form in which a new password is checked and hashed,
// whichever keyboard it comes from: spaces are U+0020 and letters with marks are
// composed, as the profile OpaqueString has it (RFC 8265, section 4.2). It refuses
// nothing, since whoever has such a password must be able to use it.
func NormalPassword(typed Secret) Secret {
	if !utf8.ValidString(string(typed)) {
		return typed
	}
	spaced := strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Zs, r) {
			return ' '
		}
		return r
	}, string(typed))
	return Secret(norm.NFC.String(spaced))
}

// PasswordForms are what a password may have been hashed as, the likeliest first: its
// normal form and, where that is another, what was typed. Hashes from before there
// was a normal form, and those of other systems, are of the latter.
func PasswordForms(typed Secret) []Secret {
	normal := NormalPassword(typed)
	if normal == typed {
		return []Secret{typed}
	}
	return []Secret{normal, typed}
}
