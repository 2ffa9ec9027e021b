// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"cmp"
	"context"
	"strings"
	"unicode"
)

// loginName is the stored address of the account that somebody names who wants to
// sign in, whether or not there is one, and what guesses at it are counted by.
//
// It lets people in whose address is from before package mailaddress and could
// not be rewritten: they go on typing what they did. No new account gets such an
// address, so that nobody can come between the typing and its account. What is
// no address at all costs the same question as one that nobody has: stored is
// empty then.
func (s *Service) loginName(ctx context.Context, typed string) (stored string, account AccountKey, err error) {
	former := FormerEmail(typed)
	address := NormalizeEmail(typed)
	if address != "" && former != "" {
		_, found, err := s.Store.UserByStoredEmail(ctx, former)
		if err != nil || found {
			return former, KeyOf(former), err
		}
	}
	return cmp.Or(address, former), KeyOfTyped(typed), nil
}

// KeyOfTyped is what guesses at the account of an address are counted by that
// somebody has typed, unless it is one that loginName must ask the Store about.
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
