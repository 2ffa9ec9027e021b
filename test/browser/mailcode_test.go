// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
)

func (r *realm) mailsCodes() *testenv.SMTP {
	r.t.Helper()
	r.Config.Login.MailCode = realmconfig.MailCodeOn
	return r.sendsMail()
}

var sixDigits = regexp.MustCompile(`(?m)^ +(\d{6})$`)

func digitsOf(t *testing.T, m testenv.Mail) string {
	t.Helper()
	found := sixDigits.FindStringSubmatch(m.Text)
	if found == nil {
		t.Fatalf("the mail says %s", m.Text)
	}
	return found[1]
}

// asksForCode goes from the sign-in page to where the code is typed.
func (b *tab) asksForCode(email string) {
	b.t.Helper()
	b.open("/signin")
	b.press("Send me a code by e-mail")
	b.fill("email", email)
	b.press("Send the code")
	b.sees("/signin/mail/code", http.StatusOK, "Enter the code from your e-mail", email)
}

func TestSignInByAMailedCode(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t)
		mails := r.mailsCodes()
		b := r.serve().newTab(s)
		b.open("/signin")
		b.look("signin-mail-code")
		b.press("Send me a code by e-mail")
		b.focusesOn("email")
		b.look("mail-code")
		b.fill("email", userEmail)
		b.press("Send the code")
		b.sees("/signin/mail/code", http.StatusOK, "Enter the code from your e-mail", userEmail)
		b.focusesOn("code")
		b.look("mailed-code")
		digits := digitsOf(t, mails.Await(t, userEmail, 1))
		b.fill("code", wrongCode(digits))
		b.press("Continue")
		b.sees("/signin/mail/code", http.StatusBadRequest, "The code is wrong", "Attempts left: 4.")
		b.focusesOn("code")
		b.look("mailed-code-wrong")
		for _, language := range []string{"Deutsch", "Español", "Français", "English"} {
			b.screen(narrow)
			b.press(language)
			b.fits("mailed-code "+language, narrow)
		}
		b.screen(s)
		b.asksForCode(userEmail)
		b.fill("code", digitsOf(t, mails.Await(t, userEmail, 2)))
		b.press("Continue")
		b.sees("/account", http.StatusOK, userEmail)
	})
}

// A mail that is read on the telephone signs nobody in there, and what it says is to be typed
// where it was asked for.
func TestAMailedLink(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t)
		mails := r.mailsCodes()
		r.serve()
		b, other := r.newTab(s), r.newTab(s)
		b.asksForCode(userEmail)
		link := mails.Await(t, userEmail, 1).Links[0]
		page, _, _ := strings.Cut(strings.TrimPrefix(link, r.Config.Issuer), "?")
		other.open(link)
		other.sees(page, http.StatusOK, "You began in another browser", "type the code from the same mail")
		other.look("mailed-link-elsewhere")

		beside := b.beside()
		beside.open(link)
		beside.sees(page, http.StatusOK, "Do you want to sign in as "+userEmail)
		beside.look("mailed-link")
		beside.press("Sign in")
		beside.sees("/account", http.StatusOK, userEmail)

		b.fill("code", "000000")
		b.press("Continue")
		b.sees("/signin/mail/code", http.StatusBadRequest, "Have another one sent.")
		b.look("mailed-code-over")
		other.open("/account")
		other.sees("/signin", http.StatusOK)
	})
}

func TestAMailedCodeWithoutScripts(t *testing.T) {
	t.Parallel()
	onScreens(t, func(t *testing.T, s screen) {
		r := newRealm(t)
		mails := r.mailsCodes()
		b := r.serve().newTab(s)
		b.withoutScripts()
		b.asksForCode(userEmail)
		b.press("Send another code")
		b.sees("/signin/mail/code", http.StatusOK, userEmail)
		b.fill("code", digitsOf(t, mails.Await(t, userEmail, 2)))
		b.press("Continue")
		b.sees("/account", http.StatusOK, userEmail)
		b.press("Sign out")
		b.asksForCode(userEmail)
		b.open(mails.Await(t, userEmail, 3).Links[0])
		b.press("Sign in")
		b.sees("/account", http.StatusOK, userEmail)
	})
}
