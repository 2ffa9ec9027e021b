// SPDX-License-Identifier: Apache-2.0

package testenv

import (
	"context"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// Chromium is Debian's browser without a window, in a profile of its own.
type Chromium struct {
	// DevTools is the WebSocket address of its protocol.
	DevTools string
	daemon   *daemon
}

// fonts shows pages in a typeface like those that people's systems have, and in
// the same one everywhere.
const fonts = `<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "fonts.dtd">
<fontconfig>
  <include>/etc/fonts/fonts.conf</include>
  <match><test name="family"><string>system-ui</string></test><edit name="family" mode="assign" binding="strong"><string>Inter</string></edit></match>
  <match><test name="family"><string>sans</string></test><edit name="family" mode="assign" binding="strong"><string>Inter</string></edit></match>
  <match><test name="family"><string>sans-serif</string></test><edit name="family" mode="assign" binding="strong"><string>Inter</string></edit></match>
</fontconfig>
`

// StartChromium runs a browser that takes the certificates which authority has
// signed, and no others that the system does not trust.
func StartChromium(ctx context.Context, authority *x509.Certificate) (*Chromium, error) {
	browser, err := program("chromium-headless-shell")
	if err != nil {
		return nil, err
	}
	folder, err := newFolder("chromium")
	if err != nil {
		return nil, err
	}
	settings, key := filepath.Join(folder, "fonts.conf"), sha256.Sum256(authority.RawSubjectPublicKeyInfo)
	if err := os.WriteFile(settings, []byte(fonts), 0o644); err != nil { // another user reads it
		return nil, errors.Join(fmt.Errorf("choose fonts: %w", err), os.RemoveAll(folder))
	}
	argv := []string{
		"env", "HOME=" + folder, "TMPDIR=" + folder, "FONTCONFIG_FILE=" + settings, browser,
		"--user-data-dir=" + folder, "--remote-debugging-port=0",
		"--ignore-certificate-errors-spki-list=" + base64.StdEncoding.EncodeToString(key[:]),
		// Containers may have no namespaces to give it; it sees only pages of tests.
		"--no-sandbox", "--disable-gpu",
		// An interface that comes or goes ends what is under way over HTTP/2.
		"--disable-http2",
		"--disable-crash-reporter", "--hide-scrollbars",
		// No process is kept ready for a page that may never come.
		"--disable-features=SpareRendererForSitePerProcess",
	}
	if scratch() != memory {
		argv = append(argv, "--disable-dev-shm-usage")
	}
	d, err := startDaemon(folder, "TERM", append(argv, "about:blank")...)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(folder))
	}
	c := &Chromium{daemon: d}
	err = d.await(ctx, func(context.Context) error {
		port, err := os.ReadFile(filepath.Join(folder, "DevToolsActivePort"))
		number, path, complete := strings.Cut(string(port), "\n")
		if err == nil && !complete {
			err = errors.New("its port is not written yet")
		}
		c.DevTools = "ws://127.0.0.1:" + number + path
		return err
	})
	if err != nil {
		return nil, errors.Join(err, d.stop())
	}
	return c, nil
}

// Stop ends the browser and removes its profile.
func (c *Chromium) Stop() error { return c.daemon.stop() }
