// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"slices"
	"strings"
	"unicode/utf8"
)

// UI is how a realm's own pages look and what they say.
type UI struct {
	// DisplayName is what pages call the realm.
	DisplayName string `json:"displayName"`
	// Logo is nil for a realm that shows its name instead.
	Logo *Picture `json:"logo,omitempty"`
	// Light and Dark are the colors of either color scheme; empty ones are as
	// built.
	Light Theme `json:"light,omitzero"`
	Dark  Theme `json:"dark,omitzero"`
	// SupportURL is where people find help; empty for nowhere.
	SupportURL string `json:"supportURL,omitempty"`
	// LegalLinks stand at the foot of every page.
	LegalLinks []Link `json:"legalLinks,omitempty"`
	// Languages that pages come in, of Languages, the first for whoever reads
	// none of them; never empty.
	Languages []string `json:"languages"`
	// Texts replace built-in ones, by language and key. A key that this build
	// does not know is of another release's, and has no effect.
	Texts map[string]map[string]string `json:"texts,omitempty"`
}

// Link is an address and what it is called.
type Link struct {
	Text string `json:"text"`
	URL  string `json:"url"`
}

// Languages are those that pages can come in, as in BCP 47.
func Languages() []string { return []string{"en", "de", "es", "fr"} }

// maxTexts bounds a realm's own texts together, keys included, in bytes.
const maxTexts = 64 << 10

func (u UI) validate(p *problems) {
	p.check(u.DisplayName != "", "ui.displayName: must not be empty")
	if u.Logo != nil {
		p.add(u.Logo.validate("ui.logo"))
	}
	u.Light.validate(p, "ui.light", LightTheme())
	u.Dark.validate(p, "ui.dark", DarkTheme())
	p.check(u.SupportURL == "" || isHTTP(u.SupportURL), "ui.supportURL: must be a URL")
	for i, link := range u.LegalLinks {
		p.check(link.Text != "" && isHTTP(link.URL), "ui.legalLinks[%d]: must have a text and a URL", i)
	}
	p.check(len(u.Languages) > 0, "ui.languages: must name at least one language")
	for i, tag := range u.Languages {
		p.check(slices.Contains(Languages(), tag) && !slices.Contains(u.Languages[:i], tag),
			"ui.languages[%d]: must be one of %s, and each once", i, strings.Join(Languages(), ", "))
	}
	size := 0
	for tag, texts := range u.Texts {
		p.check(slices.Contains(Languages(), tag), "ui.texts: languages are %s", strings.Join(Languages(), ", "))
		for key, text := range texts {
			size += len(key) + len(text)
			p.check(key != "" && utf8.ValidString(text), "ui.texts: must be UTF-8, by key")
		}
	}
	p.check(size <= maxTexts, "ui.texts: have more than %d bytes together", maxTexts)
}
