// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestBrowsersAreAnsweredInTheirLanguage(t *testing.T) {
	t.Parallel()
	all, err := loadLanguages()
	if err != nil {
		t.Fatal(err)
	}
	a := newAppearance(realmconfig.UI{Languages: []string{"en", "de", "fr"}}, all)
	for header, want := range map[string]string{
		"":                                 "en",
		"de":                               "de",
		"DE":                               "de",
		"de-AT,de;q=0.9,en;q=0.5":          "de",
		"de_AT":                            "de",
		"de_DE.UTF-8":                      "de",
		"fr-CA;q=0.4, de;q=0.8":            "de",
		"xx, de;q=0.3":                     "de", // one that nobody knows
		"e n, x-!, de;q=0.3":               "de", // what is no tag
		"en;q=high, de;q=0.3":              "de", // a weight that is none
		"*":                                "en",
		"ja":                               "en",
		strings.Repeat("ja,", 20) + "de":   "en", // nobody reads so many
		"\xff, de":                         "de",
		strings.Repeat("-", 1001) + ", de": "de",
		"fr" + strings.Repeat("-x-longer", 4) + ", de": "de", // nobody has such a language
	} {
		r := &http.Request{Header: http.Header{"Accept-Language": {header}}}
		if got := a.languageFor(r, "").Tag; got != want {
			t.Errorf("%.40q is answered in %s, want %s", header, got, want)
		}
	}
	r := &http.Request{Header: http.Header{"Accept-Language": {"de"}, "Cookie": {languageCookie + "=fr"}}}
	if got := a.languageFor(r, "").Tag; got != "fr" {
		t.Errorf("who has chosen fr is answered in %s", got)
	}
}
