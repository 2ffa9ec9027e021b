// SPDX-License-Identifier: Apache-2.0

package mail

import (
	"embed"
	htmltemplate "html/template"
	"strings"
	"text/template"
	"time"
)

//go:embed templates
var files embed.FS

// fallback is the language of readers whose own we do not speak.
const fallback = "en"

// languages are the names of the files in templates/words.
func languages() []string { return []string{"de", "en", "es", "fr"} }

// words are what mails say in one language. They are plain text in either part
// of a mail; the layouts escape it.
type words struct {
	language string
	template *template.Template
}

// parseWords reads what is embedded.
func parseWords() map[string]words {
	all := map[string]words{}
	for _, language := range languages() {
		all[language] = words{language, template.Must(template.ParseFS(files, "templates/words/"+language+".tmpl"))}
	}
	return all
}

// language finds the words for a BCP 47 tag.
func language(all map[string]words, locale string) words {
	primary, _, _ := strings.Cut(strings.ToLower(strings.ReplaceAll(locale, "_", "-")), "-")
	if found, ok := all[primary]; ok {
		return found
	}
	return all[fallback]
}

// say fills one phrase in.
func (w words) say(phrase string, data any) (string, error) {
	out := strings.Builder{}
	if err := w.template.ExecuteTemplate(&out, phrase, data); err != nil {
		return "", err
	}
	return strings.TrimSpace(out.String()), nil
}

// lifetime is a duration in words, rounded up to minutes; empty for none.
func (w words) lifetime(d time.Duration) (string, error) {
	const day = 24 * time.Hour
	switch {
	case d <= 0:
		return "", nil
	case d%day == 0 && d > day:
		return w.say("days", int(d/day))
	case d%time.Hour == 0:
		return w.say("hours", int(d/time.Hour))
	default:
		return w.say("minutes", int((d+time.Minute-1)/time.Minute))
	}
}

// layouts are the same mail as text and as HTML.
type layouts struct {
	text *template.Template
	html *htmltemplate.Template
}

func parseLayouts() layouts {
	return layouts{
		template.Must(template.ParseFS(files, "templates/layout.txt")),
		htmltemplate.Must(htmltemplate.ParseFS(files, "templates/layout.html")),
	}
}
