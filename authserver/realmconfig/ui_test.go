// SPDX-License-Identifier: Apache-2.0

package realmconfig_test

import (
	"bytes"
	"image"
	"image/png"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8">%s</svg>`

func smallPNG(t testing.TB) []byte {
	t.Helper()
	b := &bytes.Buffer{}
	if err := png.Encode(b, image.NewGray(image.Rect(0, 0, 2, 2))); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func drawing(content string) []byte { return []byte(strings.Replace(svg, "%s", content, 1)) }

func TestPicturesThatPagesShow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		data []byte
		want realmconfig.MediaType
	}{
		"a PNG":                     {smallPNG(t), realmconfig.PNG},
		"an SVG":                    {drawing(`<path d="M0 0h8v8z"/>`), realmconfig.SVG},
		"an SVG with a declaration": {append([]byte("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!-- drawn by hand -->\n"), drawing("")...), realmconfig.SVG},
		"an SVG for both schemes":   {drawing(`<style>@media (prefers-color-scheme: dark) { path { fill: #fff } }</style>`), realmconfig.SVG},
		"the largest":               {drawing(strings.Repeat(" ", realmconfig.MaxPicture-len(drawing("")))), realmconfig.SVG},
	} {
		if got, err := realmconfig.NewPicture(c.data); err != nil || got.MediaType != c.want {
			t.Errorf("%s: is %v, %v", name, got, err)
		}
	}
}

func TestPicturesThatPagesDoNotShow(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		data []byte
		says string
	}{
		"nothing":                    {nil, "neither PNG nor well-formed SVG"},
		"words":                      {[]byte("The Shop"), "neither PNG nor well-formed SVG"},
		"a JPEG":                     {[]byte("\xff\xd8\xff\xe0\x00\x10JFIF"), "neither PNG nor well-formed SVG"},
		"half a PNG":                 {smallPNG(t)[:12], "damaged PNG"},
		"a page":                     {[]byte("<html></html>"), "first element must be svg"},
		"an svg that is none":        {[]byte("<svg></svg>"), "first element must be svg"},
		"half an SVG":                {drawing("<g>"), "well-formed"},
		"an entity":                  {append([]byte(`<!DOCTYPE svg [<!ENTITY a "aaaa">]>`), drawing("&a;")...), "well-formed"},
		"a script":                   {drawing("<script>alert(1)</script>"), "element script"},
		"a script in another case":   {drawing(`<SCRIPT xmlns="http://www.w3.org/1999/xhtml"/>`), "element script"},
		"a page within":              {drawing("<foreignObject/>"), "element foreignobject"},
		"a handler":                  {drawing(`<g onload="alert(1)"/>`), "attribute on"},
		"one byte more than allowed": {drawing(strings.Repeat(" ", realmconfig.MaxPicture-len(drawing(""))+1)), "has 32769 bytes, and may have 32768"},
	} {
		if _, err := realmconfig.NewPicture(c.data); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want it to say %q", name, err, c.says)
		}
	}
}

func FuzzNewPicture(f *testing.F) {
	f.Add(smallPNG(f))
	f.Add(drawing(`<g onload="alert(1)"/>`))
	f.Add(drawing("<script/>"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := realmconfig.NewPicture(data)
		if err != nil {
			return
		}
		if len(data) > realmconfig.MaxPicture || p.MediaType == realmconfig.SVG && bytes.Contains(data, []byte("<script")) &&
			!bytes.Contains(data, []byte("<!")) {
			t.Errorf("%q is taken as %s", data, p.MediaType)
		}
	})
}

func TestUIValidate(t *testing.T) {
	t.Parallel()
	picture := func(kind realmconfig.MediaType, data []byte) *realmconfig.Picture {
		return &realmconfig.Picture{MediaType: kind, Data: data}
	}
	for name, c := range map[string]struct {
		change  func(*realmconfig.UI)
		problem string
	}{
		"good":                    {func(*realmconfig.UI) {}, ""},
		"a logo":                  {func(u *realmconfig.UI) { u.Logo = picture(realmconfig.SVG, drawing("")) }, ""},
		"colors":                  {func(u *realmconfig.UI) { u.Dark.Accent = "#FFcc00" }, ""},
		"another release's text":  {func(u *realmconfig.UI) { u.Texts = map[string]map[string]string{"fr": {"a.new.one": "Bonjour"}} }, ""},
		"no name":                 {func(u *realmconfig.UI) { u.DisplayName = "" }, "ui.displayName: must not be empty"},
		"a logo that is a script": {func(u *realmconfig.UI) { u.Logo = picture(realmconfig.SVG, drawing("<script/>")) }, "ui.logo: has an element script"},
		"a logo under a false flag": {
			func(u *realmconfig.UI) { u.Logo = picture(realmconfig.PNG, drawing("")) }, "ui.logo.mediaType: is not what the data are",
		},
		"a style for a color": {func(u *realmconfig.UI) { u.Light.Text = "red;}*{" }, "ui.light.text: must be a color such as"},
		"help by script":      {func(u *realmconfig.UI) { u.SupportURL = "javascript:alert(1)" }, "ui.supportURL: must be a URL"},
		"a link by script": {func(u *realmconfig.UI) {
			u.LegalLinks = []realmconfig.Link{{Text: "Terms", URL: "javascript:alert(1)"}}
		}, "ui.legalLinks[0]: must have"},
		"no language":         {func(u *realmconfig.UI) { u.Languages = nil }, "ui.languages: must name at least one"},
		"an unknown language": {func(u *realmconfig.UI) { u.Languages = []string{"en", "it"} }, "ui.languages[1]: must be one of en, de, es, fr"},
		"a language twice":    {func(u *realmconfig.UI) { u.Languages = []string{"en", "en"} }, "ui.languages[1]: must be one of"},
		"words nobody reads":  {func(u *realmconfig.UI) { u.Texts = map[string]map[string]string{"it": {}} }, "ui.texts: languages are en, de, es, fr"},
		"more words than a book": {
			func(u *realmconfig.UI) {
				u.Texts = map[string]map[string]string{"en": {"signin.title": strings.Repeat("x", 64<<10)}}
			}, "ui.texts: have more than 65536 bytes together",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			config := goodConfig()
			c.change(&config.UI)
			expectProblem(t, config.Validate(), c.problem)
		})
	}
}

func TestTextsThatHaveNoEffect(t *testing.T) {
	t.Parallel()
	known := realmconfig.KnownTexts()
	for name, c := range map[string]struct{ key, text, says string }{
		"a known one":               {"signin.title", "Welcome", ""},
		"one with what it is about": {"sent.reset", "We have written to {email}.", ""},
		"one without":               {"sent.reset", "We have written to you.", ""},
		"a slip":                    {"signin.titel", "Welcome", "there is no text signin.titel; did you mean signin.title?"},
		"another's name":            {"sent.reset", "Hello {name}, look at {email}", "sent.reset has nothing to put in place of {name}"},
		"far from everything":       {"x", "", "did you mean"},
	} {
		switch err := known.Check(c.key, c.text); {
		case c.says == "" && err != nil:
			t.Errorf("%s: %v", name, err)
		case c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s: %v, want it to say %q", name, err, c.says)
		}
	}
}
