// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"path"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const bobEmail = "bob@example.com"

// passwordless is a realm that takes passkeys, and mails whoever registers a link. Nobody is
// there but its admin, and nobody serves it yet.
func passwordless(t *testing.T, mode realmconfig.PasskeyRegistration) *realm {
	t.Helper()
	suite.secrets.used(bobEmail)
	r := newMailingRealm(t)
	r.Config.Passkeys = &realmconfig.Passkeys{}
	r.Config.Registration.Passkeys = mode
	return r
}

// serves is the realm with its settings of now, and a server for it.
func (r *realm) serves() (*realm, *server) {
	r.t.Helper()
	r.Update()
	return r, r.serve()
}

func newPasswordlessRealm(t *testing.T, mode realmconfig.PasskeyRegistration) (*realm, *server) {
	t.Helper()
	return passwordless(t, mode).serves()
}

// secret is what the path of the letter's link ends with.
func (l letter) secret(t testing.TB) string {
	t.Helper()
	if len(l.Links) != 1 {
		t.Fatalf("the mail has %d links", len(l.Links))
	}
	secret := path.Base(l.Links[0])
	suite.secrets.used(secret)
	return secret
}

// registrationLink asks for a link, and reads it out of the mail.
func (s *server) registrationLink(email string) string {
	s.t.Helper()
	s.post("/api/auth/register/link", map[string]string{"email": email, "name": "Bob", "locale": "de"}).Expect(s.t, http.StatusAccepted, "")
	return s.realm.lastLetter(email, auth.RegistrationLinkMessage).secret(s.t)
}

func (s *server) credential(secret string) answer {
	s.t.Helper()
	return s.do(newRequest(s.t, http.MethodGet, "/api/auth/credential/"+secret, nil))
}

func (s *server) beginCredential(secret string, body any) answer {
	s.t.Helper()
	return s.post("/api/auth/credential/"+secret+"/passkey/begin", body)
}

func (s *server) choosePasskey(secret string, c ceremony, credential string) answer {
	s.t.Helper()
	return s.post("/api/auth/credential/"+secret+"/passkey", map[string]string{"ceremony": c.Ceremony, "credential": credential, "name": "telephone"})
}

func (s *server) choosePassword(secret, password string) answer {
	s.t.Helper()
	return s.post("/api/auth/credential/"+secret+"/password", map[string]string{"password": password})
}

// choosesPasskey takes a passkey behind a mailed link.
func (s *server) choosesPasskey(secret string, d *device) tokens {
	s.t.Helper()
	c := s.askCeremony("", "/api/auth/credential/"+secret+"/passkey/begin", nil)
	return s.tokensOf(s.choosePasskey(secret, c, d.create(c)))
}

// registerBob has a passkey, and nothing else.
func (s *server) registerBob(d *device) tokens {
	s.t.Helper()
	return s.choosesPasskey(s.registrationLink(bobEmail), d)
}

func (s *server) showsPasskey(d *device) answer {
	s.t.Helper()
	c := s.askPasskey()
	return s.showPasskey(c, d.get(c))
}

func TestRegistrationByPasskeyAlone(t *testing.T) {
	t.Parallel()
	r, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
	before := query[int](r, "SELECT count(*) FROM users")
	secret := s.registrationLink(bobEmail)
	if got := query[int](r, "SELECT count(*) FROM users"); got != before {
		t.Errorf("%d accounts before anybody has chosen anything, want %d", got, before)
	}
	choice := decode[map[string]any](t, s.credential(secret), http.StatusOK)
	if choice["email"] != bobEmail || choice["purpose"] != "registration" || choice["passkey"] != true || choice["password"] != true || choice["code_required"] != false {
		t.Errorf("the choice is %v", choice)
	}
	c := s.askCeremony("", "/api/auth/credential/"+secret+"/passkey/begin", nil)
	if o := c.Options; o.User.Name != bobEmail || o.User.DisplayName != "Bob" || len(o.User.ID) != 43 {
		t.Errorf("asked for %+v", o)
	}
	d := newDevice(t)
	session := s.tokensOf(s.choosePasskey(secret, c, d.create(c)))
	profile := decode[map[string]any](t, s.profile(session.Access), http.StatusOK)
	if profile["email"] != bobEmail || profile["email_verified"] != true || profile["has_password"] != false || profile["name"] != "Bob" || profile["locale"] != "de" {
		t.Errorf("the profile is %v", profile)
	}
	s.refresh(session.Refresh)
	s.tokensOf(s.showsPasskey(d))
	if list := s.passkeys(session.Access); len(list) != 1 || list[0].Name != "telephone" {
		t.Errorf("the passkeys are %+v", list)
	}
	s.credential(secret).Expect(t, http.StatusBadRequest, "credential_token_invalid")
	s.beginCredential(secret, nil).Expect(t, http.StatusBadRequest, "credential_token_invalid")
	s.choosePassword(secret, newPassword).Expect(t, http.StatusBadRequest, "credential_token_invalid")
	for action, want := range map[string]int{"user.registration_requested": 1, "user.registered": 1} {
		if got := query[int](r, "SELECT count(*) FROM audit_events WHERE action = $1 AND outcome = 'succeeded'", action); got != want {
			t.Errorf("%d events %s, want %d", got, action, want)
		}
	}
}

