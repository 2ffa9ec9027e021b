// SPDX-License-Identifier: Apache-2.0

package web

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// blocks are the custom properties of a style sheet, those for light pages and
// those for dark ones.
func blocks(t *testing.T, css string) (light, dark map[string]string) {
	t.Helper()
	found := []map[string]string{}
	for _, block := range regexp.MustCompile(`(?s):root \{(.*?)\}`).FindAllStringSubmatch(css, -1) {
		properties := map[string]string{}
		for _, p := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(block[1], -1) {
			properties[p[1]] = p[2]
		}
		found = append(found, properties)
	}
	if len(found) != 2 || !strings.Contains(css, "@media (prefers-color-scheme: dark)") {
		t.Fatalf("%d blocks of properties in\n%s", len(found), css)
	}
	return found[0], found[1]
}

// The operator computes with the contract's colors what people see in style.css.
func TestTheContractKnowsTheBuiltInColors(t *testing.T) {
	t.Parallel()
	css, err := os.ReadFile("assets/style.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark := blocks(t, string(css))
	for name, c := range map[string]struct {
		built map[string]string
		known realmconfig.Theme
	}{
		"light": {light, realmconfig.LightTheme()},
		"dark":  {dark, realmconfig.DarkTheme()},
	} {
		have := realmconfig.Theme{
			Accent: c.built["accent"], Background: c.built["page"], Surface: c.built["card"], Text: c.built["ink"],
			Quiet: c.built["quiet"], Danger: c.built["danger"], Line: c.built["line"],
		}
		if have != c.known {
			t.Errorf("style.css has %s colors %+v, the contract %+v", name, have, c.known)
		}
		if c.built["link"] != c.known.Link() {
			t.Errorf("%s links are %s, want %s", name, c.built["link"], c.known.Link())
		}
		if ratio := realmconfig.Contrast(c.built["on-accent"], c.built["accent"]); ratio < 4.5 {
			t.Errorf("%s buttons have a contrast of %f", name, ratio)
		}
	}
}

func TestStylesheetOfARealm(t *testing.T) {
	t.Parallel()
	light, dark := blocks(t, stylesheet(realmconfig.Theme{Accent: "#ffcc00", Surface: "#fafafa"}, realmconfig.Theme{}))
	for name, want := range map[string]string{
		"accent": "#ffcc00", "on-accent": "#000000", "card": "#fafafa", "field": "#fafafa",
		"link": realmconfig.LightTheme().Text, "page": realmconfig.LightTheme().Background,
	} {
		if light[name] != want {
			t.Errorf("%s is %s, want %s", name, light[name], want)
		}
	}
	if want := realmconfig.DarkTheme().Accent; dark["accent"] != want || dark["link"] != want {
		t.Errorf("dark pages have the accent %s and the links %s, want %s", dark["accent"], dark["link"], want)
	}
}

func TestARealmWithoutALookServesNone(t *testing.T) {
	t.Parallel()
	if files := realmFiles(realmconfig.UI{DisplayName: "Example"}); len(files) != 0 {
		t.Errorf("it serves %v", files)
	}
}
