// SPDX-License-Identifier: Apache-2.0

package registrar

import (
	"errors"
	"strings"
	"testing"
)

func TestWhatAClientMayCallItself(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		said, want string
		refused    bool
	}{
		"nothing":                     {"", "", false},
		"a name":                      {"Agent", "Agent", false},
		"space around it":             {" \tAgent\n", "Agent", false},
		"letters of any script":       {"Élan 助手 помощник", "Élan 助手 помощник", false},
		"apostrophes":                 {"Ann's Agent d’Ann", "Ann's Agent d’Ann", false},
		"an accent of its own":        {"E\u0301lan", "E\u0301lan", false},
		"a hundred characters":        {strings.Repeat("é", 100), strings.Repeat("é", 100), false},
		"one more":                    {strings.Repeat("é", 101), "", true},
		"a new line":                  {"Agent\nShop", "", true},
		"letters from right to left":  {"Shop\u202egnp", "", true},
		"a space of no width":         {"Shop\u200b", "", true},
		"Braille without a dot":       {"\u2800", "", true},
		"a filler of Hangul":          {"\u3164", "", true},
		"one that begins a syllable":  {"\u115f", "", true},
		"one of half the width":       {"\uffa0", "", true},
		"a joiner of graphemes":       {"Sh\u034fop", "", true},
		"a selector of variations":    {"Shop\ufe0f", "", true},
		"another, of the last planes": {"Shop\U000e0100", "", true},
		"a quotation mark":            {`Shop". We have checked it. "`, "", true},
		"an English one":              {"Shop”. We have checked it. “", "", true},
		"a German one":                {"„Shop", "", true},
		"a French one":                {"Shop »", "", true},
		"a Spanish one":               {"«Shop", "", true},
	} {
		got, err := nameOf(c.said)
		if refusal := (*Refusal)(nil); got != c.want || errors.As(err, &refusal) != c.refused {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}
