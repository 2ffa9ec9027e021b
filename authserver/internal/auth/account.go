// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"
	"unicode"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

// MaxEmailLength is the longest address, in bytes.
const MaxEmailLength = mailaddress.MaxLength

// NormalizeEmail is the form in which addresses are stored and compared (see
// package mailaddress); empty for what is no address, which nobody has.
func NormalizeEmail(email string) string {
	address, _ := mailaddress.Parse(email)
	return string(address)
}

// PlausibleEmail refuses what no mail server would take. Only a mail that
// arrives proves an address.
func PlausibleEmail(email string) bool { return NormalizeEmail(email) != "" }

// ParseEmail reads an address that somebody wants to have. It refuses with
// InvalidRequest, in the words of package mailaddress.
func ParseEmail(typed string) (mailaddress.Address, error) {
	address, err := mailaddress.Parse(typed)
	if err != nil {
		return "", &Error{Code: InvalidRequest, Fields: []FieldProblem{{Field: "email", Detail: err.Error()}}}
	}
	return address, nil
}

// PlausibleName refuses what would not stay on its line in a mail or a log, or would turn
// the text around it.
func PlausibleName(name string) bool {
	return !strings.ContainsFunc(name, func(r rune) bool {
		return unicode.IsControl(r) || r == unicode.ReplacementChar || r == '\u2028' || r == '\u2029' || turns(r)
	})
}

// turns finds the marks that set the direction of all that follows (UAX #9, sections 2.1
// to 2.4). Those of a single place, which some names need, are none of them.
func turns(r rune) bool { return r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069' }

func notAlphanumeric(r rune) bool {
	return r > unicode.MaxASCII || !unicode.IsLetter(r) && !unicode.IsDigit(r)
}

// PlausibleRole refuses what cannot be a role, which is a word in headers too.
func PlausibleRole(role string) bool {
	odd := func(r rune) bool { return r != '-' && r != '_' && notAlphanumeric(r) }
	return role != "" && !strings.ContainsFunc(role, odd)
}

// IsID takes ids in the one form in which they are written here (RFC 9562,
// section 4): parsers know others, which PostgreSQL does not.
func IsID(text string) bool {
	const length = 36
	return len(text) == length && uuid.Validate(text) == nil
}

// AccountKey names an account in counters and logs without its address. An
// address nobody has registered has one too.
type AccountKey [sha256.Size]byte

// KeyOf is the account of an address as it is stored.
func KeyOf(email string) AccountKey { return sha256.Sum256([]byte(email)) }

// Counter is the key of the account's password counter. The Store, too, can work
// it out from an address.
func (k AccountKey) Counter() CounterKey { return CounterKey(k) }

// String is the whole key in hex.
func (k AccountKey) String() string { return hex.EncodeToString(k[:]) }

// Short is enough of the key to follow one account through a log.
func (k AccountKey) Short() string { return hex.EncodeToString(k[:6]) }
