// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// newPasskeyRealm takes passkeys and sends mail. Ann has registered.
func newPasskeyRealm(t *testing.T) (*realm, *server) {
	t.Helper()
	r := newMailingRealm(t)
	r.Config.Passkeys = &realmconfig.Passkeys{}
	r.Update()
	s := r.serve()
	s.registerAnn()
	return r, s
}

// ask begins a ceremony, with an access token where there is one.
func (s *server) askCeremony(access, path string, body any) ceremony {
	s.t.Helper()
	send := s.post
	if access != "" {
		send = func(path string, body any) answer { return s.as(access, http.MethodPost, path, body) }
	}
	c := decode[ceremony](s.t, send(path, body), http.StatusOK)
	suite.secrets.used(c.Ceremony)
	return c
}

func (s *server) askPasskey() ceremony {
	s.t.Helper()
	return s.askCeremony("", "/api/auth/passkey/begin", nil)
}

func (s *server) showPasskey(c ceremony, credential string) answer {
	s.t.Helper()
	return s.post("/api/auth/passkey", map[string]string{"ceremony": c.Ceremony, "credential": credential})
}

func (s *server) finishPasskey(access string, c ceremony, credential, name string) answer {
	s.t.Helper()
	return s.as(access, http.MethodPost, "/api/user/passkeys", map[string]string{"ceremony": c.Ceremony, "credential": credential, "name": name})
}

// passkeyBody is what the user is told of a passkey.
type passkeyBody struct {
	ID, Name, Method string
	Synced           bool
	CreatedAt        string   `json:"created_at"`
	LastUsedAt       *string  `json:"last_used_at"`
	BackupCodes      []string `json:"backup_codes"`
}

func (s *server) passkeys(access string) []passkeyBody {
	s.t.Helper()
	return decode[struct{ Passkeys []passkeyBody }](s.t, s.as(access, http.MethodGet, "/api/user/passkeys", nil), http.StatusOK).Passkeys
}

func TestPasskeyFromSetUpToRemoval(t *testing.T) {
	t.Parallel()
	r, s := newPasskeyRealm(t)
	access := s.loginAnn(annPassword).Access
	d := newDevice(t)

	c := s.askCeremony(access, "/api/user/passkeys/begin", nil)
	o := c.Options
	if o.RP.ID != issuerHost || o.Attestation != "none" || o.User.Name != annEmail || c.ExpiresIn != 300 || o.Timeout != 300_000 ||
		strings.Contains(o.User.ID, "ann") || len(o.User.ID) != 43 {
		t.Errorf("asked for %+v", c)
	}
	added := decode[passkeyBody](t, s.finishPasskey(access, c, d.create(c), "Ann's telephone"), http.StatusCreated)
	if added.Name != "Ann's telephone" || added.Method != "passkey" || added.Synced || added.BackupCodes != nil {
		t.Errorf("added %+v", added)
	}
	r.lastLetter(annEmail, auth.PasskeyAddedMessage)

	d.counter = 1
	signedIn := s.askPasskey()
	if signedIn.Options.RPID != issuerHost || signedIn.Options.UserVerification != "required" || len(signedIn.Options.AllowCredentials) > 0 {
		t.Errorf("asked for %+v", signedIn)
	}
	session := s.tokensOf(s.showPasskey(signedIn, d.get(signedIn)))
	if claims := claimsOf(t, session.Access); claims["email"] != annEmail {
		t.Errorf("signed in as %v", claims["email"])
	}
	s.refresh(session.Refresh)
	if got := query[string](r, "SELECT amr FROM sessions WHERE amr LIKE '%pop%'"); got != "pop mfa" {
		t.Errorf("signed in by %q", got)
	}
	s.loginAnn(annPassword) // which asks for nothing more: the passkey is a way of its own

	id := added.ID
	s.as(session.Access, http.MethodPatch, "/api/user/passkeys/"+id, map[string]string{"name": "Telephone"}).Expect(t, http.StatusNoContent, "")
	if list := s.passkeys(session.Access); len(list) != 1 || list[0].Name != "Telephone" || list[0].LastUsedAt == nil {
		t.Errorf("the list is %+v", list)
	}
	again := s.askCeremony(access, "/api/user/passkeys/begin", nil)
	if len(again.Options.ExcludeCredentials) != 1 || again.Options.User.ID != o.User.ID {
		t.Errorf("the second one is asked for by %+v", again.Options)
	}
	s.as(access, http.MethodDelete, "/api/user/passkeys/"+id, nil).Expect(t, http.StatusNoContent, "")
	s.as(access, http.MethodDelete, "/api/user/passkeys/"+id, nil).Expect(t, http.StatusNotFound, "not_found")
	r.lastLetter(annEmail, auth.PasskeyRemovedMessage)
	c = s.askPasskey()
	s.showPasskey(c, d.get(c)).Expect(t, http.StatusUnauthorized, "passkey_invalid")

	trail := query[string](r, `SELECT string_agg(action || ' ' || outcome || ' ' || detail, E'\n' ORDER BY at, id) FROM audit_events`)
	for _, line := range []string{"passkey.added succeeded passkey", "login succeeded passkey", "passkey.renamed succeeded Telephone", "passkey.removed succeeded", "login passkey_invalid passkey"} {
		if !strings.Contains(trail, line) {
			t.Errorf("the trail has no %q:\n%s", line, trail)
		}
	}
	for sample, want := range map[string]string{
		`realmkeeper_passkeys_total{ceremony="registration",outcome="succeeded"}`:  "1",
		`realmkeeper_passkeys_total{ceremony="sign_in",outcome="succeeded"}`:       "1",
		`realmkeeper_passkeys_total{ceremony="sign_in",outcome="passkey_invalid"}`: "1",
	} {
		if got := s.Metric(sample); got != want {
			t.Errorf("%s is %q, want %s", sample, got, want)
		}
	}
}

