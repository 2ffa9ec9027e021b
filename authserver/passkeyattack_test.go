// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/base64"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

// Each of these is refused, told of in the audit log, and opens nothing.
func TestWrongAnswersOfPasskeys(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		// change makes the device say something else; answer makes something else of it.
		change func(*device)
		answer func(credential string) string
		code   string
		clone  bool
	}{
		"another origin":              {change: func(d *device) { d.origin = "https://auth.example.com.evil.example" }},
		"a plain origin":              {change: func(d *device) { d.origin = "http://" + issuerHost }},
		"another realm":               {change: func(d *device) { d.rpID = "evil.example" }},
		"a domain above":              {change: func(d *device) { d.rpID = "example.com" }},
		"nobody present":              {change: func(d *device) { d.flags = userVerified }},
		"the user not verified":       {change: func(d *device) { d.flags = userPresent }, code: "passkey_unverified"},
		"backup eligible all at once": {change: func(d *device) { d.flags |= backupEligible }},
		"backed up, but not eligible": {change: func(d *device) { d.flags |= backedUp }},
		"another key":                 {change: func(d *device) { d.key = newDevice(d.t).key }},
		"a credential of nobody":      {change: func(d *device) { d.credentialID = newDevice(d.t).credentialID }},
		"somebody else's handle":      {change: func(d *device) { d.handle = base64url(make([]byte, 32)) }},
		"no handle":                   {change: func(d *device) { d.handle = "" }},
		"a counter that went back":    {change: func(d *device) { d.counter = 4 }, clone: true},
		"a counter that stood still":  {change: func(d *device) { d.counter = 5 }, clone: true},
		"a counter that went to zero": {change: func(d *device) { d.counter = 0 }, clone: true},
		"another challenge":           {change: func(d *device) { d.says("challenge", base64url(make([]byte, 32))) }},
		"meant for a new passkey":     {change: func(d *device) { d.says("type", "webauthn.create") }},
		"meant for a payment":         {change: func(d *device) { d.says("type", "payment.get") }},
		"in a frame of another page":  {change: func(d *device) { d.says("crossOrigin", true) }},
		"key data that is not there":  {change: func(d *device) { d.flags |= 0x40 }},
		"extensions not there":        {change: func(d *device) { d.flags |= 0x80 }},
		"no JSON":                     {answer: func(string) string { return "credential" }},
		"an empty object":             {answer: func(string) string { return "{}" }},
		"null":                        {answer: func(string) string { return "null" }},
		"an array":                    {answer: func(string) string { return "[1]" }},
		"what follows it":             {answer: func(c string) string { return c + "{}" }},
		"another type":                {answer: func(c string) string { return strings.Replace(c, `"public-key"`, `"password"`, 1) }},
		"no signature":                {answer: func(c string) string { return strings.Replace(c, `"signature":"`, `"signature":"AAAA`, 1) }},
		"no authenticator data at all": {answer: func(c string) string {
			return strings.Replace(c, `"authenticatorData":"`, `"authenticatorData":"","x":"`, 1)
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, s := newPasskeyRealm(t)
			d := newDevice(t)
			d.counter = 5
			s.setUpPasskey(s.loginAnn(annPassword).Access, d)
			before := query[int](r, "SELECT count(*) FROM sessions")
			asked := s.askPasskey()
			if c.change != nil {
				c.change(d)
			}
			credential := d.get(asked)
			if c.answer != nil {
				credential = c.answer(credential)
			}
			want := "passkey_invalid"
			if c.code != "" {
				want = c.code
			}
			s.showPasskey(asked, credential).Expect(t, http.StatusUnauthorized, want)
			if n := query[int](r, "SELECT count(*) FROM sessions"); n != before {
				t.Error("a session was opened")
			}
			if n := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'login' AND outcome = $1 AND detail = 'passkey'", want); n != 1 {
				t.Errorf("%d events tell of it", n)
			}
			clones := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'passkey.clone_suspected' AND outcome = 'passkey_invalid' AND account_key IS NOT NULL")
			if (clones == 1) != c.clone {
				t.Errorf("%d events tell of a copy", clones)
			}
		})
	}
}

