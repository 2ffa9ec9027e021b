// SPDX-License-Identifier: Apache-2.0

package field_test

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/realmkeeper/realmkeeper/authserver/internal/field"
)

func TestRules(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rule  field.Rule
		text  string
		fault string
	}{
		"nothing":                    {field.Rule{MaxLength: 1}, "", ""},
		"nothing where it must be":   {field.Rule{Required: true, MaxLength: 1}, "", "must not be empty"},
		"as much as may be":          {field.Rule{MaxLength: 2}, "ü", ""},
		"more":                       {field.Rule{MaxLength: 2}, "üa", "must be at most 2 bytes"},
		"NUL":                        {field.Rule{MaxLength: 9}, "a\x00b", "must not contain NUL"},
		"no UTF-8":                   {field.Rule{MaxLength: 9}, "a\xff", "must be UTF-8"},
		"half a letter":              {field.Rule{MaxLength: 9}, "a\xc3", "must be UTF-8"},
		"one of a list":              {field.Rule{MaxLength: 9, Enum: []string{"a", "b"}}, "b", ""},
		"none of a list":             {field.Rule{MaxLength: 9, Enum: []string{"a", "b"}}, "c", "must be one of a, b"},
		"an address":                 {field.Rule{MaxLength: 99, Format: field.Email}, " Ann@Bücher.example", ""},
		"no address":                 {field.Rule{MaxLength: 99, Format: field.Email}, "a..b@example.com", "must have no dot before the @ that is first, last or next to another"},
		"no address to sign in with": {field.Rule{MaxLength: 99, Format: field.Login}, "ann", "must be an e-mail address"},
		"an address from before":     {field.Rule{MaxLength: 99, Format: field.Login}, "a..b@example.com", ""},
		"an id":                      {field.Rule{MaxLength: 99, Format: field.UUID}, "0198c9c4-6f0a-7c3e-9b1d-2f5a8e7d4c10", ""},
		"an id of another form":      {field.Rule{MaxLength: 99, Format: field.UUID}, "urn:uuid:0198c9c4-6f0a-7c3e-9b1d-2f5a8e7d4c10", "must be a UUID"},
		"an id in braces":            {field.Rule{MaxLength: 99, Format: field.UUID}, "{0198c9c4-6f0a-7c3e-9b1d-2f5a8e7d4c10}", "must be a UUID"},
		"a role":                     {field.Rule{MaxLength: 99, Format: field.Role}, "a b", "must be letters, digits, - and _"},
		"a name":                     {field.Rule{MaxLength: 99, Format: field.Name}, "a\nb", "must not contain control characters"},
		"a locale":                   {field.Rule{MaxLength: 99, Format: field.Locale}, "pt BR", "must be a language tag such as pt-BR"},
		"a time":                     {field.Rule{MaxLength: 99, Format: field.DateTime}, "today", "must be a time such as 2026-01-31T12:00:00Z"},
	} {
		if fault := c.rule.Fault(c.text); fault != c.fault {
			t.Errorf("%s: %q, want %q", name, fault, c.fault)
		}
	}
}

func FuzzFault(f *testing.F) {
	for _, seed := range []string{"ann@example.com", "a\x00", "\xff", "0198c9c4-6f0a-7c3e-9b1d-2f5a8e7d4c10"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, format := range []field.Format{"", field.Email, field.Login, field.UUID, field.Role, field.Name, field.Locale, field.DateTime} {
			fault := field.Rule{MaxLength: 254, Format: format}.Fault(text)
			if fault == "" && (len(text) > 254 || !utf8.ValidString(text) || strings.ContainsRune(text, 0)) {
				t.Errorf("%q is taken for a %s", text, format)
			}
		}
	})
}
