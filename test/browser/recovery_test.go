// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/webauthn"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

// newPasswordlessRealm mails a link to whoever registers.
func newPasswordlessRealm(t *testing.T) (*realm, *testenv.SMTP) {
	t.Helper()
	r := newPasskeyRealm(t)
	r.Config.Registration.Passkeys = realmconfig.PasskeyRegistrationAllowed
	mails := r.sendsMail()
	return r, mails
}

// registersByPasskey goes from the sign-in page through the mail to the account. It is the first
// mail to the address.
func (b *tab) registersByPasskey(mails *testenv.SMTP, email string, look bool) {
	b.t.Helper()
	b.open("/register")
	if look {
		b.look("register-link")
	}
	b.fill("name", "Bob")
	b.fill("email", email)
	b.press("Send the link")
	b.sees("/register", http.StatusOK, "Check your e-mail", email)
	link := mails.Await(b.t, email, 1).Links[0]
	b.open(link)
	page := b.path()
	b.sees(page, http.StatusOK, "Choose how you will sign in", email)
	if look {
		b.look("credential")
	}
	b.press("Set up a passkey")
	b.sees(page+"/passkey", http.StatusOK, "Your device asks for your finger")
	b.fill("name", "My telephone")
	b.press("Set up")
	b.sees("/account", http.StatusOK, email, "My telephone")
}

func TestRegisterByPasskeyAlone(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		const email = "bob@example.com"
		r, mails := newPasswordlessRealm(t)
		b := r.serve().newTab(s)
		b.plugIn(true)
		b.registersByPasskey(mails, email, true)
		b.press("Sign out")
		b.open("/signin")
		b.arrives("/account") // by autofill
		b.says(email)
	})
}

func TestRecoverByPasskey(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		const email = "bob@example.com"
		r, mails := newPasswordlessRealm(t)
		b := r.serve().newTab(s)
		key := b.plugIn(true)
		b.registersByPasskey(mails, email, false)
		b.offersNone()
		b.press("Sign out")
		call(b, webauthn.ClearCredentials, webauthn.ClearCredentialsParams{AuthenticatorID: key.id}) // it is lost

		b.open("/signin")
		b.press("Cannot sign in?")
		b.sees("/forgot", http.StatusOK, "Get back into your account")
		b.look("forgot-any")
		b.fill("email", email)
		b.press("Send the link")
		b.open(mails.Await(t, email, 2).Links[0])
		page := b.path()
		b.sees(page, http.StatusOK, "Recover your account", "24 hours")
		b.look("recover")
		b.press("Begin the recovery")
		b.sees(page+"/recover", http.StatusOK, "The recovery has begun")
		b.look("recover-begun")

		cancel := mails.Await(t, email, 3).Links[0]
		b.open(cancel)
		b.sees(strings.TrimPrefix(cancel, r.Config.Issuer), http.StatusOK, "Cancel the recovery?")
		b.look("cancel-recovery")

		r.advance(24*time.Hour + time.Second)
		b.open(mails.Await(t, email, 4).Links[0])
		page = b.path()
		b.sees(page, http.StatusOK, "The wait is over.")
		b.look("credential-recovery")
		b.press("Set up a passkey")
		b.sees(page+"/passkey", http.StatusOK, "Your device asks for your finger")
		b.fill("name", "My new telephone")
		b.press("Set up")
		b.sees("/account", http.StatusOK, email, "My new telephone")
		b.press("Sign out")
		b.open("/signin")
		b.press("Sign in with a passkey")
		b.sees("/account", http.StatusOK, email)
	})
}
