// SPDX-License-Identifier: Apache-2.0

package web

import (
	"flag"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

var update = flag.Bool("update", false, "write the contract's list of texts instead of comparing with it")

// The operator knows the texts by a list in the contract.
func TestTheListOfTextsIsCurrent(t *testing.T) {
	t.Parallel()
	const file = "../../realmconfig/texts.txt"
	languages, err := loadLanguages()
	if err != nil {
		t.Fatal(err)
	}
	list := ""
	for _, key := range slices.Sorted(maps.Keys(languages[0].texts)) {
		list += strings.Join(append([]string{key}, realmconfig.TextNames(languages[0].texts[key])...), " ") + "\n"
	}
	if *update {
		if err := os.WriteFile(file, []byte(list), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if have, err := os.ReadFile(file); err != nil || string(have) != list {
		t.Errorf("realmconfig/texts.txt is not the catalogue's keys (%v): run make generate", err)
	}
}

func TestEveryLanguageSaysEverything(t *testing.T) {
	t.Parallel()
	languages, err := loadLanguages()
	if err != nil {
		t.Fatal(err)
	}
	english := languages[0]
	for _, other := range languages[1:] {
		for key, text := range english.texts {
			translated, found := other.texts[key]
			if !found || strings.TrimSpace(translated) == "" {
				t.Errorf("%s has no %s", other.Tag, key)
			}
			if want, have := realmconfig.TextNames(text), realmconfig.TextNames(translated); !slices.Equal(want, have) {
				t.Errorf("%s: %s names %v, want %v", other.Tag, key, have, want)
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
	for _, seed := range []string{"/account", "//evil.example", "/\\evil.example", "https://evil.example", "", "/\t/evil.example", "/\x00", "/account\x7f"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		got := localPath(path)
		if !strings.HasPrefix(got, "/") || strings.HasPrefix(got, "//") || strings.Contains(got, `\`) || strings.ContainsAny(got, "\x00\t\r\n\x7f") {
			t.Errorf("%q became %q", path, got)
		}
	})
}
