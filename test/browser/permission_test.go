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
	b.clipboard(browser.PermissionSettingGranted)
	b.click(text)
	b.do(chromedp.WaitVisible(saying("//body", done)))
	return evaluate[string](b, "navigator.clipboard.readText()")
}

// clipboard says whether the page may use it.
func (b *tab) clipboard(setting browser.PermissionSetting) {
	b.t.Helper()
	for _, permission := range []*browser.PermissionDescriptor{{Name: "clipboard-read", AllowWithoutSanitization: true}, {Name: "clipboard-write"}} {
		_, err := chromedp.CallBrowser(b.ctx, browser.SetPermission, browser.SetPermissionParams{
			Permission: permission, Setting: setting, Origin: b.realm.Config.Issuer,
			BrowserContextID: chromedp.FromContext(b.ctx).BrowserContextID,
		})
		if err != nil {
			b.t.Fatal(err)
		}
	}
}

// selects clicks what says text, where the clipboard is forbidden, and returns
// what is then selected.
func (b *tab) selects(text string) (selected string) {
	b.t.Helper()
	b.clipboard(browser.PermissionSettingDenied)
	b.click(text)
	eventually.Succeeds(b.t, func(context.Context) error {
		if selected = evaluate[string](b, "getSelection().toString()"); selected == "" {
			return errors.New("nothing is selected")
		}
		return nil
	})
	return selected
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
