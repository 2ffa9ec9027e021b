// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

const recoveryWait = 24 * time.Hour

type recoveryBody struct {
	BegunAt   time.Time `json:"begun_at"`
	ReadyAt   time.Time `json:"ready_at"`
	ExpiresAt time.Time `json:"expires_at"`
	Address   string
}

// recoveryLink asks to be let in again without a password, and reads the link out of the mail.
func (s *server) recoveryLink(email string) string {
	s.t.Helper()
	s.post("/api/auth/reset-password", map[string]string{"email": email}).Expect(s.t, http.StatusOK, "")
	return s.realm.lastLetter(email, auth.RecoveryLinkMessage).token(s.t)
}

func (s *server) tryRecover(secret string) answer {
	s.t.Helper()
	return s.post("/api/auth/recovery", map[string]string{"token": secret})
}

// beginRecovery begins to wait, and reads out of the mail what cancels.
func (s *server) beginRecovery(email string) (begun recoveryBody, cancel string) {
	s.t.Helper()
	begun = decode[recoveryBody](s.t, s.tryRecover(s.recoveryLink(email)), http.StatusAccepted)
	return begun, s.realm.lastLetter(email, auth.RecoveryBegunMessage).secret(s.t)
}

// waits lets the time of a recovery pass, and reads the link out of the mail.
func (s *server) waits(email string) string {
	s.t.Helper()
	s.realm.Clock.Advance(recoveryWait)
	return s.readyLink(email)
}

func (s *server) readyLink(email string) string {
	s.t.Helper()
	return s.realm.readyLetter(email).secret(s.t)
}

// readyLetter is the newest that brings the link of a recovery. It was written when that began.
func (r *realm) readyLetter(email string) letter {
	r.t.Helper()
	found := letter{}
	eventually.Holds(r.t, "the link is mailed", func() bool {
		for _, l := range r.letters(email) {
			if l.kind == auth.RecoveryReadyMessage {
				found = l
			}
		}
		return found.kind != ""
	})
	return found
}

// recovery is what the user's own sessions are shown.
func (s *server) recovery(access string) *recoveryBody {
	s.t.Helper()
	return decode[struct{ Recovery *recoveryBody }](s.t, s.as(access, http.MethodGet, "/api/user/recovery", nil), http.StatusOK).Recovery
}

func TestRecoveryOfSomebodyWhoHasLostTheirPasskey(t *testing.T) {
	t.Parallel()
	r, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
	lost, found := newDevice(t), newDevice(t)
	session := s.registerBob(lost)
	if got := s.recovery(session.Access); got != nil {
		t.Errorf("waits from the beginning: %+v", got)
	}

	link := s.recoveryLink(bobEmail)
	if a := s.checkReset(link); a.Status != http.StatusOK || a.Body != `{"valid":true,"password_missing":true,"recovery_required":true}` {
		t.Errorf("answered %d %s", a.Status, a.Body)
	}
	// The mailbox alone opens nothing.
	s.reset(link, newPassword).Expect(t, http.StatusForbidden, "recovery_required")
	s.choosePassword(link, newPassword).Expect(t, http.StatusForbidden, "recovery_required")
	s.beginCredential(link, nil).Expect(t, http.StatusForbidden, "recovery_required")

	begun := decode[recoveryBody](t, s.tryRecover(link), http.StatusAccepted)
	if begun.ReadyAt.Sub(begun.BegunAt) != recoveryWait || begun.ExpiresAt.Sub(begun.ReadyAt) != 7*24*time.Hour || begun.Address == "" {
		t.Errorf("begun %+v", begun)
	}
	r.lastLetter(bobEmail, auth.RecoveryBegunMessage)
	s.tryRecover(link).Expect(t, http.StatusBadRequest, "reset_token_invalid")
	if got := s.recovery(session.Access); got == nil || !got.ReadyAt.Equal(begun.ReadyAt) {
		t.Errorf("the account shows %+v", got)
	}

	// Whoever asks again waits no longer, and no shorter.
	r.Clock.Advance(recoveryWait / 2)
	again := s.recoveryLink(bobEmail)
	if waits := decode[recoveryBody](t, s.tryRecover(again), http.StatusAccepted); !waits.ReadyAt.Equal(begun.ReadyAt) {
		t.Errorf("waits until %v, want %v", waits.ReadyAt, begun.ReadyAt)
	}
	s.beginCredential(again, nil).Expect(t, http.StatusForbidden, "recovery_required")
	session = s.refresh(session.Refresh)

	r.Clock.Advance(recoveryWait / 2)
	secret := s.readyLink(bobEmail)
	if choice := decode[map[string]any](t, s.credential(secret), http.StatusOK); choice["purpose"] != "recovery" || choice["passkey"] != true || choice["password"] != true {
		t.Errorf("the choice is %v", choice)
	}
	recovered := s.choosesPasskey(secret, found)
	r.lastLetter(bobEmail, auth.AccountRecoveredMessage)
	s.credential(secret).Expect(t, http.StatusBadRequest, "credential_token_invalid")
	s.tryRefresh(session.Refresh).Expect(t, http.StatusUnauthorized, "refresh_token_invalid")
	s.showsPasskey(lost).Expect(t, http.StatusUnauthorized, "passkey_invalid")
	s.tokensOf(s.showsPasskey(found))
	if list := s.passkeys(recovered.Access); len(list) != 1 || s.recovery(recovered.Access) != nil {
		t.Errorf("the passkeys are %+v", list)
	}
	for _, action := range []string{"recovery.begun", "account.recovered"} {
		if got := query[int](r, "SELECT count(*) FROM audit_events WHERE action = $1 AND outcome = 'succeeded'", action); got != 1 {
			t.Errorf("%d events %s", got, action)
		}
	}
}

