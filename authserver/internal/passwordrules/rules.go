// SPDX-License-Identifier: Apache-2.0

// Package passwordrules says which passwords a realm takes. Whoever sets one asks, and so does
// a sign-in where people must not keep one that today's rules would refuse.
package passwordrules

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Rules are a realm's. Both fields are required.
type Rules struct {
	// Settings is the configuration in force; it may change between calls.
	Settings func() realmconfig.Config
	// Common reports whether a password, in lower case, is among those that are tried first.
	Common func(password string) bool
}

const (
	// fewestCharacters is how many different ones a password needs.
	fewestCharacters = 4
	// leastOwn is how many characters a password needs beside what everybody
	// knows of its owner.
	leastOwn = 4
	// mostTail is how many digits and signs at its end do not make a common
	// password any better.
	mostTail = 4
)

// Check refuses a password that is easy to guess, or that would not be hashed whole, with
// PasswordRejected and every reason at once. It looks at the normal form, which is what is
// hashed. About is what others know of its owner, such as address and name; empty ones do
// not matter.
func (r Rules) Check(password auth.Secret, about ...string) error {
	password = auth.NormalPassword(password)
	rules := r.Settings().Passwords
	fields := []auth.FieldProblem{}
	reject := func(rule, format string, args ...any) {
		fields = append(fields, auth.FieldProblem{Field: "password", Detail: fmt.Sprintf(format, args...), Rule: rule})
	}
	folded := strings.ToLower(string(password))
	if utf8.RuneCountInString(string(password)) < rules.MinLength {
		reject("too-short", "must be at least %d characters long", rules.MinLength)
	}
	if len(password) > auth.MaxPasswordLength {
		reject(tooLong, "must be at most %d bytes long", auth.MaxPasswordLength)
	}
	if different(folded) < fewestCharacters {
		reject("monotonous", "must have at least %d different characters", fewestCharacters)
	}
	if aboutOwner(folded, about) {
		reject("about-owner", "must not be made of the e-mail address or the name")
	}
	if !rules.AllowCommon && r.common(folded) {
		reject("common", "is on the list of common and breached passwords")
	}
	if len(fields) > 0 {
		return &auth.Error{Code: auth.PasswordRejected, Fields: fields}
	}
	return nil
}

// tooLong is the rule that a hash sets, and not somebody who guesses.
const tooLong = "too-long"

// Weak reports whether the rules would not take a password because it is easy to guess. One
// that is too long for new hashes may have an old one of all of it.
func (r Rules) Weak(password auth.Secret, about ...string) bool {
	var refused *auth.Error
	return errors.As(r.Check(password, about...), &refused) &&
		slices.ContainsFunc(refused.Fields, func(p auth.FieldProblem) bool { return p.Rule != tooLong })
}

// common looks for the password itself and for what it is without the digits
// and signs that people put at the end of a common one.
func (r Rules) common(folded string) bool {
	stem := strings.TrimRightFunc(folded, func(c rune) bool { return !unicode.IsLetter(c) })
	tail := utf8.RuneCountInString(folded) - utf8.RuneCountInString(stem)
	return r.Common(folded) || (stem != "" && tail <= mostTail && r.Common(stem))
}

func different(text string) int {
	seen := map[rune]bool{}
	for _, r := range text {
		seen[r] = true
	}
	return len(seen)
}

// aboutOwner reports whether little is left of a password without the words that
// stand in about.
func aboutOwner(folded string, about []string) bool {
	rest := folded
	for _, word := range wordsOf(about) {
		rest = strings.ReplaceAll(rest, word, "")
	}
	return rest != folded && utf8.RuneCountInString(rest) < leastOwn
}

// wordsOf is the texts themselves, an address's local part, and the words in
// them, the longest first. Very short ones stand in too many passwords.
func wordsOf(texts []string) []string {
	const shortest = 3
	words := []string{}
	for _, text := range texts {
		text = strings.ToLower(norm.NFC.String(text))
		local, _, _ := strings.Cut(text, "@")
		words = append(words, text, local)
		words = append(words, strings.FieldsFunc(local, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r)
		})...)
	}
	words = slices.DeleteFunc(words, func(w string) bool { return utf8.RuneCountInString(w) < shortest })
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) })
	return words
}
