// SPDX-License-Identifier: Apache-2.0

package web

import (
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestEveryLanguageSaysEverything(t *testing.T) {
	t.Parallel()
	languages, err := loadLanguages()
	if err != nil {
		t.Fatal(err)
	}
	placeholder := regexp.MustCompile(`\{[a-z]+\}`)
	english := languages.list[0]
	for _, other := range languages.list[1:] {
		for key, text := range english.texts {
			translated, found := other.texts[key]
			if !found || strings.TrimSpace(translated) == "" {
				t.Errorf("%s has no %s", other.Tag, key)
			}
			want, have := placeholder.FindAllString(text, -1), placeholder.FindAllString(translated, -1)
			slices.Sort(want)
			slices.Sort(have)
			if !slices.Equal(want, have) {
				t.Errorf("%s: %s has the placeholders %v, want %v", other.Tag, key, have, want)
			}
		}
		for key := range other.texts {
			if _, found := english.texts[key]; !found {
				t.Errorf("%s has %s, which nothing uses", other.Tag, key)
			}
		}
	}
}

func FuzzLocalPath(f *testing.F) {
	for _, seed := range []string{"/account", "//evil.example", "/\\evil.example", "https://evil.example", "", "/\t/evil.example"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got := localPath(path)
		if !strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//") || strings.ContainsAny(got, "\\\r\n\t") {
			t.Errorf("%q became %q", path, got)
		}
	})
}