func TestChangesOfPasskeysWantProof(t *testing.T) {
	t.Parallel()
	r, s := newPasskeyRealm(t)
	access := s.loginAnn(annPassword).Access
	added := s.setUpPasskey(access, newDevice(t))
	r.Clock.Advance(longAgo)
	for _, path := range []string{"/api/user/passkeys/begin", "/api/user/passkeys/" + added.ID} {
		method := http.MethodPost
		if strings.HasSuffix(path, added.ID) {
			method = http.MethodDelete
		}
		s.as(access, method, path, nil).Expect(t, http.StatusForbidden, "proof_required")
		s.as(access, method, path, map[string]string{"password": wrongPassword}).Expect(t, http.StatusUnauthorized, "invalid_credentials")
	}
	if n := len(s.passkeys(access)); n != 1 {
		t.Errorf("there are %d passkeys", n)
	}
	s.askCeremony(access, "/api/user/passkeys/begin", map[string]string{"password": annPassword})
	s.as(access, http.MethodDelete, "/api/user/passkeys/"+added.ID, map[string]string{"password": annPassword}).Expect(t, http.StatusNoContent, "")
}

// setUpPasskey adds the passkey of a device.
func (s *server) setUpPasskey(access string, d *device) passkeyBody {
	s.t.Helper()
	c := s.askCeremony(access, "/api/user/passkeys/begin", nil)
	return decode[passkeyBody](s.t, s.finishPasskey(access, c, d.create(c), "device"), http.StatusCreated)
}

func TestARealmWithoutPasskeysHasNone(t *testing.T) {
	t.Parallel()
	s := newRealm(t).serve()
	access := s.login().Access
	if len(s.passkeys(access)) != 0 {
		t.Error("there is a passkey")
	}
	s.post("/api/auth/passkey/begin", nil).Expect(t, http.StatusNotFound, "not_found")
	s.as(access, http.MethodPost, "/api/user/passkeys/begin", nil).Expect(t, http.StatusNotFound, "not_found")
	response, _ := s.file("/.well-known/webauthn")
	if response.StatusCode != http.StatusNotFound {
		t.Errorf("related origins are answered with %d", response.StatusCode)
	}
}

func TestRelatedOriginsMayAsk(t *testing.T) {
	t.Parallel()
	r, _ := newPasskeyRealm(t)
	r.Config.Passkeys = &realmconfig.Passkeys{RelatedOrigins: []string{"https://App.example.net:443"}}
	r.Update()
	s := r.serve()
	access := s.loginAnn(annPassword).Access
	d := newDevice(t)
	d.origin = "https://app.example.net"
	s.setUpPasskey(access, d)
	c := s.askPasskey()
	s.tokensOf(s.showPasskey(c, d.get(c)))
	response, document := s.file("/.well-known/webauthn")
	if want := `{"origins":["` + issuer + `","https://app.example.net"]}`; document != want || response.Header.Get("Content-Type") != "application/json" {
		t.Errorf("the document is %s", document)
	}
}

