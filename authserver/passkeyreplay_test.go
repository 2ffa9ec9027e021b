// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

// What has opened a session, or set a passkey up, is good for nothing any more.
func TestAnswersOfPasskeysAreNotShownTwice(t *testing.T) {
	t.Parallel()
	r, s := newPasskeyRealm(t)
	access, d := s.loginAnn(annPassword).Access, newDevice(t)

	setUp := s.askCeremony(access, "/api/user/passkeys/begin", nil)
	created := d.create(setUp)
	s.finishPasskey(access, setUp, created, "device").Expect(t, http.StatusCreated, "")
	s.finishPasskey(access, setUp, created, "device").Expect(t, http.StatusBadRequest, "passkey_registration_invalid")
	again := s.askCeremony(access, "/api/user/passkeys/begin", nil)
	s.finishPasskey(access, again, created, "device").Expect(t, http.StatusBadRequest, "passkey_registration_invalid")
	r.tellsOf("passkey.added", "passkey_registration_invalid", 2)

	asked := s.askPasskey()
	shown := d.get(asked)
	s.tokensOf(s.showPasskey(asked, shown))
	s.showPasskey(asked, shown).Expect(t, http.StatusUnauthorized, "passkey_invalid")
	s.showPasskey(s.askPasskey(), shown).Expect(t, http.StatusUnauthorized, "passkey_invalid")
	r.tellsOf("login", "passkey_invalid", 2)
	if n := query[int](r, "SELECT count(*) FROM sessions WHERE amr = 'pop mfa'"); n != 1 {
		t.Errorf("there are %d sessions by passkey", n)
	}
}

// A security key behind a password is judged as strictly as a passkey that signs in by itself.
// What was wrong uses up its question, and leaves the sign-in open.
func TestWrongAnswersBehindAPassword(t *testing.T) {
	t.Parallel()
	r, s := newPasskeyRealm(t)
	key := newDevice(t)
	key.flags, key.counter = userPresent, 5
	suite.secrets.used(s.setUpPasskey(s.loginAnn(annPassword).Access, key).BackupCodes...)
	before := query[int](r, "SELECT count(*) FROM sessions")
	c := s.challengedAnn()
	begin := func() ceremony {
		return s.askCeremony("", "/api/auth/2fa/passkey/begin", map[string]string{"session_id": c.SessionID})
	}
	refused := 0
	for name, change := range map[string]func(*device){
		"another origin":              func(d *device) { d.origin = "https://auth.example.com.evil.example" },
		"another realm":               func(d *device) { d.rpID = "evil.example" },
		"another challenge":           func(d *device) { d.says("challenge", base64url(make([]byte, 32))) },
		"meant for a new passkey":     func(d *device) { d.says("type", "webauthn.create") },
		"in a frame of another page":  func(d *device) { d.says("crossOrigin", true) },
		"nobody present":              func(d *device) { d.flags = userVerified },
		"backup eligible all at once": func(d *device) { d.flags |= backupEligible },
		"backed up, but not eligible": func(d *device) { d.flags |= backedUp },
		"another key":                 func(d *device) { d.key = newDevice(d.t).key },
		"a credential of nobody":      func(d *device) { d.credentialID = newDevice(d.t).credentialID },
		"somebody else's handle":      func(d *device) { d.handle = base64url(make([]byte, 32)) },
		"a counter that stood still":  func(d *device) { d.counter = 5 },
		"a counter that went back":    func(d *device) { d.counter = 4 },
	} {
		asked, lies := begin(), *key
		lies.counter = 6
		change(&lies)
		answer := s.answerByPasskey(c, asked, lies.get(asked))
		if answer.Status != http.StatusUnauthorized || answer.Problem.Code != "passkey_invalid" {
			t.Errorf("%s: answered %d %s", name, answer.Status, answer.Body)
		}
		refused++
		r.tellsOf("login", "passkey_invalid", refused)
	}
	r.tellsOf("passkey.clone_suspected", "passkey_invalid", 2)
	if got := s.Metric("realmkeeper_passkey_clones_suspected_total"); got != "2" {
		t.Errorf("%q are counted", got)
	}
	if n := query[int](r, "SELECT count(*) FROM sessions"); n != before {
		t.Errorf("%d sessions were opened", n-before)
	}
	key.counter = 6
	asked := begin()
	s.tokensOf(s.answerByPasskey(c, asked, key.get(asked)))
}

// One challenge is one session, by however many right answers, to one question or to several.
func TestOneAnswerToAChallengeWins(t *testing.T) {
	t.Parallel()
	const racers = 50
	r, s := newPasskeyRealm(t)
	key := newDevice(t)
	key.flags = userPresent
	suite.secrets.used(s.setUpPasskey(s.loginAnn(annPassword).Access, key).BackupCodes...)
	before := query[int](r, "SELECT count(*) FROM sessions")
	const told = "SELECT count(*) FROM audit_events WHERE action = 'login' AND outcome IN ('challenge_invalid', 'passkey_invalid')"
	for i, questions := range []int{1, racers} {
		c := s.challengedAnn()
		asked, shown := []ceremony{}, []string{}
		for range questions {
			q := s.askCeremony("", "/api/auth/2fa/passkey/begin", map[string]string{"session_id": c.SessionID})
			asked, shown = append(asked, q), append(shown, key.get(q))
		}
		won, refused := atomic.Int64{}, atomic.Int64{}
		race.Run(racers, func(n int) {
			switch a := s.answerByPasskey(c, asked[n%questions], shown[n%questions]); a.Status {
			case http.StatusOK:
				won.Add(1)
			case http.StatusUnauthorized:
				refused.Add(1)
			}
		})
		if won.Load() != 1 || refused.Load() != racers-1 {
			t.Errorf("with %d questions, %d of %d have won, and %d were refused", questions, won.Load(), racers, refused.Load())
		}
		if n := query[int](r, "SELECT count(*) FROM sessions"); n != before+i+1 {
			t.Errorf("with %d questions, %d sessions were opened", questions, n-before-i)
		}
		if n := query[int](r, told); n != (i+1)*(racers-1) {
			t.Errorf("with %d questions, %d events tell of refusals in all", questions, n)
		}
	}
}
