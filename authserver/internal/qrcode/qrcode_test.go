// SPDX-License-Identifier: Apache-2.0

package qrcode

import (
	"bytes"
	"encoding/base64"
	"image/png"
	"os/exec"
	"strings"
	"testing"
)

// Whatever label a realm and address a user has, a camera reads it.
func TestTheLongestAddressIsReadable(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"short":           "otpauth://totp/Example:a@example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
		"of many letters": "otpauth://totp/" + strings.Repeat("%C3%B6", 32) + ":" + strings.Repeat("%C3%B6", 127) + "?issuer=" + strings.Repeat("%C3%B6", 32),
	} {
		uri, err := DataURI(text)
		if err != nil {
			t.Fatal(err)
		}
		encoded, _ := strings.CutPrefix(uri, "data:image/png;base64,")
		picture, err := base64.StdEncoding.DecodeString(encoded)
		if err != nil {
			t.Fatal(err)
		}
		image, err := png.Decode(bytes.NewReader(picture))
		if err != nil {
			t.Fatal(err)
		}
		corner := quietZone*module - 1
		if r, _, _, _ := image.At(corner, corner).RGBA(); r == 0 {
			t.Errorf("%s: there is no white border", name)
		}
		scan := exec.CommandContext(t.Context(), "zbarimg", "--quiet", "--raw", "png:-")
		scan.Stdin = bytes.NewReader(picture)
		read, err := scan.Output()
		if err != nil || strings.TrimSpace(string(read)) != text {
			t.Errorf("%s: the picture of %d bytes reads as %q, %v", name, len(picture), read, err)
		}
	}
}
