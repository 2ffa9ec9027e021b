// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"cmp"
	"strings"
	"unicode"
)

// KeyOfTyped is what guesses at the account of an address are counted by that somebody
// has typed, unless it is one that signin.LoginName must ask the Store about.
func KeyOfTyped(email string) AccountKey {
	return KeyOf(cmp.Or(NormalizeEmail(email), FormerEmail(email), email))
}

// SameEmail reports whether somebody has typed the address that is stored of a
// user.
func SameEmail(typed, stored string) bool {
	return stored != "" && (NormalizeEmail(typed) == stored || FormerEmail(typed) == stored)
}

// PlausibleLoginName refuses what does not even look like an address. What merely
// is none may be somebody's from before, or is nobody's.
func PlausibleLoginName(email string) bool {
	email = strings.TrimSpace(email)
	at := strings.LastIndexByte(email, '@')
	odd := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == unicode.ReplacementChar }
	return len(email) <= MaxEmailLength && at > 0 && at < len(email)-1 && !strings.ContainsFunc(email, odd)
}

// FormerEmail is the form in which an address was stored before package
// mailaddress; empty when it would be stored so today, or was never taken. A name
// that only folds into somebody's present address is nobody's.
func FormerEmail(typed string) string {
	former := strings.ToLower(strings.TrimSpace(typed))
	if !PlausibleLoginName(former) || NormalizeEmail(former) == former {
		return ""
	}
	return former
}
