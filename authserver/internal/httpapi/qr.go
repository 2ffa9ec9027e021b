// SPDX-License-Identifier: Apache-2.0

package httpapi

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
	// qrModule is the side of one square, in pixels.
	qrModule = 5
	// qrQuietZone is the white border that readers need, in squares (ISO/IEC
	// 18004, section 9.1): on a dark page nothing else provides it.
	qrQuietZone = 4
)

// QRDataURI is a picture of text to scan, as the src of an img element.
func QRDataURI(text string) (string, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", fmt.Errorf("encode QR code: %w", err)
	}
	squares := code.Bounds().Dx()
	side := (squares + 2*qrQuietZone) * qrModule
	picture := image.NewPaletted(image.Rect(0, 0, side, side), color.Palette{color.White, color.Black})
	for y := range squares * qrModule {
		for x := range squares * qrModule {
			picture.Set(x+qrQuietZone*qrModule, y+qrQuietZone*qrModule, code.At(x/qrModule, y/qrModule))
		}
	}
	encoded := bytes.Buffer{}
	if err := png.Encode(&encoded, picture); err != nil {
		return "", fmt.Errorf("encode QR code: %w", err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(encoded.Bytes()), nil
}