func TestRegistrationByLinkWithAPassword(t *testing.T) {
	t.Parallel()
	_, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
	secret := s.registrationLink(bobEmail)
	s.choosePassword(secret, "password123").Expect(t, http.StatusBadRequest, "password_rejected")
	session := s.tokensOf(s.choosePassword(secret, newPassword))
	if p := decode[map[string]any](t, s.profile(session.Access), http.StatusOK); p["email_verified"] != true || p["has_password"] != true {
		t.Errorf("the profile is %v", p)
	}
	s.tokensOf(s.tryLogin(bobEmail, newPassword))
	s.registerAnn() // with a password at once, as an application without such a link does
}

func TestARealmOfPasskeysAloneGivesNoPasswords(t *testing.T) {
	t.Parallel()
	r, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationOnly)
	s.tryRegister(annEmail, annPassword).Expect(t, http.StatusForbidden, "password_not_offered")
	secret := s.registrationLink(bobEmail)
	if choice := decode[map[string]any](t, s.credential(secret), http.StatusOK); choice["passkey"] != true || choice["password"] != false {
		t.Errorf("the choice is %v", choice)
	}
	s.choosePassword(secret, newPassword).Expect(t, http.StatusForbidden, "password_not_offered")
	session := s.choosesPasskey(secret, newDevice(t))
	s.as(session.Access, http.MethodPost, "/api/user/password", map[string]string{"new_password": newPassword}).Expect(t, http.StatusForbidden, "password_not_offered")

	// Whoever has a password from before keeps it, and may have it reset.
	r.Exec("UPDATE users SET password_hash = (SELECT password_hash FROM users WHERE email = $1) WHERE email = $2", adminEmail, bobEmail)
	s.reset(s.resetToken(bobEmail), newPassword).Expect(t, http.StatusOK, "")
	s.tokensOf(s.tryLogin(bobEmail, newPassword))
}

func TestARealmWithoutRegistrationByPasskeyMailsNoLink(t *testing.T) {
	t.Parallel()
	r, s := newPasswordlessRealm(t, "")
	ask := func() answer { return s.post("/api/auth/register/link", map[string]string{"email": bobEmail}) }
	ask().Expect(t, http.StatusNotFound, "not_found")
	r.Config.Registration.Passkeys = realmconfig.PasskeyRegistrationAllowed
	r.Update()
	s.eventually("links are mailed", func() bool { return ask().Status == http.StatusAccepted })
	secret := r.lastLetter(bobEmail, auth.RegistrationLinkMessage).secret(t)
	r.Config.Registration.Mode = realmconfig.Closed
	r.Update()
	s.eventually("a link of before makes no account", func() bool { return s.credential(secret).Status == http.StatusBadRequest })
	ask().Expect(t, http.StatusForbidden, "registration_closed")
}

// Strangers do not learn who has an account; its owner hears of them.
func TestRegistrationByLinkOfATakenAddress(t *testing.T) {
	t.Parallel()
	r, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
	s.registerAnn()
	known := s.post("/api/auth/register/link", map[string]string{"email": annEmail})
	unknown := s.post("/api/auth/register/link", map[string]string{"email": bobEmail})
	if known.Status != http.StatusAccepted || known.Body != unknown.Body {
		t.Errorf("answered %d %s and %d %s", known.Status, known.Body, unknown.Status, unknown.Body)
	}
	r.lastLetter(annEmail, auth.AlreadyRegisteredMessage)
	r.lastLetter(bobEmail, auth.RegistrationLinkMessage)
}

// People whom nothing lets in have nothing that a wait would protect.
func TestInvitedPeopleChooseAtOnce(t *testing.T) {
	t.Parallel()
	r, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationOnly)
	s.as(s.login().Access, http.MethodPost, "/api/admin/users", map[string]string{"email": bobEmail}).Expect(t, http.StatusCreated, "")
	secret := r.lastLetter(bobEmail, auth.ResetPasswordMessage).token(t)
	if a := s.checkReset(secret); a.Status != http.StatusOK || a.Body != `{"valid":true,"password_missing":true}` {
		t.Errorf("answered %d %s", a.Status, a.Body)
	}
	s.reset(secret, newPassword).Expect(t, http.StatusForbidden, "password_not_offered")
	if choice := decode[map[string]any](t, s.credential(secret), http.StatusOK); choice["purpose"] != "first" || choice["recovery_required"] != false {
		t.Errorf("the choice is %v", choice)
	}
	d := newDevice(t)
	s.choosesPasskey(secret, d)
	s.tokensOf(s.showsPasskey(d))
	r.lastLetter(bobEmail, auth.PasskeyAddedMessage)
}
