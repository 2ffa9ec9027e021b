// SPDX-License-Identifier: Apache-2.0

// Package field says what a text may hold that somebody sends, in a request to
// the API as in a form or an address of the pages.
package field

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

// Format is what a text must be besides short enough. An empty text is in every
// format but Email and Login.
type Format string

// The formats. Login is an address that somebody may sign in with, which may be
// one that nobody can have any more.
const (
	Email    Format = "email"
	Login    Format = "login"
	UUID     Format = "uuid"
	Role     Format = "role"
	Name     Format = "name"
	Locale   Format = "locale"
	DateTime Format = "date-time" // RFC 3339
)

// Rule is what a text may hold.
type Rule struct {
	// Required texts are not empty.
	Required bool
	// MaxLength is in bytes.
	MaxLength int
	Format    Format
	// Enum is every text that is taken besides the empty one; nil for any.
	Enum []string
}

// Fault says what is wrong with a text, without the text; empty for nothing.
func (r Rule) Fault(text string) string {
	switch {
	case r.Required && text == "":
		return "must not be empty"
	case len(text) > r.MaxLength:
		return fmt.Sprintf("must be at most %d bytes", r.MaxLength)
	case !utf8.ValidString(text):
		return "must be UTF-8"
	case strings.ContainsRune(text, 0):
		return "must not contain NUL" // which PostgreSQL cannot store
	case r.Enum != nil && text != "" && !slices.Contains(r.Enum, text):
		return "must be one of " + strings.Join(r.Enum, ", ")
	default:
		return r.Format.fault(text)
	}
}

func (f Format) fault(text string) string {
	switch {
	case f == Email:
		_, err := mailaddress.Parse(text)
		if err != nil {
			return err.Error()
		}
	case f == Login && !auth.PlausibleLoginName(text):
		return mailaddress.NoAddress.Error()
	case text == "":
	case f == UUID && !auth.IsID(text):
		return "must be a UUID"
	case f == Role && !auth.PlausibleRole(text):
		return "must be letters, digits, - and _"
	case f == DateTime && !isInstant(text):
		return "must be a time such as 2026-01-31T12:00:00Z"
	case f == Name && !auth.PlausibleName(text):
		return "must not contain control characters"
	case f == Locale && !auth.PlausibleLocale(text):
		return auth.LocaleFault
	}
	return ""
}

func isInstant(text string) bool {
	_, err := time.Parse(time.RFC3339, text)
	return err == nil
}
