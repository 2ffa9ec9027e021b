// SPDX-License-Identifier: Apache-2.0

// Package qrcode draws what cameras read, for whoever sets up an authenticator app.
package qrcode

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"image"
	"image/color"
	"image/png"

	"github.com/boombuler/barcode/qr"
)

const (
	// module is the side of one square, in pixels.
	module = 5
	// quietZone is the white border that readers need, in squares (ISO/IEC
	// 18004, section 9.1): on a dark page nothing else provides it.
	quietZone = 4
)

// DataURI is a picture of text to scan, as the src of an img element.
func DataURI(text string) (string, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", fmt.Errorf("encode QR code: %w", err)
	}
	squares := code.Bounds().Dx()
	side := (squares + 2*quietZone) * module
	picture := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range squares * module {
		for x := range squares * module {
			picture.Set(x+quietZone*module, y+quietZone*module, code.At(x/module, y/module))
		}
	}
	encoded := bytes.Buffer{}
	if err := png.Encode(&encoded, picture); err != nil {
		return "", fmt.Errorf("encode QR code: %w", err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(encoded.Bytes()), nil
}
