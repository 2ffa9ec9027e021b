// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"strings"
	"testing"

	"golang.org/x/text/language"
)

func TestNormalizeLocale(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"de": "de", "pt-BR": "pt-BR", "zh-Hant-TW": "zh-Hant-TW", "de-CH-1901": "de-CH-1901", "es-419": "es-419",
		"DE": "de", "de-at": "de-AT", "PT-br": "pt-BR", "zh-hant-tw": "zh-Hant-TW", "sl-rozaj-biske-1994": "sl-rozaj-biske-1994",
		"en_US": "en-US", "en_US.UTF-8": "en-US", "de_DE@euro": "de-DE", "sr_RS@latin": "sr-Latn-RS", "sr@Latin": "sr-Latn",
		"sr_RS.UTF-8@latin": "sr-Latn-RS", "zh_Hant_TW": "zh-Hant-TW", "de_": "", "en_US.": "en-US",
		"de-DE-U-CO-PHONEBK": "de-DE-u-co-phonebk", "en-x-US-Army": "en-x-us-army",
		"x-y": "", "": "", "d": "", "C": "", "de-": "", "-de": "", "de--CH": "", "deutschland": "", "../de": "", "dé": "", "de\n": "", " de": "",
		".UTF-8": "", "@latin": "",
	} {
		if got := NormalizeLocale(text); got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func FuzzNormalizeLocale(f *testing.F) {
	for _, seed := range []string{"pt-BR", "en_US.UTF-8", "sr_RS@latin", "de-DE-u-co-phonebk", "\xff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tag := NormalizeLocale(text)
		if NormalizeLocale(tag) != tag || strings.ContainsAny(tag, " _./@\\\r\n\x00") || len(text) <= MaxLocaleLength && len(tag) > MaxLocaleLength {
			t.Errorf("%q is %q", text, tag)
		}
		known, err := language.Raw.Parse(tag)
		if err == nil && strings.EqualFold(known.String(), tag) && known.String() != tag {
			t.Errorf("%q has other capitals than %q", tag, known)
		}
	})
}
