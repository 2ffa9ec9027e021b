// SPDX-License-Identifier: Apache-2.0

package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

//go:generate go test . -run Current$ -count=1 -update

//go:embed catalogue
var catalogueFiles embed.FS

// speech is one language's texts by key.
type speech struct {
	// Tag is as in BCP 47, Name what its speakers call it.
	Tag, Name string
	texts     map[string]string
	// own are the realm's, which come first.
	own map[string]string
}

// loadLanguages reads the catalogues that pages can come in.
func loadLanguages() ([]speech, error) {
	all := []speech{}
	for _, tag := range realmconfig.Languages() {
		document, err := catalogueFiles.ReadFile(path.Join("catalogue", tag+".json"))
		if err != nil {
			return nil, fmt.Errorf("read catalogue: %w", err)
		}
		texts := map[string]string{}
		if err := json.Unmarshal(document, &texts); err != nil {
			return nil, fmt.Errorf("read catalogue %s: %w", tag, err)
		}
		all = append(all, speech{Tag: tag, texts: texts})
	}
	return all, nil
}

// spoken are those of all that a realm speaks, in its order and words.
func spoken(all []speech, ui realmconfig.UI) []speech {
	list := []speech{}
	for _, tag := range ui.Languages {
		for _, s := range all {
			if s.Tag == tag {
				s.own = ui.Texts[tag]
				s.Name = s.T("language")
				list = append(list, s)
			}
		}
	}
	return list
}

// T is the text of a key, with {name} replaced for each pair of name and value.
// A key that has no text shows itself, which a test finds.
func (s speech) T(key string, pairs ...any) string {
	text, found := s.text(key)
	if !found {
		return key
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, fmt.Sprintf("{%v}", pairs[i]), fmt.Sprint(pairs[i+1]))
	}
	return text
}

// Problem is what to tell a person about a refusal: the text of its code, or
// of a fault of ours.
func (s speech) Problem(code any) string {
	if text, found := s.text(fmt.Sprintf("problem.%v", code)); found {
		return text
	}
	return s.T("problem.internal")
}

func (s speech) text(key string) (string, bool) {
	if text, found := s.own[key]; found {
		return text, true
	}
	text, found := s.texts[key]
	return text, found
}

// Outcome is how an event ended, in words.
func (s speech) Outcome(outcome string) string {
	for _, kind := range []string{"outcome.", "problem."} {
		if text, found := s.text(kind + outcome); found {
			return text
		}
	}
	return outcome
}

const languageLifetime = 365 * 24 * time.Hour

// chooseLanguage keeps the visitor's choice and goes back to the page.
func (w *Web) chooseLanguage(v *visit) (*answer, error) {
	for _, s := range v.look.languages {
		if s.Tag == v.field("language", 8) {
			setCookie(v.w, languageCookie, s.Tag, languageLifetime)
		}
	}
	return goOn(localPath(v.field("back", maxBack)))
}

// localPath is a path of this server, "/" for anything that might be more.
func localPath(path string) string {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.Contains(path, `\`) || strings.ContainsFunc(path, control) {
		return "/"
	}
	return path
}
