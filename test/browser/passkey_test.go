// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// newPasskeyRealm takes passkeys, which belong to a name and not to an address.
func newPasskeyRealm(t *testing.T) *realm {
	t.Helper()
	r := newRealm(t)
	for _, address := range []*string{&r.Config.Issuer, &r.Config.Browser.ResetPasswordURL, &r.Config.Browser.VerifyEmailURL} {
		*address = strings.Replace(*address, "127.0.0.1", "localhost", 1)
	}
	r.Config.Passkeys = &realmconfig.Passkeys{}
	return r
}

// authenticator is of the tab's browser.
type authenticator struct {
	b  *tab
	id webauthn.AuthenticatorID
}

// plugIn gives the tab an authenticator, which verifies its user or cannot.
func (b *tab) plugIn(verifies bool) authenticator {
	b.t.Helper()
	call(b, webauthn.Enable, webauthn.EnableParams{})
	o := &webauthn.VirtualAuthenticatorOptions{
		Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
		HasResidentKey: true, HasUserVerification: verifies, IsUserVerified: verifies, AutomaticPresenceSimulation: true,
	}
	if !verifies {
		o.Transport = webauthn.AuthenticatorTransportUsb
	}
	return authenticator{b, call(b, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: o}).AuthenticatorID}
}

// offersNone is a browser that offers no passkeys by itself: there are those, and an
// authenticator in software answers before anybody could press a button.
func (b *tab) offersNone() {
	b.t.Helper()
	const source = "if (globalThis.PublicKeyCredential) PublicKeyCredential.isConditionalMediationAvailable = async () => false"
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: source})
}

// lies answers as an authenticator does that has not verified its user.
func (a authenticator) lies(unverified bool) {
	a.b.t.Helper()
	call(a.b, webauthn.SetResponseOverrideBits, webauthn.SetResponseOverrideBitsParams{AuthenticatorID: a.id, IsBadUV: &unverified})
}

// setUpPasskey adds one on the account page.
func (b *tab) setUpPasskey(name string) {
	b.t.Helper()
	b.open("/account")
	b.pressIn(section("Passkeys"), "Add a passkey")
	b.sees("/account/passkeys", http.StatusOK, "Your device asks for your finger")
	b.fill("name", name)
	b.press("Set up")
}

// arrives waits until the page is at a path, without anybody's pressing anything.
func (b *tab) arrives(path string) {
	b.t.Helper()
	eventually.Succeeds(b.t, func(context.Context) error {
		if got := b.path(); got != path {
			return fmt.Errorf("is at %s, not at %s", got, path)
		}
		return nil
	})
	b.do(chromedp.WaitReady("//main"))
}

// says waits for words that a script puts into the page.
func (b *tab) says(text string) {
	b.t.Helper()
	eventually.Succeeds(b.t, func(context.Context) error {
		if !strings.Contains(b.text(), text) {
			return fmt.Errorf("the page does not say %q, but %s", text, b.text())
		}
		return nil
	})
}

func TestPasskeyFromSetUpToRemoval(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newPasskeyRealm(t)
		b := r.serve().signedIn(s, userEmail)
		b.plugIn(true)
		b.pressIn(section("Passkeys"), "Add a passkey")
		b.sees("/account/passkeys", http.StatusOK, "Your device asks for your finger")
		b.look("passkey")
		b.fill("name", "My laptop")
		b.press("Set up")
		b.sees("/account", http.StatusOK, "Your passkeys are changed.", "My laptop")
		b.look("account-passkeys")

		// The device has one already, and says so.
		b.pressIn(section("Passkeys"), "Add a passkey")
		b.click("Set up")
		b.says("This device has a passkey for your account already.")
		b.open("/account")

		// By autofill: nobody types or presses anything.
		b.press("Sign out")
		b.open("/signin")
		b.arrives("/account")
		b.says("last used")

		// By the button.
		b.offersNone()
		b.press("Sign out")
		b.open("/signin")
		b.says("Sign in with a passkey")
		b.look("signin-passkey")
		b.press("Sign in with a passkey")
		b.sees("/account", http.StatusOK, userEmail)

		b.click("Rename")
		b.do(chromedp.SetValue("//input[starts-with(@id, 'passkey-')]", "Work laptop"))
		b.pressIn(section("Passkeys")+"//details", "Save")
		b.sees("/account", http.StatusOK, "Work laptop")

		r.advance(longAgo)
		b.pressIn(section("Passkeys"), "Remove")
		b.sees("/account/passkeys/"+strings.Split(b.path(), "/")[3]+"/remove", http.StatusForbidden, "Is it you?")
		b.fill("password", password)
		b.press("Continue")
		b.sees("/account", http.StatusOK, "You have no passkey yet.")

		b.press("Sign out")
		b.open("/signin")
		b.press("Sign in with a passkey")
		b.sees("/signin/passkey", http.StatusBadRequest, "The passkey was not accepted.")
	})
}

// A page asks by itself, and its form has nothing of that question before an authenticator has
// answered: whoever presses the button meanwhile ends it, and is asked anew.
func TestThePressOfAButtonEndsTheQuestionThatWaits(t *testing.T) {
	t.Parallel()
	r := newPasskeyRealm(t)
	b := r.serve().newTab(desk)
	const asksTwice = `globalThis.asked = [];
navigator.credentials.get = ({ signal }) => new Promise((_, reject) => {
  asked.push(document.querySelector("form[data-get]").elements.flow.value + (signal ? "by itself" : "by the button"));
  signal?.addEventListener("abort", () => { asked.push("ended"); reject(signal.reason); });
});
PublicKeyCredential.isConditionalMediationAvailable = async () => true;`
	call(b, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: asksTwice})
	b.open("/signin")
	b.asked("by itself")
	b.click("Sign in with a passkey")
	b.asked("by itself, ended, by the button")
}

