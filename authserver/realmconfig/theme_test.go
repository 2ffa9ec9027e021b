// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// The ratios are those of other implementations of WCAG.
func TestContrast(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		a, b string
		want float64
	}{
		"black and white":               {"#000000", "#ffffff", 21},
		"white and black":               {"#FFFFFF", "#000000", 21},
		"a color and itself":            {"#2f56c6", "#2f56c6", 1},
		"the lightest gray that passes": {"#767676", "#ffffff", 4.54},
		"one step more":                 {"#777777", "#ffffff", 4.48},
		"red on white":                  {"#ff0000", "#ffffff", 4.00},
		"blue on white":                 {"#0000ff", "#ffffff", 8.59},
		"yellow on white":               {"#ffff00", "#ffffff", 1.07},
		"nearly black":                  {"#0a0a0a", "#000000", 1.06},
		"no color":                      {"red", "#ffffff", 0},
		"three digits":                  {"#fff", "#000000", 0},
		"letters that are no digits":    {"#gggggg", "#000000", 0},
		"no sign":                       {"ffffff", "#000000", 0},
	} {
		if got := realmconfig.Contrast(c.a, c.b); math.Abs(got-c.want) > 0.005 {
			t.Errorf("%s: %f, want %.2f", name, got, c.want)
		}
	}
}

func TestBlackOrWhiteCanBeReadOnEveryColor(t *testing.T) {
	t.Parallel()
	for gray := range 256 {
		accent := realmconfig.Theme{Accent: fmt.Sprintf("#%02x%02[1]x%02[1]x", gray)}
		if ratio := realmconfig.Contrast(accent.Accent, accent.OnAccent()); ratio < 4.5 {
			t.Errorf("%s on %s: %f", accent.OnAccent(), accent.Accent, ratio)
		}
	}
}

func TestBuiltInThemesCanBeRead(t *testing.T) {
	t.Parallel()
	for name, theme := range map[string]realmconfig.Theme{"light": realmconfig.LightTheme(), "dark": realmconfig.DarkTheme()} {
		if err := theme.Legible(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if theme.Link() != theme.Accent {
			t.Errorf("%s links have not the accent's color", name)
		}
	}
}

func TestThemesThatCannotBeRead(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		theme realmconfig.Theme
		says  string
	}{
		"light text":           {realmconfig.Theme{Text: "#999999"}, "text (#999999) on surface (#ffffff) has a contrast of 2.84:1, and needs 4.5:1"},
		"a middle background":  {realmconfig.Theme{Background: "#888888"}, "secondary text (#566074) on background (#888888)"},
		"a surface like blood": {realmconfig.Theme{Surface: "#ff8080"}, "error text (#b3261e) on surface (#ff8080)"},
	} {
		err := c.theme.Over(realmconfig.LightTheme()).Legible()
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want it to say %q", name, err, c.says)
		}
	}
	faint := realmconfig.Theme{Text: "#767676", Background: "#ffffff", Surface: "#ffffff"}.Over(realmconfig.LightTheme())
	if err := faint.Legible(); err != nil || faint.Quiet != faint.Text {
		t.Errorf("text that is just dark enough: %v, beside %s", err, faint.Quiet)
	}
	brown := realmconfig.Theme{Text: "#3a2200"}.Over(realmconfig.LightTheme())
	if brown.Quiet != "#75644d" || brown.Line != "#d4cec7" {
		t.Errorf("brown text goes with %s and lines of %s", brown.Quiet, brown.Line)
	}
	pale := realmconfig.Theme{Accent: "#ffcc00"}.Over(realmconfig.LightTheme())
	if err := pale.Legible(); err != nil || pale.Link() != pale.Text || pale.OnAccent() != "#000000" {
		t.Errorf("a pale accent: %v, links %s, buttons %s", err, pale.Link(), pale.OnAccent())
	}
}
