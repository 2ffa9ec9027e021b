// SPDX-License-Identifier: Apache-2.0

package realmconfig

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strings"
)

// Theme is the colors of one color scheme, each as #rrggbb. Where one is empty,
// that of the built-in theme is meant.
type Theme struct {
	// Accent is of buttons and, where it can be read, of links.
	Accent string `json:"accent,omitempty"`
	// Background is behind everything, Surface behind forms.
	Background string `json:"background,omitempty"`
	Surface    string `json:"surface,omitempty"`
	// Text is what is read, Quiet what is read second, Danger what went wrong,
	// Line between things. The last three cannot be chosen.
	Text   string `json:"text,omitempty"`
	Quiet  string `json:"-"`
	Danger string `json:"-"`
	Line   string `json:"-"`
}

// LightTheme is the built-in one for light pages, complete.
func LightTheme() Theme {
	return Theme{
		Accent: "#2f56c6", Background: "#f4f5f8", Surface: "#ffffff", Text: "#171b26", Quiet: "#566074", Danger: "#b3261e", Line: "#d8dce5",
	}
}

// DarkTheme is the built-in one for dark pages, complete.
func DarkTheme() Theme {
	return Theme{
		Accent: "#9db4ff", Background: "#10131b", Surface: "#191e2a", Text: "#eceff6", Quiet: "#a7b0c3", Danger: "#ffb4ab", Line: "#3b4457",
	}
}

// Over is t with the colors of a complete theme where it has none.
func (t Theme) Over(built Theme) Theme {
	full := Theme{
		Accent: cmp.Or(t.Accent, built.Accent), Background: cmp.Or(t.Background, built.Background),
		Surface: cmp.Or(t.Surface, built.Surface), Text: cmp.Or(t.Text, built.Text),
		Quiet: built.Quiet, Danger: built.Danger, Line: built.Line,
	}
	if t.Text == "" {
		return full
	}
	// What goes with text of another color is that color, fainter.
	full.Quiet, full.Line = blend(full.Text, full.Surface, 0.3), blend(full.Text, full.Surface, 0.78)
	if min(Contrast(full.Quiet, full.Background), Contrast(full.Quiet, full.Surface)) < minContrast {
		full.Quiet = full.Text
	}
	return full
}

// minContrast is what text needs (WCAG 2.2, success criterion 1.4.3, level AA).
const minContrast = 4.5

// Legible returns an error that names each pair of a complete theme's colors in
// which text could not be read. Accent is in none of them: see OnAccent and Link.
func (t Theme) Legible() error {
	var unread []error
	for _, text := range []struct{ name, color string }{{"text", t.Text}, {"secondary text", t.Quiet}, {"error text", t.Danger}} {
		for _, ground := range []struct{ name, color string }{{"background", t.Background}, {"surface", t.Surface}} {
			if ratio := Contrast(text.color, ground.color); ratio < minContrast {
				unread = append(unread, fmt.Errorf("%s (%s) on %s (%s) has a contrast of %.2f:1, and needs %.1f:1",
					text.name, text.color, ground.name, ground.color, math.Floor(ratio*100)/100, minContrast))
			}
		}
	}
	return errors.Join(unread...)
}

// OnAccent is the color of text on Accent: black or white, one of which can be
// read on any color.
func (t Theme) OnAccent() string {
	const black, white = "#000000", "#ffffff"
	if Contrast(t.Accent, white) >= Contrast(t.Accent, black) {
		return white
	}
	return black
}

// Link is the color of a complete theme's links and focus: Accent where it can
// be read, and else Text.
func (t Theme) Link() string {
	if Contrast(t.Accent, t.Background) >= minContrast && Contrast(t.Accent, t.Surface) >= minContrast {
		return t.Accent
	}
	return t.Text
}

// Contrast is the contrast ratio of two colors, 1 to 21 (WCAG 2.2, definition of
// contrast ratio). It is 0 unless both are written as #rrggbb.
func Contrast(a, b string) float64 {
	first, ok := luminance(a)
	second, also := luminance(b)
	if !ok || !also {
		return 0
	}
	return (max(first, second) + 0.05) / (min(first, second) + 0.05)
}

// luminance is relative luminance, 0 for black to 1 for white (WCAG 2.2).
func luminance(color string) (float64, bool) {
	channels, ok := parseColor(color)
	if !ok {
		return 0, false
	}
	linear := func(channel byte) float64 {
		c := float64(channel) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(channels[0]) + 0.7152*linear(channels[1]) + 0.0722*linear(channels[2]), true
}

// blend is a color with a share of another, 0 to 1, in it.
func blend(color, other string, share float64) string {
	a, ok := parseColor(color)
	b, also := parseColor(other)
	if !ok || !also {
		return color
	}
	for i := range a {
		a[i] = byte(math.Round(float64(a[i])*(1-share) + float64(b[i])*share))
	}
	return "#" + hex.EncodeToString(a[:])
}

func parseColor(color string) (channels [3]byte, ok bool) {
	digits, found := strings.CutPrefix(color, "#")
	if !found || len(digits) != hex.EncodedLen(len(channels)) {
		return channels, false
	}
	_, err := hex.Decode(channels[:], []byte(digits))
	return channels, err == nil
}

func (t Theme) validate(p *problems, field string, built Theme) {
	full := t.Over(built)
	for _, c := range []struct{ name, color string }{
		{"accent", full.Accent}, {"background", full.Background}, {"surface", full.Surface}, {"text", full.Text},
	} {
		_, ok := luminance(c.color)
		p.check(ok, "%s.%s: must be a color such as #2f56c6", field, c.name)
	}
}