// The link may be lost, or be read late: it is mailed again to whoever asks, without another wait.
func TestTheWaitIsOverOnce(t *testing.T) {
	t.Parallel()
	_, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
	s.registerBob(newDevice(t))
	s.beginRecovery(bobEmail)
	lost := s.waits(bobEmail)
	s.realm.Clock.Advance(6 * 24 * time.Hour)
	s.credential(lost).Expect(t, http.StatusOK, "")
	link := s.recoveryLink(bobEmail)
	s.tokensOf(s.choosePassword(link, newPassword))
	s.credential(lost).Expect(t, http.StatusBadRequest, "credential_token_invalid")
	s.tokensOf(s.tryLogin(bobEmail, newPassword))
}

func TestRecoveriesEnd(t *testing.T) {
	t.Parallel()
	_, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
	s.registerBob(newDevice(t))
	begun, _ := s.beginRecovery(bobEmail)
	secret := s.waits(bobEmail)
	s.realm.Clock.Advance(7 * 24 * time.Hour)
	s.credential(secret).Expect(t, http.StatusBadRequest, "credential_token_invalid")
	again, _ := s.beginRecovery(bobEmail)
	if !again.ReadyAt.After(begun.ExpiresAt) {
		t.Errorf("begins anew %+v", again)
	}
	s.choosesPasskey(s.waits(bobEmail), newDevice(t))
}

// Somebody who has come from a provider, and has lost their account there.
func TestRecoveryOfSomebodyWhoHasLostTheirProvider(t *testing.T) {
	t.Parallel()
	u := newUpstream(t)
	u.script(func() { u.claims["sub"], u.claims["email"], u.claims["email_verified"] = "bob", bobEmail, true })
	suite.secrets.used(bobEmail)
	r := newMailingRealm(t)
	r.Config.Passkeys = &realmconfig.Passkeys{}
	r.withProviders(upstreamSecret, u.provider("elsewhere", realmconfig.OIDC))
	s := r.serve()
	s.federates("elsewhere")
	s.beginRecovery(bobEmail)
	session := s.choosesPasskey(s.waits(bobEmail), newDevice(t))
	list := decode[struct{ Identities []any }](t, s.as(session.Access, http.MethodGet, "/api/user/identities", nil), http.StatusOK)
	if len(list.Identities) != 0 {
		t.Errorf("whoever has the account at the provider is let in: %v", list)
	}
}

