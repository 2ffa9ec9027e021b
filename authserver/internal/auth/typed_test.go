// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"testing"
	"unicode"
)

func TestPlainTyped(t *testing.T) {
	t.Parallel()
	for typed, want := range map[string]string{
		"123456":                         "123456",
		"123 456\r\n":                    "123456",
		"123\u00a0456":                   "123456", // a no-break space
		"\ufeff123\u202f456\u200b":       "123456", // a byte order mark, a narrow no-break space, a zero-width space
		"\u202a123456\u202c":             "123456", // marks of direction, as of a text copied out of a table
		"123\u2013456":                   "123-456",
		"123\u2011456":                   "123-456",
		"123\u2212456":                   "123-456",
		"123\u00ad456":                   "123456", // a soft hyphen
		"１２３－４５６":                        "123-456",
		"٠١٢٣٤٥٦٧٨٩":                     "0123456789",
		"۰۱۲۳۴۵۶۷۸۹":                     "0123456789",
		"०१२३४५६७८९":                     "0123456789",
		"𝟎𝟗𝟘𝟡𝟶𝟿":                         "090909",
		"４ｑ７ｈ":                           "4q7h",
		"4q7h_z0kd":                      "4q7h_z0kd",
		"élan":                           "élan",
		"":                               "",
		"\u2003\u3000\u2028\u2029\u0085": "",
	} {
		if got := PlainTyped(typed); got != want {
			t.Errorf("%q is read as %q, want %q", typed, got, want)
		}
	}
}

func TestDigitsOfEveryScriptHaveAValue(t *testing.T) {
	t.Parallel()
	last := rune('9')
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if !unicode.IsDigit(r) {
			last = '9'
			continue
		}
		value := asciiDigit(r)
		if want := '0' + (last-'0'+1)%10; value != want {
			t.Fatalf("%U is %c, want %c", r, value, want)
		}
		last = value
	}
}

func FuzzPlainTyped(f *testing.F) {
	for _, seed := range []string{"123 456", "１２３", "\u2013", "\xff", "e\u0301"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		plain := PlainTyped(text)
		if again := PlainTyped(plain); again != plain {
			t.Errorf("%q is read as %q, and that as %q", text, plain, again)
		}
		for _, r := range plain {
			if unicode.IsSpace(r) || unicode.Is(unicode.Cf, r) || r > unicode.MaxASCII && unicode.IsDigit(r) {
				t.Errorf("%q has %U left", text, r)
			}
		}
	})
}
