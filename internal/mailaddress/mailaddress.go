// SPDX-License-Identifier: Apache-2.0

// Package mailaddress says what an e-mail address is: one that any mail server
// takes, in the one form in which addresses are stored and compared. Operator and
// auth servers read addresses by it alone.
//
// An address is ASCII. The part before the @ is a dot-atom (RFC 5322, section
// 3.2.3) in lower case; nothing else is made of it, because letters that look
// alike, or that Unicode folds into each other, are different mailboxes. The
// domain is in its A-labels: IDNA 2008 (RFC 5891), mapped for lookup as Unicode
// Technical Standard #46 has it.
package mailaddress

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLength is the longest address, in bytes (RFC 5321, section 4.5.3.1.3, less
// the angle brackets).
const MaxLength = 254

// maxLocal is the longest part before the @ (RFC 5321, section 4.5.3.1.1).
const maxLocal = 64

// Address is an address that Parse has read, as it is stored, compared and mailed
// to. Two are equal if they are one mailbox; the empty Address is none. Whoever
// converts a string to one vouches for it.
type Address string

// Domain is what stands after the @, as ParseDomain returns it.
func (a Address) Domain() string { return string(a[strings.LastIndexByte(string(a), '@')+1:]) }

// Fault is what is wrong with an address. It goes on after the name of the field,
// and quotes nothing of it.
type Fault string

// Error implements error.
func (f Fault) Error() string { return string(f) }

// What can be wrong with an address.
const (
	NoAddress      Fault = "must be an e-mail address"
	TooLong        Fault = "must be at most 254 bytes"
	Invisible      Fault = "must not have invisible characters"
	LocalNotASCII  Fault = "must have only ASCII letters before the @"
	LocalNotAtom   Fault = "must have only letters, digits, dots and !#$%&'*+-/=?^_`{|}~ before the @"
	LocalDots      Fault = "must have no dot before the @ that is first, last or next to another"
	LocalTooLong   Fault = "must have at most 64 bytes before the @"
	DomainNotOne   Fault = "must have a domain such as example.com after the @"
	DomainIsNumber Fault = "must have a domain after the @, not an IP address"
	DomainEndsDot  Fault = "must not end with a dot"
)

// Parse reads an address as people write it, with ASCII white space around it and
// in any case. The error is a Fault. Parse leaves an Address as it is.
func Parse(text string) (Address, error) {
	text = strings.Trim(text, " \t\r\n\v\f")
	at := strings.LastIndexByte(text, '@')
	switch {
	case len(text) > MaxLength:
		return "", TooLong
	case !utf8.ValidString(text), strings.ContainsFunc(text, isInvisible):
		return "", Invisible
	case at < 1, at == len(text)-1:
		return "", NoAddress
	}
	local, err := parseLocal(text[:at])
	if err != nil {
		return "", err
	}
	domain, err := ParseDomain(text[at+1:])
	if err != nil {
		return "", err
	}
	if len(local)+len("@")+len(domain) > MaxLength {
		return "", TooLong
	}
	return Address(local + "@" + domain), nil
}

func parseLocal(local string) (string, error) {
	if strings.ContainsFunc(local, func(r rune) bool { return r > unicode.MaxASCII }) {
		return "", LocalNotASCII
	}
	if len(local) > maxLocal {
		return "", LocalTooLong
	}
	lower := asciiLower(local)
	for atom := range strings.SplitSeq(lower, ".") {
		switch {
		case atom == "":
			return "", LocalDots
		case strings.ContainsFunc(atom, notAtomText):
			return "", LocalNotAtom
		}
	}
	return lower, nil
}

// notAtomText finds what cannot stand in an atom (RFC 5322, section 3.2.3), of
// letters in lower case.
func notAtomText(r rune) bool {
	return !isLetterOrDigit(r) && !strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r)
}

func isLetterOrDigit(r rune) bool { return r >= 'a' && r <= 'z' || r >= '0' && r <= '9' }

// isInvisible finds what nobody sees, and so nobody can tell two addresses by.
// The joiners are left to the rules of domains, which take them only where they
// change how their neighbours look (RFC 5892, appendix A).
func isInvisible(r rune) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	return r != nonJoiner && r != joiner && r != ' ' &&
		(r == utf8.RuneError || unicode.In(r, unicode.C, unicode.Z, unicode.Variation_Selector, unicode.Other_Default_Ignorable_Code_Point))
}
