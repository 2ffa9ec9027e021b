// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// newPasswordlessPages is such a realm with all links to its own pages.
func newPasswordlessPages(t *testing.T) (*realm, *server) {
	t.Helper()
	r := passwordless(t, realmconfig.PasskeyRegistrationAllowed)
	r.Config.Browser.VerifyEmailURL, r.Config.Browser.ResetPasswordURL = issuer+"/verify-email/{token}", issuer+"/reset/{token}"
	return r.serves()
}

// setsUpPasskey goes from the choice to the account.
func (b *pageBrowser) setsUpPasskey(d *device, values map[string]string) {
	b.t.Helper()
	link := b.at.Path
	b.submit(link+"/passkey", values)
	b.sees(link+"/passkey", http.StatusOK, "Your device asks for your finger")
	c := ceremony{}
	if err := json.Unmarshal([]byte(attribute(b.form(link+"/passkey/finish"), "data-create")), &c.Options); err != nil {
		b.t.Fatal(err)
	}
	b.submit(link+"/passkey/finish", map[string]string{"credential": d.create(c), "name": "My telephone"})
}

func TestPagesRegisterByPasskey(t *testing.T) {
	t.Parallel()
	r, s := newPasswordlessPages(t)
	b := s.newPageBrowser()
	b.open("/register")
	if len(b.all("input", "name", "password")) > 0 {
		t.Error("a password is asked for")
	}
	b.submit("/register", map[string]string{"email": "bob", "name": "Bob"})
	b.sees("/register", http.StatusBadRequest)
	b.submit("/register", map[string]string{"email": bobEmail, "name": "Bob"})
	b.sees("/register", http.StatusOK, "Check your e-mail", bobEmail)
	mail := r.lastLetter(bobEmail, auth.RegistrationLinkMessage)
	for range 2 {
		b.openMailed(mail)
		b.sees(b.at.Path, http.StatusOK, "Choose how you will sign in", bobEmail, "Set up a passkey", "Save the password")
	}
	link := b.at.Path
	b.submit(link+"/password", map[string]string{"password": "password1"})
	b.sees(link+"/password", http.StatusBadRequest, "Please choose another password.")
	b.openMailed(mail)
	b.setsUpPasskey(newDevice(t), nil)
	b.sees("/account", http.StatusOK, bobEmail, "My telephone", "You have no password.")
	b.openMailed(mail)
	b.sees(link, http.StatusBadRequest, "This link has expired, was used already, or is of no use any more.")

	b.open("/account")
	b.submit("/account/password", map[string]string{"password": newPassword})
	b.sees("/account", http.StatusOK, "Your password is changed")
	s.tokensOf(s.tryLogin(bobEmail, newPassword))
}

func TestPagesRecoverAnAccount(t *testing.T) {
	t.Parallel()
	r, s := newPasswordlessPages(t)
	lost := newDevice(t)
	s.registerBob(lost)
	b, owner := s.newPageBrowser(), s.newPageBrowser()
	owner.open("/signin")
	flow, asked := owner.asksPasskey("/signin/passkey/begin", nil)
	owner.sendForm("/signin/passkey", map[string][]string{"flow": {flow}, "credential": {lost.get(asked)}})
	owner.sees("/account", http.StatusOK, bobEmail)

	begin := func() {
		t.Helper()
		b.open("/signin")
		b.open(attribute(b.link("Cannot sign in?"), "href"))
		b.sees("/forgot", http.StatusOK, "Get back into your account")
		b.submit("/forgot", map[string]string{"email": bobEmail})
		b.sees("/forgot", http.StatusOK, "Check your e-mail")
		mail := r.lastLetter(bobEmail, auth.RecoveryLinkMessage)
		for range 2 {
			b.openMailed(mail)
			b.sees(b.at.Path, http.StatusOK, "Recover your account", bobEmail, "24 hours")
		}
		if got := query[int](r, "SELECT count(*) FROM recoveries WHERE ended_at IS NULL"); got != 0 {
			t.Fatal("opening the link has begun it")
		}
		b.submit(b.at.Path+"/recover", nil)
		b.sees(b.at.Path, http.StatusOK, "The recovery has begun", bobEmail)
	}
	begin()
	mail := r.lastLetter(bobEmail, auth.RecoveryBegunMessage)
	owner.open("/account")
	owner.sees("/account", http.StatusOK, "Recovery of your account")
	owner.submit("/account/recovery/cancel", nil)
	owner.sees("/account", http.StatusOK, "The recovery is cancelled.")
	owner.openMailed(mail)
	owner.sees(owner.at.Path, http.StatusBadRequest, "There is no recovery any more")

	begin()
	stranger := s.newPageBrowser()
	stranger.openMailed(r.lastLetter(bobEmail, auth.RecoveryBegunMessage))
	stranger.sees(stranger.at.Path, http.StatusOK, "Cancel the recovery?", bobEmail)
	stranger.submit("", nil)
	stranger.sees(stranger.at.Path, http.StatusOK, "Recovery cancelled")

	begin()
	r.Clock.Advance(recoveryWait)
	b.openMailed(r.readyLetter(bobEmail))
	b.sees(b.at.Path, http.StatusOK, "Choose how you will sign in", "The wait is over.")
	b.setsUpPasskey(newDevice(t), nil)
	b.sees("/account", http.StatusOK, bobEmail)
	owner.open("/account")
	owner.sees("/signin", http.StatusOK)
}

func TestPagesOfAdminsShowRecoveries(t *testing.T) {
	t.Parallel()
	r, s := newPasswordlessPages(t)
	s.registerBob(newDevice(t))
	s.begunByPages(bobEmail)
	b := s.newPageBrowser()
	b.signIn(adminEmail, adminPassword)
	user := "/admin/users/" + query[string](r, "SELECT id::text FROM users WHERE email = $1", bobEmail)
	b.open(user)
	b.sees(user, http.StatusOK, "Recovery", "Let through at once")
	b.submit(user+"/recovery/cancel", nil)
	b.sees(user, http.StatusOK, "The recovery is cancelled.")
	s.begunByPages(bobEmail)
	b.open(user)
	r.Clock.Advance(longAgo)
	b.submit(user+"/recovery/approve", nil)
	b.sees(user+"/recovery/approve", http.StatusForbidden, "Is it you?")
}

// begunByPages is beginRecovery where links go to the realm's own pages.
func (s *server) begunByPages(email string) {
	s.t.Helper()
	s.post("/api/auth/reset-password", map[string]string{"email": email}).Expect(s.t, http.StatusOK, "")
	s.tryRecover(s.realm.lastLetter(email, auth.RecoveryLinkMessage).secret(s.t)).Expect(s.t, http.StatusAccepted, "")
}