// A new passkey is judged as strictly.
func TestWrongAnswersOfNewPasskeys(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(*device)
		answer func(credential string) string
	}{
		"another origin":              {change: func(d *device) { d.origin = "https://evil.example" }},
		"another realm":               {change: func(d *device) { d.rpID = "evil.example" }},
		"nobody present":              {change: func(d *device) { d.flags = userVerified }},
		"backed up, but not eligible": {change: func(d *device) { d.flags |= backedUp }},
		"extensions not there":        {change: func(d *device) { d.flags |= 0x80 }},
		"another challenge":           {change: func(d *device) { d.says("challenge", base64url(make([]byte, 32))) }},
		"meant for a sign-in":         {change: func(d *device) { d.says("type", "webauthn.get") }},
		"in a frame of another page":  {change: func(d *device) { d.says("crossOrigin", true) }},
		"no JSON":                     {answer: func(string) string { return "" + "x" }},
		"an attestation of nothing":   {answer: func(c string) string { return replaceAttestation(c, []byte{0xa0}) }},
		"an endless attestation":      {answer: func(c string) string { return replaceAttestation(c, []byte{0xbf, 0x63}) }},
		"a deep attestation":          {answer: func(c string) string { return replaceAttestation(c, []byte(strings.Repeat("\x81", 4000))) }},
		"a huge attestation": {answer: func(c string) string {
			return replaceAttestation(c, []byte{0x9b, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, s := newPasskeyRealm(t)
			access, d := s.loginAnn(annPassword).Access, newDevice(t)
			asked := s.askCeremony(access, "/api/user/passkeys/begin", nil)
			if c.change != nil {
				c.change(d)
			}
			credential := d.create(asked)
			if c.answer != nil {
				credential = c.answer(credential)
			}
			s.finishPasskey(access, asked, credential, "device").Expect(t, http.StatusBadRequest, "passkey_registration_invalid")
			if n := query[int](r, "SELECT count(*) FROM passkeys"); n != 0 {
				t.Errorf("there are %d passkeys", n)
			}
			if n := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'passkey.added' AND outcome = 'passkey_registration_invalid' AND actor_id IS NOT NULL"); n != 1 {
				t.Errorf("%d events tell of it", n)
			}
		})
	}
}

// replaceAttestation puts other bytes where an attestation was.
func replaceAttestation(credential string, by []byte) string {
	const name = `"attestationObject":"`
	at := strings.Index(credential, name) + len(name)
	end := at + strings.Index(credential[at:], `"`)
	return credential[:at] + base64.RawURLEncoding.EncodeToString(by) + credential[end:]
}

func TestCeremoniesAreOfOneUserAndSession(t *testing.T) {
	t.Parallel()
	r, s := newPasskeyRealm(t)
	ann, alsoAnn, admin := s.loginAnn(annPassword).Access, s.loginAnn(annPassword).Access, s.login().Access
	for name, other := range map[string]string{"another user": admin, "another session": alsoAnn} {
		d := newDevice(t)
		c := s.askCeremony(ann, "/api/user/passkeys/begin", nil)
		credential := d.create(c)
		s.finishPasskey(other, c, credential, name).Expect(t, http.StatusBadRequest, "passkey_registration_invalid")
		s.finishPasskey(ann, c, credential, name).Expect(t, http.StatusBadRequest, "passkey_registration_invalid") // it is used up
	}
	d := newDevice(t)
	first := s.setUpPasskey(ann, d)
	if first.ID == "" {
		t.Fatal("none is set up")
	}
	// What was asked for one thing answers no other.
	signIn, setUp := s.askPasskey(), s.askCeremony(ann, "/api/user/passkeys/begin", nil)
	s.showPasskey(setUp, d.get(setUp)).Expect(t, http.StatusUnauthorized, "passkey_invalid")
	s.finishPasskey(ann, signIn, newDevice(t).create(signIn), "device").Expect(t, http.StatusBadRequest, "passkey_registration_invalid")
	// A credential has one user.
	c := s.askCeremony(admin, "/api/user/passkeys/begin", nil)
	s.finishPasskey(admin, c, d.create(c), "stolen").Expect(t, http.StatusConflict, "passkey_exists")
	// One may wait for five minutes.
	late := s.askPasskey()
	r.Clock.Advance(ceremonyLifetime)
	s.showPasskey(late, d.get(late)).Expect(t, http.StatusUnauthorized, "passkey_invalid")
	r.tellsOf("passkey.added", "passkey_registration_invalid", 5)
	r.tellsOf("passkey.added", "passkey_exists", 1)
	r.tellsOf("login", "passkey_invalid", 2)
}

// tellsOf looks for so many events of an outcome in the audit log.
func (r *realm) tellsOf(action, outcome string, events int) {
	r.t.Helper()
	if n := query[int](r, "SELECT count(*) FROM audit_events WHERE action = $1 AND outcome = $2", action, outcome); n != events {
		r.t.Errorf("%d events tell of %s %s, want %d", n, action, outcome, events)
	}
}

func TestChallengesAreOfOneUserAndPasskey(t *testing.T) {
	t.Parallel()
	r, s := newPasskeyRealm(t)
	access := s.loginAnn(annPassword).Access
	s.enrol(access)
	mine, others := newDevice(t), newDevice(t)
	s.setUpPasskey(access, mine)
	s.setUpPasskey(s.login().Access, others)
	begin := func(c challenge) ceremony {
		t.Helper()
		return s.askCeremony("", "/api/auth/2fa/passkey/begin", map[string]string{"session_id": c.SessionID})
	}
	c, another := s.challengedAnn(), s.challengedAnn()
	asked := begin(c)
	s.answerByPasskey(another, asked, mine.get(asked)).Expect(t, http.StatusUnauthorized, "passkey_invalid")
	asked = begin(c)
	s.answerByPasskey(c, asked, others.get(asked)).Expect(t, http.StatusUnauthorized, "passkey_invalid")
	asked = s.askPasskey()
	s.answerByPasskey(c, asked, mine.get(asked)).Expect(t, http.StatusUnauthorized, "passkey_invalid")
	asked = begin(c)
	s.showPasskey(asked, mine.get(asked)).Expect(t, http.StatusUnauthorized, "passkey_invalid")
	r.tellsOf("login", "passkey_invalid", 4)
	asked = begin(c)
	s.tokensOf(s.answerByPasskey(c, asked, mine.get(asked)))
}

