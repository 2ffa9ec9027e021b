// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

// A ceremony is of one link, and of nothing else.
func TestCeremoniesOfLinksAreNotToBeExchanged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		// wrong is the ceremony that somebody answers behind Bob's link.
		wrong  func(s *server, secret string) ceremony
		change func(*device)
		code   string
		status int
	}{
		"of another link": {wrong: func(s *server, _ string) ceremony {
			return s.askCeremony("", "/api/auth/credential/"+s.registrationLink("eve@example.com")+"/passkey/begin", nil)
		}},
		"of another link to the same address": {wrong: func(s *server, _ string) ceremony {
			return s.askCeremony("", "/api/auth/credential/"+s.registrationLink(bobEmail)+"/passkey/begin", nil)
		}},
		"of somebody's account": {wrong: func(s *server, _ string) ceremony {
			return s.askCeremony(s.login().Access, "/api/user/passkeys/begin", nil)
		}},
		"of a sign-in": {wrong: func(s *server, _ string) ceremony { return s.askPasskey() }},
		"that was answered before": {wrong: func(s *server, secret string) ceremony {
			c := s.askCeremony("", "/api/auth/credential/"+secret+"/passkey/begin", nil)
			s.choosePasskey(secret, c, "{}").Expect(s.t, http.StatusBadRequest, "passkey_registration_invalid")
			return c
		}},
		"that is over": {wrong: func(s *server, secret string) ceremony {
			c := s.askCeremony("", "/api/auth/credential/"+secret+"/passkey/begin", nil)
			s.realm.Clock.Advance(5 * time.Minute)
			return c
		}},
		"by a key that does not verify its user": {
			wrong: func(s *server, secret string) ceremony {
				return s.askCeremony("", "/api/auth/credential/"+secret+"/passkey/begin", nil)
			},
			change: func(d *device) { d.flags = userPresent }, code: "passkey_unverified", status: http.StatusUnauthorized,
		},
		"on a foreign page": {
			wrong: func(s *server, secret string) ceremony {
				return s.askCeremony("", "/api/auth/credential/"+secret+"/passkey/begin", nil)
			},
			change: func(d *device) { d.origin = "https://auth.example.com.evil.example" },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
			suite.secrets.used("eve@example.com")
			before := query[int](r, "SELECT count(*) FROM users")
			secret := s.registrationLink(bobEmail)
			asked, d := c.wrong(s, secret), newDevice(t)
			if c.change != nil {
				c.change(d)
			}
			code, status := c.code, c.status
			if code == "" {
				code, status = "passkey_registration_invalid", http.StatusBadRequest
			}
			s.choosePasskey(secret, asked, d.create(asked)).Expect(t, status, code)
			if got := query[int](r, "SELECT count(*) FROM users"); got != before {
				t.Error("there is an account")
			}
			s.choosesPasskey(secret, newDevice(t)) // the link is good still
		})
	}
}

func TestACredentialOfAnotherUserMakesNoAccount(t *testing.T) {
	t.Parallel()
	r, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
	d := newDevice(t)
	s.registerBob(d)
	before := query[int](r, "SELECT count(*) FROM users")
	suite.secrets.used("eve@example.com")
	secret := s.registrationLink("eve@example.com")
	c := s.askCeremony("", "/api/auth/credential/"+secret+"/passkey/begin", nil)
	s.choosePasskey(secret, c, d.create(c)).Expect(t, http.StatusConflict, "passkey_exists")
	if got := query[int](r, "SELECT count(*) FROM users"); got != before {
		t.Error("there is an account without a way in")
	}
	s.choosesPasskey(secret, newDevice(t))
}

func TestRegistrationLinksEnd(t *testing.T) {
	t.Parallel()
	_, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
	secret := s.registrationLink(bobEmail)
	s.realm.Clock.Advance(time.Duration(s.realm.Config.Registration.VerificationLifetime))
	s.credential(secret).Expect(t, http.StatusBadRequest, "credential_token_invalid")
	for _, nonsense := range []string{"x", "rkx_", secret[:len(secret)-1], secret + "A", "rkq_" + secret[4:], "rkp_" + secret[4:], "rkz_" + secret[4:]} {
		s.credential(nonsense).Expect(t, http.StatusBadRequest, "credential_token_invalid")
		s.beginCredential(nonsense, nil).Expect(t, http.StatusBadRequest, "credential_token_invalid")
		s.choosePassword(nonsense, newPassword).Expect(t, http.StatusBadRequest, "credential_token_invalid")
	}
}

// Whoever makes an account of Bob's address before he follows his link, and never proves it, keeps
// nothing of it: the address is his.
func TestASquatterWhoIsQuickerKeepsNothing(t *testing.T) {
	t.Parallel()
	r, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
	secret := s.registrationLink(bobEmail)
	s.tryRegister(bobEmail, strangerPassword).Expect(t, http.StatusCreated, "")
	theirs := s.tokensOf(s.tryLogin(bobEmail, strangerPassword))
	key := newDevice(t)
	s.setUpPasskey(theirs.Access, key)
	s.credential(secret).Expect(t, http.StatusBadRequest, "credential_token_invalid")
	s.reset(s.resetToken(bobEmail), newPassword).Expect(t, http.StatusOK, "")
	s.profile(theirs.Access).Expect(t, http.StatusUnauthorized, "token_invalid")
	s.showsPasskey(key).Expect(t, http.StatusUnauthorized, "passkey_invalid")
	s.tokensOf(s.tryLogin(bobEmail, newPassword))
	if got := query[int](r, "SELECT count(*) FROM passkeys"); got != 0 {
		t.Errorf("%d passkeys are left", got)
	}
}

func TestManyAtOnceMakeOneAccount(t *testing.T) {
	t.Parallel()
	const callers = 50
	r, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
	before := query[int](r, "SELECT count(*) FROM users")
	secret := s.registrationLink(bobEmail)
	devices, asked := make([]*device, callers), make([]ceremony, callers)
	for i := range callers {
		devices[i], asked[i] = newDevice(t), s.askCeremony("", "/api/auth/credential/"+secret+"/passkey/begin", nil)
	}
	winners := race.Winners(callers, func(i int) answer {
		return s.choosePasskey(secret, asked[i], devices[i].create(asked[i]))
	}, func(a answer) bool { return a.Status == http.StatusOK })
	if len(winners) != 1 {
		t.Fatalf("%d have won", len(winners))
	}
	s.tokensOf(winners[0])
	if users, keys := query[int](r, "SELECT count(*) FROM users"), query[int](r, "SELECT count(*) FROM passkeys"); users != before+1 || keys != 1 {
		t.Errorf("%d accounts and %d passkeys, want %d and 1", users, keys, before+1)
	}
}

// Mails to one address are few, whoever asks for them.
func TestRegistrationLinksAreFew(t *testing.T) {
	t.Parallel()
	r, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
	for range notify.MailLimit + 3 {
		s.post("/api/auth/register/link", map[string]string{"email": bobEmail}).Expect(t, http.StatusAccepted, "")
	}
	if got := len(r.letters(bobEmail)); got != notify.MailLimit {
		t.Errorf("%d mails, want %d", got, notify.MailLimit)
	}
	for _, l := range r.letters(bobEmail) {
		if l.kind != auth.RegistrationLinkMessage {
			t.Errorf("mailed %s", l.kind)
		}
	}
}
