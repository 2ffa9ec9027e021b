// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"slices"
	"testing"
	"unicode/utf8"
)

func TestPasswordForms(t *testing.T) {
	t.Parallel()
	for typed, want := range map[Secret][]Secret{
		"correct horse":             {"correct horse"},
		"Stra\u00dfe \u00e9":        {"Stra\u00dfe \u00e9"},
		"e\u0301lan vital":          {"\u00e9lan vital", "e\u0301lan vital"},
		"correct\u00a0horse":        {"correct horse", "correct\u00a0horse"},
		"correct\u3000horse":        {"correct horse", "correct\u3000horse"},
		"\u212bngstr\u00f6m":        {"\u00c5ngstr\u00f6m", "\u212bngstr\u00f6m"},
		"\uff21 wide":               {"\uff21 wide"}, // widths are part of a password
		"Case \u0130":               {"Case \u0130"}, // and so are capitals
		"joined\u200d\u2764\ufe0f!": {"joined\u200d\u2764\ufe0f!"},
		"\xff\u00a0":                {"\xff\u00a0"},
		"":                          {""},
	} {
		if got := PasswordForms(typed); !slices.Equal(got, want) {
			t.Errorf("%q has the forms %q, want %q", string(typed), got, want)
		}
	}
}

func FuzzPasswordForms(f *testing.F) {
	for _, seed := range []string{"secret", "e\u0301", "\u00a0", "\xff", "\u1100\u1161"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		forms := PasswordForms(Secret(text))
		normal := forms[0]
		if NormalPassword(normal) != normal || len(forms) > 2 || forms[len(forms)-1] != Secret(text) {
			t.Errorf("%q has %d forms", text, len(forms))
		}
		if utf8.ValidString(text) != utf8.ValidString(string(normal)) {
			t.Errorf("%q is valid, or its normal form", text)
		}
	})
}
