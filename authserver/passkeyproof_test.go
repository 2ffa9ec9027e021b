// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"net/url"
	"sync/atomic"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

const beginProof = "/api/auth/proof/passkey/begin"

// shows is a passkey as proof, in the body of whatever wants one.
func shows(c ceremony, credential string) map[string]string {
	return map[string]string{"ceremony": c.Ceremony, "credential": credential}
}

func TestAPasskeyIsAProof(t *testing.T) {
	t.Parallel()
	r, s := newPasskeyRealm(t)
	session, d := s.loginAnn(annPassword), newDevice(t)
	access := session.Access
	s.as(access, http.MethodPost, beginProof, nil).Expect(t, http.StatusConflict, "second_factor_missing")
	mine := s.setUpPasskey(access, d)
	r.Clock.Advance(longAgo)
	access = s.refresh(session.Refresh).Access
	s.as(access, http.MethodPost, "/api/user/passkeys/begin", nil).Expect(t, http.StatusForbidden, "proof_required")

	// With the request that wants it.
	d.counter = 7
	asked := s.askCeremony(access, beginProof, nil)
	if asked.Options.UserVerification != "required" || len(asked.Options.AllowCredentials) != 1 || asked.Options.AllowCredentials[0].ID != base64url(d.credentialID) {
		t.Errorf("asked for %+v", asked.Options)
	}
	s.askCeremony(access, "/api/user/passkeys/begin", shows(asked, d.get(asked)))
	if n := query[int](r, "SELECT sign_count FROM passkeys WHERE id = $1 AND last_used_at IS NOT NULL", mine.ID); n != 7 {
		t.Errorf("the counter is %d", n)
	}
	if n := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'proof.given' AND outcome = 'succeeded' AND detail = 'passkey'"); n != 1 {
		t.Errorf("%d events tell of it", n)
	}

	// Before, for a token that is of two factors, and leaves the session as it was.
	d.counter = 8
	asked = s.askCeremony(access, beginProof, nil)
	proven := decode[struct {
		Access string `json:"access_token"`
	}](t, s.as(access, http.MethodPost, "/api/auth/proof", shows(asked, d.get(asked))), http.StatusOK).Access
	suite.secrets.used(proven)
	if claims := claimsOf(t, proven); claims["acr"] != "2" {
		t.Errorf("the token says %v", claims)
	}
	if amr := query[string](r, "SELECT amr FROM sessions WHERE id = $1", claimsOf(t, access)["sid"]); amr != "pwd" {
		t.Errorf("the session was opened by %s", amr)
	}
	s.as(proven, http.MethodDelete, "/api/user/passkeys/"+mine.ID, nil).Expect(t, http.StatusNoContent, "")
}

// Nobody proves anything with a ceremony of somebody else's, or another kind, or twice, or without
// having been verified.
func TestProofsByPasskeyThatAreNone(t *testing.T) {
	t.Parallel()
	r, s := newPasskeyRealm(t)
	ann, alsoAnn, admin := s.loginAnn(annPassword).Access, s.loginAnn(annPassword).Access, s.login().Access
	d, others := newDevice(t), newDevice(t)
	s.setUpPasskey(ann, d)
	s.setUpPasskey(admin, others)
	prove := func(access string, proof map[string]string) answer {
		return s.as(access, http.MethodPost, "/api/auth/proof", proof)
	}
	for name, c := range map[string]struct {
		by, code string
		change   func(*device)
		device   *device
	}{
		"of another session":    {by: alsoAnn},
		"of another user":       {by: admin},
		"by another's passkey":  {by: ann, device: others},
		"not verified":          {by: ann, code: "passkey_unverified", change: func(d *device) { d.flags = userPresent }},
		"by nobody present":     {by: ann, change: func(d *device) { d.flags = userVerified }},
		"at another origin":     {by: ann, change: func(d *device) { d.origin = "https://evil.example" }},
		"of another realm":      {by: ann, change: func(d *device) { d.rpID = "evil.example" }},
		"signed by another key": {by: ann, change: func(d *device) { d.key = newDevice(d.t).key }},
	} {
		asked := s.askCeremony(ann, beginProof, nil)
		shown := *d
		if c.device != nil {
			shown = *c.device
		}
		if c.change != nil {
			c.change(&shown)
		}
		want := "passkey_invalid"
		if c.code != "" {
			want = c.code
		}
		if a := prove(c.by, shows(asked, shown.get(asked))); a.Status != http.StatusUnauthorized || string(a.Problem.Code) != want {
			t.Errorf("%s: answered %d %s, not %s", name, a.Status, a.Body, want)
		}
		prove(ann, shows(asked, d.get(asked))).Expect(t, http.StatusUnauthorized, "passkey_invalid") // it is used up
	}
	signIn, setUp := s.askPasskey(), s.askCeremony(ann, "/api/user/passkeys/begin", nil)
	prove(ann, shows(signIn, d.get(signIn))).Expect(t, http.StatusUnauthorized, "passkey_invalid")
	prove(ann, shows(setUp, d.get(setUp))).Expect(t, http.StatusUnauthorized, "passkey_invalid")
	asked := s.askCeremony(ann, beginProof, nil)
	s.showPasskey(asked, d.get(asked)).Expect(t, http.StatusUnauthorized, "passkey_invalid")
	prove(ann, map[string]string{"credential": d.get(asked)}).Expect(t, http.StatusUnauthorized, "passkey_invalid")
	s.post(beginProof, nil).Expect(t, http.StatusUnauthorized, "token_missing")

	// A security key is a second factor, and proves nothing alone.
	key := newDevice(t)
	key.flags = userPresent
	suite.secrets.used(s.setUpPasskey(ann, key).BackupCodes...)
	asked = s.askCeremony(ann, beginProof, nil)
	if n := len(asked.Options.AllowCredentials); n != 1 {
		t.Errorf("%d passkeys may answer", n)
	}
	key.flags = userPresent | userVerified // whoever has found it has given it a PIN
	if a := prove(ann, shows(asked, key.get(asked))); a.Status != http.StatusUnauthorized {
		t.Errorf("a security key is answered %d %s", a.Status, a.Body)
	}
	late := s.askCeremony(ann, beginProof, nil)
	r.Clock.Advance(ceremonyLifetime)
	prove(ann, shows(late, d.get(late))).Expect(t, http.StatusUnauthorized, "passkey_invalid")
}

