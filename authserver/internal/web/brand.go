// SPDX-License-Identifier: Apache-2.0

package web

import (
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// brand is where a realm's own look is served, and what it links to.
type brand struct {
	Product string
	// Logo and Theme are addresses; empty for a realm without.
	Logo, Theme string
	SupportURL  string
	LegalLinks  []realmconfig.Link
}

// The names under which a realm's own files are served, beside the assets.
const themeFile = "theme.css"

func logoFile(p realmconfig.Picture) string {
	if p.MediaType == realmconfig.PNG {
		return "logo.png"
	}
	return "logo.svg"
}

// Initial stands for a realm that has no logo.
func (b brand) Initial() string {
	first, _ := utf8.DecodeRuneInString(b.Product)
	return strings.ToUpper(string(first))
}

func brandOf(ui realmconfig.UI, files assets) brand {
	b := brand{Product: ui.DisplayName, SupportURL: ui.SupportURL, LegalLinks: ui.LegalLinks}
	for name, file := range files {
		if name == themeFile {
			b.Theme = file.address(name)
		} else {
			b.Logo = file.address(name)
		}
	}
	return b
}

// realmFiles are a realm's own look, as files.
func realmFiles(ui realmconfig.UI) assets {
	files := assets{}
	if ui.Light != (realmconfig.Theme{}) || ui.Dark != (realmconfig.Theme{}) {
		files[themeFile] = newAsset([]byte(stylesheet(ui.Light, ui.Dark)))
	}
	if ui.Logo != nil {
		files[logoFile(*ui.Logo)] = newAsset(ui.Logo.Data)
	}
	return files
}

// stylesheet puts a realm's colors in place of those of style.css. Settings are
// checked before they get here: a color is # and six digits, and can end nothing.
func stylesheet(light, dark realmconfig.Theme) string {
	return properties(light.Over(realmconfig.LightTheme())) +
		"@media (prefers-color-scheme: dark) {\n" + properties(dark.Over(realmconfig.DarkTheme())) + "}\n"
}

func properties(t realmconfig.Theme) string {
	b := &strings.Builder{}
	b.WriteString(":root {\n")
	for _, p := range []struct{ name, color string }{
		{"accent", t.Accent}, {"on-accent", t.OnAccent()}, {"link", t.Link()}, {"focus", t.Link()},
		{"page", t.Background}, {"card", t.Surface}, {"field", t.Surface}, {"ink", t.Text}, {"quiet", t.Quiet}, {"line", t.Line},
	} {
		fmt.Fprintf(b, "  --%s: %s;\n", p.name, p.color)
	}
	b.WriteString("}\n")
	return b.String()
}

// sandbox keeps a picture from doing anything where somebody opens it by itself.
func sandbox(h http.Header) { h.Set("Content-Security-Policy", "sandbox; default-src 'none'") }
