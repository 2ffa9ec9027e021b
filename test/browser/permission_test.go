// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"

	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// copies clicks what says text and returns what the clipboard then holds.
func (b *tab) copies(text, done string) string {
	b.t.Helper()
	// All windows of a browser have one clipboard.
	suite.clipboard.Lock()
	defer suite.clipboard.Unlock()
	b.mayUseTheClipboard()
	b.click(text)
	b.do(chromedp.WaitVisible(saying("//body", done)))
	return evaluate[string](b, "navigator.clipboard.readText()")
}

// mayUseTheClipboard says yes where a browser would ask.
func (b *tab) mayUseTheClipboard() {
	b.t.Helper()
	for _, name := range []string{"clipboard-read", "clipboard-write"} {
		_, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: &browser.PermissionDescriptor{Name: name, AllowWithoutSanitization: true},
			Setting:    browser.PermissionSettingGranted, Origin: b.realm.Config.Issuer,
			BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
		})
		if err != nil {
			b.t.Fatal(err)
		}
	}
}

// downloads clicks what says text and returns the file that comes.
func (b *tab) downloads(text string) (name, content string) {
	b.t.Helper()
	dir := b.t.TempDir()
	// Chromium runs as another user.
	if err := errors.Join(os.Chmod(dir, 0o777), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		b.t.Fatal(err)
	}
	call(b, browser.SetDownloadBehavior, browser.SetDownloadBehaviorParams{
		Behavior: browser.SetDownloadBehaviorBehaviorAllow, DownloadPath: dir, EventsEnabled: new(true),
		BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
	})
	b.click(text)
	eventually.Succeeds(b.t, func(context.Context) error {
		entries, err := os.ReadDir(dir)
		if err == nil && (len(entries) != 1 || filepath.Ext(entries[0].Name()) == ".crdownload") {
			err = errors.New("the file is on its way")
		}
		if err != nil {
			return err
		}
		name = entries[0].Name()
		data, err := os.ReadFile(filepath.Join(dir, name))
		content = string(data)
		return err
	})
	return name, content
}
