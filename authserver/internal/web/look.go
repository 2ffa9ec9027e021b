// SPDX-License-Identifier: Apache-2.0

package web

import (
	"net/http"
	"reflect"

	"golang.org/x/text/language"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// look is what a realm's settings make of its pages. It takes a while to make,
// and is kept for as long as the settings stay.
type look struct {
	of    realmconfig.UI
	brand brand
	files assets
	// languages are those that visitors may choose from, the first for whoever
	// reads none of them.
	languages []speech
	matcher   language.Matcher
}

// look is the one in force.
func (w *Web) look() *look {
	ui := w.Settings().UI
	if l := w.worn.Load(); l != nil && reflect.DeepEqual(l.of, ui) {
		return l
	}
	l := newLook(ui, w.languages)
	w.worn.Store(l)
	return l
}

func newLook(ui realmconfig.UI, all []speech) *look {
	files := ownFiles(ui)
	l := &look{of: ui, brand: brandOf(ui, files), files: files, languages: spoken(all, ui)}
	tags := []language.Tag{}
	for _, s := range l.languages {
		tags = append(tags, language.Make(s.Tag))
	}
	l.matcher = language.NewMatcher(tags)
	return l
}

// languageFor is the one that a visitor has chosen, or that the browser asks for.
func (l *look) languageFor(r *http.Request) speech {
	chosen := string(cookie(r, languageCookie))
	_, i := language.MatchStrings(l.matcher, chosen, r.Header.Get("Accept-Language"))
	return l.languages[i]
}