// Two realms that share a database, and even keys, share their people, and no passkey: it belongs
// to a host. Not even a device that answers both is let in at the other.
func TestPasskeysAreOfOneRealm(t *testing.T) {
	t.Parallel()
	r, s := newPasskeyRealm(t)
	d := newDevice(t)
	s.setUpPasskey(s.loginAnn(annPassword).Access, d)
	elsewhere := newRealmOn(t, r.DatabaseURL, testenv.RedisURL(t))
	elsewhere.EncryptionKeys = r.EncryptionKeys
	elsewhere.Config.Issuer, elsewhere.Config.Passkeys = "https://elsewhere.example.com", &realmconfig.Passkeys{}
	if err := elsewhere.Save(); err != nil {
		t.Fatal(err)
	}
	other := elsewhere.serve()
	asked := other.askPasskey()
	if asked.Options.RPID != "elsewhere.example.com" {
		t.Fatalf("the other realm is %s", asked.Options.RPID)
	}
	other.showPasskey(asked, d.get(asked)).Expect(t, http.StatusUnauthorized, "passkey_invalid")
	asked = other.askPasskey()
	s.showPasskey(asked, d.get(asked)).Expect(t, http.StatusUnauthorized, "passkey_invalid")
	d.origin, d.rpID = elsewhere.Config.Issuer, "elsewhere.example.com"
	asked = other.askPasskey()
	other.showPasskey(asked, d.get(asked)).Expect(t, http.StatusUnauthorized, "passkey_invalid")
	r.tellsOf("login", "passkey_invalid", 3) // the log is in the database that they share
}

func TestOneAnswerWins(t *testing.T) {
	t.Parallel()
	const racers = 50
	r, s := newPasskeyRealm(t)
	access := s.loginAnn(annPassword).Access
	d := newDevice(t)
	s.setUpPasskey(access, d)

	asked := s.askPasskey()
	shown, won := d.get(asked), atomic.Int64{}
	race.Run(racers, func(int) {
		if s.showPasskey(asked, shown).Status == http.StatusOK {
			won.Add(1)
		}
	})
	if won.Load() != 1 {
		t.Errorf("%d of %d sign-ins by one answer have won", won.Load(), racers)
	}
	if n := query[int](r, "SELECT count(*) FROM sessions WHERE amr = 'pop mfa'"); n != 1 {
		t.Errorf("there are %d sessions of it", n)
	}
	r.tellsOf("login", "passkey_invalid", racers-1)

	setUp, added := s.askCeremony(access, "/api/user/passkeys/begin", nil), atomic.Int64{}
	credential := newDevice(t).create(setUp)
	race.Run(racers, func(int) {
		if s.finishPasskey(access, setUp, credential, "raced").Status == http.StatusCreated {
			added.Add(1)
		}
	})
	if n := query[int](r, "SELECT count(*) FROM passkeys"); added.Load() != 1 || n != 2 {
		t.Errorf("%d of %d have won, and there are %d passkeys", added.Load(), racers, n)
	}
	r.tellsOf("passkey.added", "passkey_registration_invalid", racers-1)
}

// A passkey that its user has copied to other devices may not count as one; the owner is let in,
// and whoever reads the audit log is told.
func TestCountersOfSyncedPasskeysOnlyWarn(t *testing.T) {
	t.Parallel()
	r, s := newPasskeyRealm(t)
	d := newDevice(t)
	d.flags, d.counter = d.flags|backupEligible|backedUp, 5
	if added := s.setUpPasskey(s.loginAnn(annPassword).Access, d); !added.Synced {
		t.Error("it is not told that it is on several devices")
	}
	d.counter = 3
	asked := s.askPasskey()
	s.tokensOf(s.showPasskey(asked, d.get(asked)))
	if n := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'passkey.clone_suspected' AND outcome = 'succeeded'"); n != 1 {
		t.Errorf("%d events tell of it", n)
	}
	if got := s.Metric("realmkeeper_passkey_clones_suspected_total"); got != "1" {
		t.Errorf("%q are counted", got)
	}
	if n := query[int](r, "SELECT sign_count FROM passkeys"); n != 5 {
		t.Errorf("the counter is %d", n)
	}
	// A device that does not count any more, or never has, warns of nothing.
	d.counter = 6
	asked = s.askPasskey()
	s.tokensOf(s.showPasskey(asked, d.get(asked)))
	if got := s.Metric("realmkeeper_passkey_clones_suspected_total"); got != "1" {
		t.Errorf("%q are counted", got)
	}
}
