// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// AppCode is what an authenticator app shows at a time for a key in base32:
// oathtool computes it.
func AppCode(t testing.TB, key string, at time.Time) string {
	t.Helper()
	app := exec.CommandContext(t.Context(), "oathtool", "--totp", "--base32",
		"--now", at.UTC().Format("2006-01-02 15:04:05 UTC"), "-")
	app.Stdin = strings.NewReader(key)
	shown, err := app.Output()
	if err != nil {
		t.Fatalf("oathtool: %v", err)
	}
	return strings.TrimSpace(string(shown))
}

// ScanQRCode is what a camera reads from a picture: zbarimg looks at it.
func ScanQRCode(t testing.TB, picture []byte) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "qr.png")
	if err := os.WriteFile(file, picture, 0o600); err != nil {
		t.Fatal(err)
	}
	read, err := exec.CommandContext(t.Context(), "zbarimg", "--quiet", "--raw", file).Output()
	if err != nil {
		t.Fatalf("zbarimg: %v", err)
	}
	return strings.TrimSpace(string(read))
}
