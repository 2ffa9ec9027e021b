// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"bytes"
	"cmp"
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

var screenshots = flag.Bool("screenshots", false, "leave pictures of all pages, and write those of docs/pages.md")

// documented are the pictures that docs/pages.md shows.
var documented = []string{
	"signin-providers-desk-light.png", "signin-branded-telephone-light.png", "signin-wrong-telephone-dark.png",
	"two-factor-desk-light.png", "code-telephone-light.png", "account-desk-light.png", "users-desk-light.png", "audit-desk-dark.png",
}

const documentation = "../../docs/screenshots"

// document keeps a picture for the documentation, in as few colors as it needs
// to look the same.
func (b *tab) document(file string, shot []byte) {
	b.t.Helper()
	if !slices.Contains(documented, file) {
		return
	}
	picture, err := png.Decode(bytes.NewReader(shot))
	if err != nil {
		b.t.Fatal(err)
	}
	small := &bytes.Buffer{}
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(small, reduced(picture)); err != nil {
		b.t.Fatal(err)
	}
	if err := os.MkdirAll(documentation, 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(documentation, file), small.Bytes(), 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// reduced has the 256 most frequent colors of a picture.
func reduced(picture image.Image) *image.Paletted {
	bounds := picture.Bounds()
	count := map[color.Color]int{}
	for y := bounds.Min.Y; y < bounds.Max.Y; y++ {
		for x := bounds.Min.X; x < bounds.Max.X; x++ {
			count[color.RGBAModel.Convert(picture.At(x, y))]++
		}
	}
	palette := color.Palette(slices.SortedFunc(maps.Keys(count), func(a, b color.Color) int {
		return cmp.Or(count[b]-count[a], cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)))
	}))
	few := image.NewPaletted(bounds, palette[:min(len(palette), 256)])
	draw.Draw(few, bounds, picture, bounds.Min, draw.Src)
	return few
}

func TestTheDocumentsPicturesAreThere(t *testing.T) {
	t.Parallel()
	if *screenshots {
		return // the other tests are about to write them
	}
	pages, err := os.ReadFile("../../docs/pages.md")
	if err != nil {
		t.Fatal(err)
	}
	total := int64(0)
	for _, file := range documented {
		info, err := os.Stat(filepath.Join(documentation, file))
		if err != nil {
			t.Error(err)
			continue
		}
		total += info.Size()
		if !bytes.Contains(pages, []byte("screenshots/"+file)) {
			t.Errorf("docs/pages.md does not show %s", file)
		}
	}
	if total > 1<<20 {
		t.Errorf("they take %d bytes together", total)
	}
}
