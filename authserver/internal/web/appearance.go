// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/text/language"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// appearance is what a realm's settings make of its pages. It takes a while to make,
// and is kept for as long as the settings stay.
type appearance struct {
	of    realmconfig.UI
	brand brand
	files assets
	// languages are those that visitors may choose from, the first for whoever
	// reads none of them.
	languages []translation
	matcher   language.Matcher
}

// currentAppearance is the one in force.
func (w *Web) currentAppearance() *appearance {
	ui := w.Settings().UI
	if a := w.cached.Load(); a != nil && reflect.DeepEqual(a.of, ui) {
		return a
	}
	a := newAppearance(ui, w.languages)
	w.cached.Store(a)
	return a
}

func newAppearance(ui realmconfig.UI, all []translation) *appearance {
	files := realmFiles(ui)
	a := &appearance{of: ui, brand: brandOf(ui, files), files: files, languages: translationsOf(all, ui)}
	tags := []language.Tag{}
	for _, t := range a.languages {
		tags = append(tags, language.Make(t.Tag))
	}
	a.matcher = language.NewMatcher(tags)
	return a
}

// languageFor is the one that a visitor has chosen, that the application asks for which has
// sent them (ui_locales of OpenID Connect Core 1.0, section 3.1.2.1), or that the browser
// asks for.
func (a *appearance) languageFor(r *http.Request, locales string) translation {
	wanted := slices.Concat(
		acceptedLanguages(string(cookie(r, languageCookie))), acceptedLanguages(strings.Join(strings.Fields(locales), ",")),
		acceptedLanguages(r.Header.Get("Accept-Language")))
	_, i, _ := a.matcher.Match(wanted...)
	return a.languages[i]
}