func TestSecurityKeyIsASecondFactor(t *testing.T) {
	t.Parallel()
	_, s := newPasskeyRealm(t)
	access := s.loginAnn(annPassword).Access
	d := newDevice(t)
	d.flags = userPresent
	added := s.setUpPasskey(access, d)
	if added.Method != "security_key" || len(added.BackupCodes) != 10 {
		t.Fatalf("added %+v", added)
	}
	suite.secrets.used(added.BackupCodes...)
	if f := s.factors(access); !f.Enabled || len(f.Methods) != 1 || f.Methods[0].Method != "security_key" || f.BackupCodesLeft != 10 {
		t.Errorf("the factors are %+v", f)
	}

	c := s.challengedAnn()
	if !slices.Equal(c.Methods, []string{"security_key", "backup_code"}) {
		t.Errorf("challenged with %v", c.Methods)
	}
	asked := s.askCeremony("", "/api/auth/2fa/passkey/begin", map[string]string{"session_id": c.SessionID})
	if len(asked.Options.AllowCredentials) != 1 || asked.Options.UserVerification != "discouraged" {
		t.Errorf("asked for %+v", asked.Options)
	}
	shown := d.get(asked)
	session := s.tokensOf(s.answerByPasskey(c, asked, shown))
	if got := query[string](s.realm, "SELECT amr FROM sessions WHERE id = $1", claimsOf(t, session.Access)["sid"]); got != "pwd pop mfa" {
		t.Errorf("signed in by %q", got)
	}
	s.answerByPasskey(c, asked, shown).Expect(t, http.StatusUnauthorized, "challenge_invalid")

	// It does not sign in by itself, not even when it has got a PIN meanwhile.
	for _, flags := range []byte{userPresent, userPresent | userVerified} {
		d.flags = flags
		alone := s.askPasskey()
		s.showPasskey(alone, d.get(alone)).Expect(t, http.StatusUnauthorized, "passkey_unverified")
	}
	s.tokensOf(s.validate(s.challengedAnn(), added.BackupCodes[0]))
	renewed := decode[struct {
		BackupCodes []string `json:"backup_codes"`
	}](t, s.twoFactor(access, "backup-codes", nil), http.StatusOK).BackupCodes
	suite.secrets.used(renewed...)

	s.twoFactor(access, "disable", nil).Expect(t, http.StatusOK, "")
	if len(s.passkeys(access)) != 0 || s.factors(access).BackupCodesLeft != 0 {
		t.Error("the security key has outlived the second factor")
	}
	s.loginAnn(annPassword)
}

func (s *server) challengedAnn() challenge {
	s.t.Helper()
	c := decode[challenge](s.t, s.tryLogin(annEmail, annPassword), http.StatusOK)
	suite.secrets.used(c.SessionID)
	return c
}

func (s *server) answerByPasskey(c challenge, asked ceremony, credential string) answer {
	s.t.Helper()
	return s.post("/api/auth/2fa/passkey", map[string]string{"session_id": c.SessionID, "ceremony": asked.Ceremony, "credential": credential})
}

func TestPasskeyBesideAnApp(t *testing.T) {
	t.Parallel()
	_, s := newPasskeyRealm(t)
	access := s.loginAnn(annPassword).Access
	s.enrol(access)
	d := newDevice(t)
	s.setUpPasskey(access, d)
	c := s.challengedAnn()
	if !slices.Equal(c.Methods, []string{"totp", "passkey", "backup_code"}) {
		t.Errorf("challenged with %v", c.Methods)
	}
	asked := s.askCeremony("", "/api/auth/2fa/passkey/begin", map[string]string{"session_id": c.SessionID})
	s.tokensOf(s.answerByPasskey(c, asked, d.get(asked)))
	alone := s.askPasskey()
	s.tokensOf(s.showPasskey(alone, d.get(alone))) // without a code: it is both factors
	s.twoFactor(access, "disable", nil).Expect(t, http.StatusOK, "")
	if len(s.passkeys(access)) != 1 {
		t.Error("the passkey has gone with the second factor")
	}
}

func TestAnAdminRemovesEveryPasskey(t *testing.T) {
	t.Parallel()
	const signsIn, second = userPresent | userVerified, userPresent
	for name, try := range map[string]struct {
		app   bool
		flags []byte
		want  []string
	}{
		"that signs in":     {false, []byte{signsIn}, []string{"passkey"}},
		"a security key":    {false, []byte{second}, []string{"security_key"}},
		"beside everything": {true, []byte{signsIn, second}, []string{"totp", "passkey", "security_key"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, s := newPasskeyRealm(t)
			access, admin := s.loginAnn(annPassword).Access, s.login().Access
			if try.app {
				s.enrol(access)
			}
			devices := []*device{}
			for _, flags := range try.flags {
				d := newDevice(t)
				d.flags = flags
				suite.secrets.used(s.setUpPasskey(access, d).BackupCodes...)
				devices = append(devices, d)
			}
			ann := "/api/admin/users/" + claimsOf(t, access)["sub"].(string)
			if shown := decode[person](t, s.as(admin, http.MethodGet, ann, nil), http.StatusOK); !slices.Equal(shown.SecondFactors, try.want) {
				t.Errorf("the admin is shown %v", shown.SecondFactors)
			}
			s.as(admin, http.MethodDelete, ann+"/2fa", nil).Expect(t, http.StatusNoContent, "")
			if shown := decode[person](t, s.as(admin, http.MethodGet, ann, nil), http.StatusOK); len(shown.SecondFactors) > 0 || shown.BackupCodesLeft > 0 {
				t.Errorf("the admin is shown %v, and %d backup codes", shown.SecondFactors, shown.BackupCodesLeft)
			}
			for _, d := range devices {
				c := s.askPasskey()
				s.showPasskey(c, d.get(c)).Expect(t, http.StatusUnauthorized, "passkey_invalid")
			}
			s.loginAnn(annPassword) // which asks for nothing more
		})
	}
}

