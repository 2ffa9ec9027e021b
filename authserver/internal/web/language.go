// SPDX-License-Identifier: Apache-2.0

package web

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"path"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/request"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

//go:generate go test . -run Current$ -count=1 -update

//go:embed catalogue
var catalogueFiles embed.FS

// translation is one language's texts by key.
type translation struct {
	// Tag is as in BCP 47, Name what its speakers call it.
	Tag, Name string
	texts     map[string]string
	// keys are those of texts, in the order of the catalogue.
	keys []string
	// overrides are the realm's, which come first.
	overrides map[string]string
}

// loadLanguages reads the catalogues that pages can come in.
func loadLanguages() ([]translation, error) {
	all := []translation{}
	for _, tag := range realmconfig.Languages() {
		document, err := catalogueFiles.ReadFile(path.Join("catalogue", tag+".json"))
		if err != nil {
			return nil, fmt.Errorf("read catalogue: %w", err)
		}
		t := translation{Tag: tag, texts: map[string]string{}}
		if err := t.read(document); err != nil {
			return nil, fmt.Errorf("read catalogue %s: %w", tag, err)
		}
		all = append(all, t)
	}
	return all, nil
}

// read takes the texts of a catalogue up in their order, which encoding/json loses.
func (t *translation) read(document []byte) error {
	dec := json.NewDecoder(bytes.NewReader(document))
	if _, err := dec.Token(); err != nil {
		return err
	}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return err
		}
		name, text := fmt.Sprint(key), ""
		if err := dec.Decode(&text); err != nil {
			return err
		}
		t.texts[name] = text
		t.keys = append(t.keys, name)
	}
	return nil
}

// actionKey begins the keys of what the audit log's actions are called.
const actionKey = "event."

// actions are those of the audit log, in the order of the catalogue: that of an
// account's life.
func (t translation) actions() []auth.Action {
	list := []auth.Action{}
	for _, key := range t.keys {
		if action, found := strings.CutPrefix(key, actionKey); found {
			list = append(list, auth.Action(action))
		}
	}
	return list
}

// translationsOf are those of all that a realm offers, in its order and words.
func translationsOf(all []translation, ui realmconfig.UI) []translation {
	list := []translation{}
	for _, tag := range ui.Languages {
		for _, t := range all {
			if t.Tag == tag {
				t.overrides = ui.Texts[tag]
				t.Name = t.T("language")
				list = append(list, t)
			}
		}
	}
	return list
}

// T is the text of a key, with {name} replaced for each pair of name and value.
// A key that has no text shows itself, which a test finds.
func (t translation) T(key string, pairs ...any) string {
	text, found := t.text(key)
	if !found {
		return key
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		text = strings.ReplaceAll(text, fmt.Sprintf("{%v}", pairs[i]), fmt.Sprint(pairs[i+1]))
	}
	return text
}

// Problem is what to tell a person about a refusal: the text of its code and reason,
// of its code, or of a fault of ours. What the realm says of a code, it says of its
// reasons too.
func (t translation) Problem(refused any) string {
	const prefix = "problem."
	code, _, _ := strings.Cut(fmt.Sprint(refused), ".")
	for _, texts := range []map[string]string{t.overrides, t.texts} {
		for _, key := range []string{prefix + fmt.Sprint(refused), prefix + code} {
			if text, found := texts[key]; found {
				return text
			}
		}
	}
	return t.T(prefix + "internal")
}

func (t translation) text(key string) (string, bool) {
	if text, found := t.overrides[key]; found {
		return text, true
	}
	text, found := t.texts[key]
	return text, found
}

// Outcome is how an event ended, in words.
func (t translation) Outcome(outcome string) string {
	for _, kind := range []string{"outcome.", "problem."} {
		if text, found := t.text(kind + outcome); found {
			return text
		}
	}
	return outcome
}

func (w *Web) languagePages() []page {
	return []page{
		{"POST /language", request.Unlimited, w.chooseLanguage},
	}
}

const languageLifetime = 365 * 24 * time.Hour

// chooseLanguage keeps the visitor's choice and goes back to the page.
func (w *Web) chooseLanguage(req *pageRequest) (*response, error) {
	for _, t := range req.appearance.languages {
		if t.Tag == req.field("language", 8) {
			setCookie(req.w, languageCookie, t.Tag, languageLifetime)
		}
	}
	return seeOther(localPath(req.field("back", maxBack)))
}

// localPath is a path of this server, "/" for anything that might be more.
func localPath(path string) string {
	control := func(r rune) bool { return r < ' ' || r == 0x7f }
	if !strings.HasPrefix(path, "/") || strings.HasPrefix(path, "//") || strings.Contains(path, `\`) || strings.ContainsFunc(path, control) {
		return "/"
	}
	return path
}
