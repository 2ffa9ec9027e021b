// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"
)

// MaxEmailLength is the longest address, in bytes (RFC 5321, section 4.5.3.1.3,
// less the angle brackets).
const MaxEmailLength = 254

// MaxPasswordLength is what bcrypt reads of a password, in bytes.
const MaxPasswordLength = 72

// NormalizeEmail is the form in which addresses are stored and compared.
func NormalizeEmail(email string) string { return strings.ToLower(strings.TrimSpace(email)) }

// PlausibleEmail refuses what no mail server would take. Only a mail that
// arrives proves an address, so it does not try to be clever.
func PlausibleEmail(email string) bool {
	email = NormalizeEmail(email)
	at := strings.LastIndexByte(email, '@')
	odd := func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) || r == unicode.ReplacementChar }
	return at > 0 && at < len(email)-1 && len(email) <= MaxEmailLength && !strings.ContainsFunc(email, odd)
}

// PlausibleName refuses what would not stay on its line in a mail or a log.
func PlausibleName(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return unicode.IsControl(r) || r == unicode.ReplacementChar || r == '\u2028' || r == '\u2029'
	})
}

// PlausibleLocale takes language tags by their form (RFC 5646, section 2.1), such
// as "pt-BR".
func PlausibleLocale(tag string) bool {
	for i, part := range strings.Split(tag, "-") {
		if len(part) < 1 || len(part) > 8 || i == 0 && len(part) < 2 || strings.ContainsFunc(part, notAlphanumeric) {
			return false
		}
	}
	return true
}

func notAlphanumeric(r rune) bool {
	return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

// PlausibleRole refuses what cannot be a role, which is a word in headers too.
func PlausibleRole(role string) bool {
	odd := func(r rune) bool { return r != '-' && r != '_' && notAlphanumeric(r) }
	return role != "" && !strings.ContainsFunc(role, odd)
}

// AccountKey names an account in counters and logs without its address. An
// address nobody has registered has one too.
type AccountKey [sha256.Size]byte

// KeyOf is the account of a normalised address.
func KeyOf(email string) AccountKey { return sha256.Sum256([]byte(email)) }

// counter is the key of the account's password counter. The Store, too, can work
// it out from an address.
func (k AccountKey) counter() CounterKey { return CounterKey(k) }

// String is the whole key in hex.
func (k AccountKey) String() string { return hex.EncodeToString(k[:]) }

// Short is enough of the key to follow one account through a log.
func (k AccountKey) Short() string { return hex.EncodeToString(k[:6]) }