func TestOneProofOfACeremonyWins(t *testing.T) {
	t.Parallel()
	r, s := newPasskeyRealm(t)
	access, d := s.loginAnn(annPassword).Access, newDevice(t)
	s.setUpPasskey(access, d)
	asked, won := s.askCeremony(access, beginProof, nil), atomic.Int64{}
	shown := d.get(asked)
	race.Run(50, func(int) {
		if s.as(access, http.MethodPost, "/api/auth/proof", shows(asked, shown)).Status == http.StatusOK {
			won.Add(1)
		}
	})
	if n := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'proof.given' AND outcome = 'succeeded'"); won.Load() != 1 || n != 1 {
		t.Errorf("%d of 50 have won, of which %d are told of", won.Load(), n)
	}
}

// Who has nothing but a passkey changes on the pages what protects their account.
func TestPagesTakeAPasskeyAsProof(t *testing.T) {
	t.Parallel()
	r, s := newPasskeyRealm(t)
	d, b := newDevice(t), s.newPageBrowser()
	s.setUpPasskey(s.loginAnn(annPassword).Access, d)
	r.Exec("UPDATE users SET password_hash = NULL WHERE email = $1", annEmail)
	b.open("/signin")
	flow, c := b.asksPasskey("/signin/passkey/begin", nil)
	b.sendForm("/signin/passkey", url.Values{"flow": {flow}, "credential": {d.get(c)}})
	b.sees("/account", http.StatusOK)
	r.Clock.Advance(longAgo)
	suite.secrets.used(annNext)
	b.open("/account")
	b.submit("/account/email", map[string]string{"email": annNext})
	b.sees("/account/email", http.StatusForbidden, "Is it you?", "Sign in with a passkey")
	interrupted := attribute(b.find("input", "name", "interrupted"), "value")
	flow, c = b.asksPasskey("/account/proof/passkey/begin", url.Values{})
	d.flags = userPresent
	b.sendForm("/account/email", url.Values{"interrupted": {interrupted}, "flow": {flow}, "credential": {d.get(c)}})
	b.sees("/account/email", http.StatusForbidden, "The device did not check that it is you.")
	d.flags = userPresent | userVerified
	flow, c = b.asksPasskey("/account/proof/passkey/begin", url.Values{})
	b.sendForm("/account/email", url.Values{"interrupted": {interrupted}, "flow": {flow}, "credential": {d.get(c)}})
	b.sees("/account", http.StatusOK)
	if n := query[int](r, "SELECT count(*) FROM tickets WHERE kind = 'change_email'"); n != 1 {
		t.Errorf("%d new addresses wait", n)
	}
	stranger := s.newPageBrowser()
	stranger.sendForm("/account/proof/passkey/begin", url.Values{})
	stranger.sees("/signin", http.StatusOK)
}