func TestWhoMayNotSignInMayNotByPasskey(t *testing.T) {
	t.Parallel()
	r, s := newPasskeyRealm(t)
	d := newDevice(t)
	s.setUpPasskey(s.loginAnn(annPassword).Access, d)
	r.Config.Registration.EmailVerification = realmconfig.VerificationRequired
	r.Update()
	s.eventually("the settings are in force", func() bool {
		c := s.askPasskey()
		return s.showPasskey(c, d.get(c)).Problem.Code == "email_not_verified"
	})
	query[int](r, "WITH u AS (UPDATE users SET disabled_at = now() WHERE email = $1 RETURNING 1) SELECT count(*) FROM u", annEmail)
	c := s.askPasskey()
	s.showPasskey(c, d.get(c)).Expect(t, http.StatusForbidden, "account_disabled")
}

// Whoever has only typed an address may not keep a passkey in the account of its owner.
func TestPasskeysOfASquatterGo(t *testing.T) {
	t.Parallel()
	r, s := newPasskeyRealm(t)
	d := newDevice(t)
	s.setUpPasskey(s.loginAnn(annPassword).Access, d)
	reset := s.resetToken(annEmail)
	s.reset(reset, newPassword).Expect(t, http.StatusOK, "")
	c := s.askPasskey()
	s.showPasskey(c, d.get(c)).Expect(t, http.StatusUnauthorized, "passkey_invalid")
	if n := query[int](r, "SELECT count(*) FROM passkeys"); n != 0 {
		t.Errorf("there are %d passkeys", n)
	}
}

func TestTheLastWayInStays(t *testing.T) {
	t.Parallel()
	r, s := newPasskeyRealm(t)
	access := s.loginAnn(annPassword).Access
	first, second := s.setUpPasskey(access, newDevice(t)), s.setUpPasskey(access, newDevice(t))
	query[int](r, "WITH u AS (UPDATE users SET password_hash = NULL WHERE email = $1 RETURNING 1) SELECT count(*) FROM u", annEmail)
	s.as(access, http.MethodDelete, "/api/user/passkeys/"+first.ID, nil).Expect(t, http.StatusNoContent, "")
	s.as(access, http.MethodDelete, "/api/user/passkeys/"+second.ID, nil).Expect(t, http.StatusConflict, "last_identity")
	d := newDevice(t)
	d.flags = userPresent
	key := s.setUpPasskey(access, d)
	suite.secrets.used(key.BackupCodes...)
	s.as(access, http.MethodDelete, "/api/user/passkeys/"+key.ID, nil).Expect(t, http.StatusNoContent, "")
}

func TestPasskeysAreBounded(t *testing.T) {
	t.Parallel()
	r, s := newPasskeyRealm(t)
	access := s.loginAnn(annPassword).Access
	for range 20 {
		s.setUpPasskey(access, newDevice(t))
	}
	s.as(access, http.MethodPost, "/api/user/passkeys/begin", nil).Expect(t, http.StatusConflict, "too_many_passkeys")
	r.Exec("UPDATE passkeys SET rp_id = 'old.example.com' WHERE id = (SELECT min(id::text)::uuid FROM passkeys)")
	s.as(access, http.MethodPost, "/api/user/passkeys/begin", nil).Expect(t, http.StatusConflict, "too_many_passkeys")
}

// The sign-in page asks by itself: many people behind one address who look at it use up nobody's
// sign-ins through a provider.
func TestAskingForPasskeysHasALimitOfItsOwn(t *testing.T) {
	t.Parallel()
	r, _ := newPasskeyRealm(t)
	r.Config.Network.RequestsPerMinute = 3
	r.Update()
	r.Clock.Stop()
	s := r.serve()
	for range 3 {
		s.askPasskey()
	}
	s.post("/api/auth/passkey/begin", nil).Expect(t, http.StatusTooManyRequests, "rate_limited")
	s.do(newRequest(t, http.MethodGet, "/api/auth/oauth/nobody", nil)).Expect(t, http.StatusNotFound, "provider_unknown")
	s.loginAnn(annPassword)
}

// ceremonyLifetime is how long a realm waits for an answer.
const ceremonyLifetime = 5 * time.Minute