func TestRecoveryWithoutAWait(t *testing.T) {
	t.Parallel()
	r := passwordless(t, realmconfig.PasskeyRegistrationAllowed)
	r.Config.Recovery = &realmconfig.Recovery{}
	_, s := r.serves()
	lost := newDevice(t)
	s.registerBob(lost)
	link := s.recoveryLink(bobEmail)
	s.tryRecover(link).Expect(t, http.StatusBadRequest, "recovery_invalid")
	s.choosesPasskey(link, newDevice(t))
	s.showsPasskey(lost).Expect(t, http.StatusUnauthorized, "passkey_invalid")
}

// Whoever signs in with a second factor goes on with it.
func TestRecoveryKeepsTheSecondFactor(t *testing.T) {
	t.Parallel()
	for name, choose := range map[string]func(s *server, secret string, app enrolment) tokens{
		"with a passkey": func(s *server, secret string, app enrolment) tokens {
			s.t.Helper()
			s.beginCredential(secret, nil).Expect(s.t, http.StatusForbidden, "proof_required")
			s.beginCredential(secret, code("000000")).Expect(s.t, http.StatusUnauthorized, "code_invalid")
			d := newDevice(s.t)
			c := s.askCeremony("", "/api/auth/credential/"+secret+"/passkey/begin", code(s.shown(app.Secret)))
			return s.tokensOf(s.choosePasskey(secret, c, d.create(c)))
		},
		"with a password": func(s *server, secret string, app enrolment) tokens {
			s.t.Helper()
			c := decode[challenge](s.t, s.choosePassword(secret, newPassword), http.StatusOK)
			suite.secrets.used(c.SessionID)
			return s.tokensOf(s.validate(c, s.shown(app.Secret)))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
			app := s.enrol(s.registerBob(newDevice(t)).Access)
			s.beginRecovery(bobEmail)
			secret := s.waits(bobEmail)
			if choice := decode[map[string]any](t, s.credential(secret), http.StatusOK); choice["code_required"] != true {
				t.Errorf("the choice is %v", choice)
			}
			session := choose(s, secret, app)
			if p := decode[map[string]any](t, s.profile(session.Access), http.StatusOK); p["two_factor"] != true {
				t.Error("the second factor is gone")
			}
		})
	}
}

// People with a password have it reset, as ever, whatever else they sign in with.
func TestPeopleWithAPasswordDoNotWait(t *testing.T) {
	t.Parallel()
	r, s := newPasskeyRealm(t)
	s.verifyAnn()
	d := newDevice(t)
	s.setUpPasskey(s.loginAnn(annPassword).Access, d)
	token := s.resetToken(annEmail)
	s.tryRecover(token).Expect(t, http.StatusBadRequest, "recovery_invalid")
	s.credential(token).Expect(t, http.StatusBadRequest, "credential_token_invalid")
	s.reset(token, newPassword).Expect(t, http.StatusOK, "")
	s.loginAnn(newPassword)
	s.tokensOf(s.showsPasskey(d))
	r.lastLetter(annEmail, auth.PasswordChangedMessage)
}

// Whoever is in their account and has no password sets one there, and not by mail.
func TestAFirstPasswordIsSetInTheAccount(t *testing.T) {
	t.Parallel()
	r, s := newPasswordlessRealm(t, realmconfig.PasskeyRegistrationAllowed)
	d := newDevice(t)
	session := s.registerBob(d)
	set := func(access string) answer {
		return s.as(access, http.MethodPost, "/api/user/password", map[string]string{"new_password": newPassword})
	}
	r.Clock.Advance(longAgo)
	set(session.Access).Expect(t, http.StatusForbidden, "proof_required")
	set(s.tokensOf(s.showsPasskey(d)).Access).Expect(t, http.StatusNoContent, "")
	s.tokensOf(s.tryLogin(bobEmail, newPassword))
	set(s.tokensOf(s.showsPasskey(d)).Access).Expect(t, http.StatusBadRequest, "invalid_request")
}

// federates signs somebody in through a provider.
func (s *server) federates(provider string) tokens {
	s.t.Helper()
	back, _ := s.newBrowser().signIn(provider, url.Values{"return_to": {appURL}})
	code := queryOf(s.t, back, "code")
	suite.secrets.used(code)
	return s.tokensOf(s.post("/api/auth/oauth/token", map[string]string{"code": code}))
}
