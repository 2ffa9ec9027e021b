// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
)

// folder is where pictures of all pages are left to be looked at.
const folder = "../../bin/screenshots"

// screen is what a page is seen on.
type screen struct {
	name          string
	width, height int64
	// density is pixels of the screen to one of CSS.
	density float64
	touch   bool
}

var (
	desk      = screen{"desk", 1280, 800, 1, false}
	telephone = screen{"telephone", 390, 844, 2, true}
	// zoomed is the desk at 200 % (WCAG 2.2, 1.4.4); narrow is as far as pages must
	// flow without scrolling sideways (1.4.10).
	zoomed = screen{"zoomed", 640, 400, 2, false}
	narrow = screen{"narrow", 320, 640, 1, false}
)

func (b *tab) screen(s screen) {
	b.t.Helper()
	call(b, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: s.width, Height: s.height, DeviceScaleFactor: s.density, Mobile: s.touch,
	})
}

// prefers are the wishes of the system that a page may ask for.
func (b *tab) prefers(theme, motion string) {
	b.t.Helper()
	call(b, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: theme}, {Name: "prefers-reduced-motion", Value: motion},
	}})
}

// look judges the page on every screen in both themes, and leaves pictures of it
// under a name when pictures are asked for.
func (b *tab) look(name string) {
	b.t.Helper()
	if b.seen != desk {
		return // the tab at the desk looks for both
	}
	for _, theme := range []string{"light", "dark"} {
		b.prefers(theme, "reduce")
		for _, s := range []screen{desk, telephone} {
			b.screen(s)
			b.picture(fmt.Sprintf("%s-%s-%s.png", name, s.name, theme))
			b.fits(name, s)
		}
		b.isAccessible(name, theme)
	}
	for _, s := range []screen{zoomed, narrow} {
		b.screen(s)
		b.fits(name, s)
	}
	b.screen(desk)
	b.prefers("light", "no-preference")
}

// shot is a picture of the whole page, however long, in PNG.
func (b *tab) shot() []byte {
	b.t.Helper()
	size := call(b, page.GetLayoutMetrics, cdp.Empty{}).CSSContentSize
	return call(b, page.CaptureScreenshot, page.CaptureScreenshotParams{
		Clip:                  &page.Viewport{Width: size.Width, Height: size.Height, Scale: 1},
		CaptureBeyondViewport: new(true), OptimizeForSpeed: new(true),
	}).Data
}

func (b *tab) picture(file string) {
	b.t.Helper()
	if !*screenshots {
		return
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		b.t.Fatal(err)
	}
	shot := b.shot()
	if err := os.WriteFile(filepath.Join(folder, file), shot, 0o644); err != nil {
		b.t.Fatal(err)
	}
	b.document(file, shot)
}

// fits fails the test when a page must be scrolled sideways, or cuts text off.
func (b *tab) fits(name string, s screen) {
	b.t.Helper()
	if width := evaluate[int64](b, "document.documentElement.scrollWidth"); width > s.width {
		b.t.Errorf("%s is %d wide on a screen of %d", name, width, s.width)
	}
}

// isAccessible runs axe-core, which finds nothing serious. In the dark only colors
// differ, so only they are looked at again.
func (b *tab) isAccessible(name, theme string) {
	b.t.Helper()
	if !evaluate[bool](b, "typeof axe === 'object'") {
		evaluate[bool](b, suite.axe+"; true")
	}
	rules := ""
	if theme == "dark" {
		rules = `, runOnly: ["color-contrast", "link-in-text-block"]`
	}
	// Preloading would ask for style sheets by script, which no page of ours may.
	report := evaluate[string](b, `axe.run(document, {preload: false, resultTypes: ["violations"]`+rules+`}).then((r) => JSON.stringify(r.violations))`)
	violations := []struct {
		ID, Impact, Help string
		Nodes            []struct {
			HTML           string
			FailureSummary string
		}
	}{}
	if err := json.Unmarshal([]byte(report), &violations); err != nil {
		b.t.Fatal(err)
	}
	for _, v := range violations {
		for _, n := range v.Nodes {
			b.t.Errorf("%s, %s: %s %s (%s): %s\n%s", name, theme, v.Impact, v.ID, v.Help, n.HTML, strings.TrimSpace(n.FailureSummary))
		}
	}
}