// asked waits until a page has asked an authenticator so.
func (b *tab) asked(want string) {
	b.t.Helper()
	eventually.Succeeds(b.t, func(context.Context) error {
		if got := evaluate[string](b, "asked.join(', ')"); got != want {
			return fmt.Errorf("asked %q", got)
		}
		return nil
	})
}

func TestSecurityKeyAfterThePassword(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newPasskeyRealm(t)
		b := r.serve().signedIn(s, userEmail)
		b.plugIn(false)
		b.setUpPasskey("My key")
		b.sees("/account/passkeys/finish", http.StatusOK, "backup codes")
		codes := b.backupCodes()
		if len(codes) != 10 {
			t.Errorf("there are %d backup codes", len(codes))
		}
		b.press("I have kept them")
		b.sees("/account", http.StatusOK, "Second factor, after the password", "Backup codes left: 10.")

		b.offersNone()
		b.press("Sign out")
		b.signIn(userEmail, password)
		b.sees("/signin", http.StatusOK, "Use your security key, or a backup code.")
		b.look("code-security-key")
		b.press("Use a passkey or security key")
		b.sees("/account", http.StatusOK, userEmail)

		b.press("Sign out")
		b.signIn(userEmail, password)
		b.fill("backup-code", codes[0])
		b.pressIn("//details", "Continue")
		b.sees("/account", http.StatusOK, "Backup codes left: 9.")
	})
}

func TestPasskeyThatDoesNotVerifyItsUser(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newPasskeyRealm(t)
		b := r.serve().signedIn(s, userEmail)
		key := b.plugIn(true)
		b.setUpPasskey("My laptop")
		b.sees("/account", http.StatusOK, "My laptop")
		b.offersNone()
		b.press("Sign out")
		b.open("/signin")
		key.lies(true)
		b.press("Sign in with a passkey")
		b.sees("/signin/passkey", http.StatusBadRequest, "The device did not check that it is you.")
		b.look("signin-passkey-unverified")
		b.signsInByPassword()
	})
}

// signsInByPassword does so on the page that has refused a passkey.
func (b *tab) signsInByPassword() {
	b.t.Helper()
	b.typesPassword()
	b.sees("/account", http.StatusOK, userEmail)
}

// Somebody has copied a passkey that was said to stay on its device.
func TestPasskeyWhoseCounterWentBack(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newPasskeyRealm(t)
		b := r.serve().signedIn(s, userEmail)
		key := b.plugIn(true)
		b.setUpPasskey("My laptop")
		b.offersNone()
		for range 2 {
			b.press("Sign out")
			b.open("/signin")
			b.press("Sign in with a passkey")
			b.sees("/account", http.StatusOK, "My laptop")
		}
		for _, c := range call(b, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: key.id}).Credentials {
			call(b, webauthn.SetCredentialProperties, webauthn.SetCredentialPropertiesParams{AuthenticatorID: key.id, CredentialID: c.CredentialID, SignCount: new(float64)})
		}
		b.press("Sign out")
		b.open("/signin")
		b.press("Sign in with a passkey")
		b.sees("/signin/passkey", http.StatusBadRequest, "The passkey was not accepted.")
		b.look("signin-passkey-refused")
		b.signsInByPassword()
	})
}

// A page at another name is none of the realm's: the browser does not even ask.
func TestPasskeysOfAnotherHost(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newPasskeyRealm(t)
		b := r.serve().signedIn(s, userEmail)
		b.plugIn(true)
		b.setUpPasskey("My laptop")
		elsewhere := strings.Replace(r.Config.Issuer, "localhost", "127.0.0.1", 1)
		b.watch.allow(elsewhere)
		b.open(elsewhere + "/signin")
		b.says("Sign in with a passkey")
		b.click("Sign in with a passkey")
		b.says("No passkey was shown.")
		b.look("signin-passkey-none")
	})
}

func TestPasskeysWithoutScripts(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newPasskeyRealm(t)
		b := r.serve().newTab(s)
		b.withoutScripts()
		b.signIn(userEmail, password)
		b.sees("/account", http.StatusOK, userEmail)
		b.pressIn(section("Passkeys"), "Add a passkey")
		b.sees("/account/passkeys", http.StatusOK, "This takes a browser that runs scripts")
		if strings.Contains(b.text(), "Set up") {
			t.Error("there is a button that does nothing")
		}
		b.press("Cancel")
		b.press("Sign out")
		b.open("/signin")
		if strings.Contains(b.text(), "passkey") {
			t.Error("there is a button that does nothing")
		}
	})
}

// Whoever has a security key, and now a browser that runs no scripts, has backup codes.
func TestSecurityKeyWithoutScripts(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newPasskeyRealm(t)
		b := r.serve().signedIn(s, userEmail)
		b.plugIn(false)
		b.setUpPasskey("My key")
		codes := b.backupCodes()
		b.press("I have kept them")
		b.press("Sign out")
		b.withoutScripts()
		b.signIn(userEmail, password)
		b.sees("/signin", http.StatusOK, "Use your security key, or a backup code.")
		if strings.Contains(b.text(), "Use a passkey or security key") {
			t.Error("there is a button that does nothing")
		}
		b.useBackupCode(codes[0])
		b.sees("/account", http.StatusOK, "Backup codes left: 9.")
	})
}
