// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// scan points a camera at the screen: zbarimg reads the QR code from a picture
// of the page.
func (b *tab) scan() *url.URL {
	b.t.Helper()
	u, err := url.Parse(testenv.ScanQRCode(b.t, b.shot()))
	if err != nil || u.Scheme != "otpauth" {
		b.t.Fatalf("the code on the screen is no address of an authenticator app: %v", err)
	}
	return u
}

// backupCodes are those that the page shows.
func (b *tab) backupCodes() []string {
	b.t.Helper()
	return evaluate[[]string](b, "[...document.querySelectorAll('.codes li')].map((li) => li.textContent)")
}

// setUpApp turns the second factor on, as somebody with a telephone does.
func (b *tab) setUpApp() (key string, codes []string) {
	b.t.Helper()
	b.open("/account")
	b.pressIn(section("Two-factor sign-in"), "Set up")
	key, codes = b.scan().Query().Get("secret"), b.backupCodes()
	b.fill("code", b.realm.appCode(key))
	b.press("Turn on")
	b.realm.advance(30 * time.Second) // to the app's next code
	return key, codes
}

func TestSecondFactorFromTheQRCode(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t)
		b := r.serve().signedIn(s, userEmail)
		b.pressIn(section("Two-factor sign-in"), "Set up")
		b.sees("/account/two-factor", http.StatusOK, "Scan this with your authenticator app")
		b.look("two-factor")
		scanned, codes := b.scan(), b.backupCodes()
		key := scanned.Query().Get("secret")
		if len(codes) != 10 {
			t.Errorf("there are %d backup codes", len(codes))
		}
		b.click("Cannot scan? Enter the key by hand")
		if shown := strings.ReplaceAll(evaluate[string](b, "document.getElementById('key').textContent"), " ", ""); shown != key {
			t.Error("the key to enter by hand is another one")
		}
		b.fill("code", wrongCode(r.appCode(key)))
		b.press("Turn on")
		b.sees("/account/two-factor/verify", http.StatusBadRequest, "The code is wrong. Enter the one that the app shows now.", codes[9])
		b.look("two-factor-wrong")
		b.fill("code", r.appCode(b.scan().Query().Get("secret")))
		b.press("Turn on")
		b.sees("/account", http.StatusOK, "Two-factor sign-in is changed.", "Backup codes left: 10.")
		b.look("account-two-factor")
		r.advance(30 * time.Second)

		b.press("Sign out")
		b.signIn(userEmail, password)
		b.sees("/signin", http.StatusOK, "Enter your code")
		b.look("code")
		b.fill("code", wrongCode(r.appCode(key)))
		b.press("Continue")
		b.sees("/signin/code", http.StatusBadRequest, "The code is wrong", "Attempts left: 4.")
		b.look("code-wrong")
		b.fill("code", r.appCode(key))
		b.press("Continue")
		b.sees("/account", http.StatusOK, userEmail)

		b.press("Sign out")
		b.signIn(userEmail, password)
		b.useBackupCode(codes[3])
		b.sees("/account", http.StatusOK, "Backup codes left: 9.")
	})
}

func wrongCode(right string) string {
	if right == "000000" {
		return "111111"
	}
	return "000000"
}

func (b *tab) useBackupCode(code string) {
	b.t.Helper()
	if evaluate[bool](b, "!document.querySelector('details:has(#backup-code)').open") {
		b.click("Use a backup code")
	}
	b.fill("backup-code", code)
	b.pressIn("//details", "Continue")
}

func TestBackupCodesAreKept(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t)
		b := r.serve().signedIn(s, userEmail)
		_, first := b.setUpApp()
		b.click("Change or turn off")
		b.press("New backup codes")
		b.sees("/account/two-factor/backup-codes", http.StatusOK, "Your new backup codes")
		b.look("backup-codes")
		codes := b.backupCodes()
		if len(codes) != 10 || codes[0] == first[0] {
			t.Errorf("there are %d new backup codes", len(codes))
		}
		if got := b.selects("Copy"); strings.Join(strings.Fields(got), " ") != strings.Join(codes, " ") {
			t.Errorf("for want of a clipboard, %q is selected", got)
		}
		if got := b.copies("Copy", "Copied"); strings.TrimSpace(got) != strings.Join(codes, "\n") {
			t.Error("the clipboard holds something else")
		}
		if name, got := b.downloads("Save as a file"); !strings.HasSuffix(strings.Join(strings.Fields(got), " "), strings.Join(codes, " ")) {
			t.Errorf("the file %s holds something else", name)
		}
		evaluate[bool](b, "window.print = () => { document.documentElement.dataset.printed = 'yes' }, true")
		b.click("Print")
		if !evaluate[bool](b, "document.documentElement.dataset.printed === 'yes'") {
			t.Error("nothing was printed")
		}
		b.press("I have kept them")
		b.press("Sign out")
		b.signIn(userEmail, password)
		b.useBackupCode(first[0])
		b.sees("/signin/code", http.StatusBadRequest, "The code is wrong")
		b.useBackupCode(codes[9])
		b.sees("/account", http.StatusOK, "Backup codes left: 9.")
		r.advance(longAgo)
		b.click("Change or turn off")
		b.press("Turn off")
		b.sees("/account/two-factor/disable", http.StatusForbidden, "Is it you?")
		b.look("proof-two-factor")
		b.fill("code", codes[8])
		b.press("Continue")
		b.sees("/account", http.StatusOK, "Protect your account with a code")
	})
}
