// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

// Whoever has found out a password sets nothing up with it.
func TestAStolenPasswordSetsNothingUp(t *testing.T) {
	t.Parallel()
	r, s := newRequiringRealm(t, realmconfig.Enforce)
	r.sendsTexts()
	s.takesUp()
	r.Config.Passkeys = &realmconfig.Passkeys{}
	r.Update()
	s.takesUp()
	thief := s.stopAnn()
	for step, more := range map[string]map[string]string{
		"totp": nil, "totp/verify": code("123456"), "sms": telephone(aliceNumber), "sms/verify": code("123456"), "passkey/begin": nil,
		"passkey": {"ceremony": "rkw_" + strings.Repeat("A", 43), "credential": "{}", "name": "Key"},
	} {
		s.setUp(step, thief.ID, more).Expect(t, http.StatusForbidden, "proof_required")
	}
	s.setUp("mail-code/verify", thief.ID, code("123456")).Expect(t, http.StatusUnauthorized, "code_invalid") // which nobody was sent
	s.setUp("mail-code", thief.ID)
	digits := r.lastLetter(annEmail, auth.SetUpCodeMessage).digits(t)
	for left := 3; left >= 0; left-- {
		a := s.setUp("mail-code/verify", thief.ID, code(otherThan(digits)))
		a.Expect(t, http.StatusUnauthorized, "code_invalid")
		if got := attemptsLeft(t, a); got != left {
			t.Errorf("%d guesses are left, not %d", got, left)
		}
	}
	s.setUp("mail-code/verify", thief.ID, code(digits)).Expect(t, http.StatusUnauthorized, "challenge_invalid")
	// Another sign-in is another code, and does not begin the count of all anew.
	for range 3 {
		next := s.stopAnn()
		for range 5 {
			s.setUp("mail-code/verify", next.ID, code("123456"))
		}
	}
	locked := s.stopAnn()
	s.setUp("mail-code", locked.ID)
	s.setUp("mail-code/verify", locked.ID, code(r.lastSetUpCode())).Expect(t, http.StatusTooManyRequests, "account_locked")
	if factors := query[int](r, "SELECT count(*) FROM second_factors") + query[int](r, "SELECT count(*) FROM passkeys"); factors != 0 {
		t.Errorf("there are %d second factors", factors)
	}
	told := false
	for _, l := range r.letters(annEmail) {
		told = told || l.kind == auth.AccountLockedMessage
	}
	if !told {
		t.Error("Ann is not told that somebody guesses who knows her password")
	}
}

// Whoever takes a mailbox over has the password by it, and the code that is mailed. Where there is a
// passkey that is not enough, as it is not where there is an app.
func TestAStolenMailboxSetsNothingUpBesideAPasskey(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(r *realm)
		enter  func(r *realm, s *server) stopped
	}{
		"with another password": {func(*realm) {}, func(_ *realm, s *server) stopped {
			s.reset(s.resetToken(annEmail), newPassword).Expect(s.t, http.StatusOK, "")
			return s.stopOf(s.tryLogin(annEmail, newPassword))
		}},
		"with the password, where no mail is sent": {func(r *realm) { r.Config.Email = nil }, func(_ *realm, s *server) stopped { return s.stopAnn() }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, s := newPasskeyRealm(t)
			s.verifyAnn()
			owner, thief := newDevice(t), newDevice(t)
			s.setUpPasskey(s.loginAnn(annPassword).Access, owner)
			c.change(r)
			r.requires(realmconfig.Enforce)
			s.takesUp()
			st := c.enter(r, s)
			s.setUp("mail-code", st.ID).Expect(t, http.StatusBadRequest, "invalid_request")
			for step, more := range map[string]map[string]string{
				"totp": nil, "totp/verify": code("123456"), "sms": telephone(aliceNumber), "passkey/begin": nil,
				"passkey": {"ceremony": "rkw_" + strings.Repeat("A", 43), "credential": "{}", "name": "Key"},
			} {
				s.setUp(step, st.ID, more).Expect(t, http.StatusForbidden, "proof_required")
			}
			asked := s.askCeremony("", "/api/auth/2fa/passkey/begin", map[string]string{"session_id": st.ID})
			s.answerByPasskey(challenge{SessionID: st.ID}, asked, thief.get(asked)).Expect(t, http.StatusUnauthorized, "passkey_invalid")
			asked = s.askCeremony("", "/api/auth/2fa/passkey/begin", map[string]string{"session_id": st.ID})
			s.tokensOf(s.answerByPasskey(challenge{SessionID: st.ID}, asked, owner.get(asked)))
			if factors := query[int](r, "SELECT count(*) FROM second_factors") + query[int](r, "SELECT count(*) FROM passkeys"); factors != 1 {
				t.Errorf("there are %d second factors", factors)
			}
		})
	}
}

// lastSetUpCode is the newest code that Ann was mailed.
func (r *realm) lastSetUpCode() string {
	r.t.Helper()
	all := r.letters(annEmail)
	for i := len(all) - 1; i >= 0; i-- {
		if all[i].kind == auth.SetUpCodeMessage {
			return all[i].digits(r.t)
		}
	}
	r.t.Fatal("no code was mailed")
	return ""
}

func TestAStopIsGoodOnceAndForItsUserAlone(t *testing.T) {
	t.Parallel()
	r, s := newRequiringRealm(t, realmconfig.Enforce)
	suite.secrets.used(strangerPassword)
	s.tryRegister("bob@example.com", strangerPassword).Expect(t, http.StatusCreated, "")
	s.verifyEmail(r.lastLetter("bob@example.com", auth.VerifyEmailMessage).token(t), strangerPassword).Expect(t, http.StatusOK, "")
	bobs, anns := s.stopOf(s.tryLogin("bob@example.com", strangerPassword)), s.stopAnn()
	s.setUp("mail-code", bobs.ID)
	ofBob := r.lastLetter("bob@example.com", auth.SetUpCodeMessage).digits(t)
	if a := s.setUp("mail-code/verify", anns.ID, code(ofBob)); a.Status != http.StatusUnauthorized {
		t.Errorf("Bob's code at Ann's sign-in answers %d", a.Status)
	}
	proven := s.showMail(anns, annEmail)
	s.setUp("mail-code/verify", anns.ID, code(ofBob)).Expect(t, http.StatusUnauthorized, "challenge_invalid") // another took its place
	s.setUp("totp", anns.ID).Expect(t, http.StatusUnauthorized, "challenge_invalid")
	e := decode[enrolment](t, s.setUp("totp", proven.ID), http.StatusOK)
	suite.secrets.used(e.Secret, e.URL, e.QRCode)
	suite.secrets.used(e.BackupCodes...)
	shown := s.shown(e.Secret)
	s.setUp("totp/verify", bobs.ID, code(shown)).Expect(t, http.StatusForbidden, "proof_required")
	ofBobs := s.showMail(bobs, "bob@example.com")
	s.setUp("totp/verify", ofBobs.ID, code(shown)).Expect(t, http.StatusConflict, "second_factor_missing") // it is Ann's app
	s.tokensOf(s.setUp("totp/verify", proven.ID, code(shown)))
	for _, step := range []string{"totp", "mail-code"} {
		s.setUp(step, proven.ID).Expect(t, http.StatusUnauthorized, "challenge_invalid")
	}
	s.setUp("totp/verify", proven.ID, code(shown)).Expect(t, http.StatusUnauthorized, "challenge_invalid")
	for name, id := range map[string]string{
		"nothing": "rku_", "of nobody": "rku_" + strings.Repeat("A", 43), "a challenge": s.challengedAnn().SessionID, "text": "<script>",
	} {
		if a := s.setUp("totp", id); a.Status != http.StatusUnauthorized {
			t.Errorf("%s answers %d %s", name, a.Status, a.Body)
		}
	}
}

// What changes meanwhile ends a sign-in that is stopped.
func TestAStopEndsWithWhatItWasFor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		change func(r *realm, s *server)
		status int
		code   string
	}{
		"another password": {func(_ *realm, s *server) {
			s.reset(s.resetToken(annEmail), newPassword).Expect(s.t, http.StatusOK, "")
		}, http.StatusUnauthorized, "challenge_invalid"},
		"disabled": {func(r *realm, _ *server) { r.Exec("UPDATE users SET disabled_at = now() WHERE email = $1", annEmail) }, http.StatusForbidden, "account_disabled"},
		"time":     {func(r *realm, _ *server) { r.Clock.Advance(31 * time.Minute) }, http.StatusUnauthorized, "challenge_invalid"},
		"deleted":  {func(r *realm, _ *server) { r.Exec("DELETE FROM users WHERE email = $1", annEmail) }, http.StatusUnauthorized, "challenge_invalid"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, s := newRequiringRealm(t, realmconfig.Enforce)
			proven := s.showMail(s.stopAnn(), annEmail)
			c.change(r, s)
			s.setUp("totp", proven.ID).Expect(t, c.status, c.code)
		})
	}
}

func TestOfManyWhoSetUpAtOnceOneDoes(t *testing.T) {
	t.Parallel()
	r, s := newRequiringRealm(t, realmconfig.Enforce)
	r.Config.Network.RequestsPerMinute = 0
	r.Update()
	s.takesUp()
	st := s.stopAnn()
	s.setUp("mail-code", st.ID)
	digits := r.lastLetter(annEmail, auth.SetUpCodeMessage).digits(t)
	won := race.Winners(50, func(int) answer { return s.setUp("mail-code/verify", st.ID, code(digits)) }, func(a answer) bool { return a.Status == http.StatusOK })
	if len(won) != 1 {
		t.Fatalf("%d of 50 have shown one code", len(won))
	}
	first := s.stopOf(won[0])
	second := s.showMail(s.stopAnn(), annEmail)
	e := decode[enrolment](t, s.setUp("totp", first.ID), http.StatusOK)
	suite.secrets.used(e.Secret, e.URL, e.QRCode)
	suite.secrets.used(e.BackupCodes...)
	shown := s.shown(e.Secret)
	entered := race.Winners(50, func(i int) answer {
		return s.setUp("totp/verify", []string{first.ID, second.ID}[i%2], code(shown))
	}, func(a answer) bool { return a.Status == http.StatusOK })
	if len(entered) != 1 {
		t.Fatalf("%d of 50 were let in", len(entered))
	}
	s.tokensOf(entered[0])
	for _, id := range []string{first.ID, second.ID} {
		s.setUp("totp", id).Expect(t, http.StatusUnauthorized, "challenge_invalid")
	}
	if sessions := query[int](r, "SELECT count(*) FROM sessions"); sessions != 1 {
		t.Errorf("there are %d sessions", sessions)
	}
}

// In a realm without mail two sign-ins may set up at the same time, with different methods.
func TestOfTwoMethodsAtOnceOneIsSetUp(t *testing.T) {
	t.Parallel()
	suite.secrets.used(annEmail, annPassword)
	r := newRealm(t)
	r.Config.Passkeys = &realmconfig.Passkeys{}
	r.requires(realmconfig.Enforce)
	s := r.serve()
	s.registerAnn()
	first, second := s.stopAnn(), s.stopAnn()
	e := decode[enrolment](t, s.setUp("totp", first.ID), http.StatusOK)
	suite.secrets.used(e.Secret, e.URL, e.QRCode)
	suite.secrets.used(e.BackupCodes...)
	d := newDevice(t)
	asked := s.askCeremony("", "/api/auth/2fa/setup/passkey/begin", map[string]string{"setup_id": second.ID})
	answered, shown := d.create(asked), s.shown(e.Secret)
	won := race.Winners(2, func(i int) answer {
		if i == 0 {
			return s.setUp("totp/verify", first.ID, code(shown))
		}
		return s.setUp("passkey", second.ID, map[string]string{"ceremony": asked.Ceremony, "credential": answered, "name": "Key"})
	}, func(a answer) bool { return a.Status == http.StatusOK })
	if len(won) != 1 {
		t.Fatalf("%d were let in", len(won))
	}
	s.tokensOf(won[0])
	if got := query[int](r, "SELECT (SELECT count(*) FROM second_factors WHERE verified_at IS NOT NULL) + (SELECT count(*) FROM passkeys)"); got != 1 {
		t.Errorf("%d things are set up", got)
	}
}

// fifty are people with one password, whose hash is cheap.
func (r *realm) fifty() {
	r.t.Helper()
	suite.secrets.used(adminPassword)
	r.Exec(`INSERT INTO users (id, email, role, password_hash, created_at, email_verified_at)
		SELECT gen_random_uuid(), 'user' || n || '@example.com', 'user', (SELECT password_hash FROM users WHERE email = $1), now(), now()
		FROM generate_series(0, 49) n`, adminEmail)
}

// Enforce stops no more people at a time than the realm allows, however many come at once, and
// lets nobody go for it.
func TestNoMorePeopleAreStoppedThanARealmAllows(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	r.requires(realmconfig.Enforce, func(f *realmconfig.RequiredFactors) { f.MaxBlocked = 20 })
	r.Config.Network.RequestsPerMinute = 0
	r.Update()
	s := r.serve()
	r.fifty()
	login := func(i int) answer { return s.tryLogin(fmt.Sprintf("user%d@example.com", i), adminPassword) }
	answers := race.Answers(50, login)
	blocked := map[int]stopped{}
	for i, a := range answers {
		if strings.Contains(a.Body, `"require_2fa_setup":true`) {
			blocked[i] = s.stopOf(a)
		} else if told := s.noticesIn(a); len(told) != 1 {
			t.Errorf("user %d is let in, and told %+v", i, told)
		}
	}
	if len(blocked) != 20 {
		t.Fatalf("%d of 50 are stopped", len(blocked))
	}
	s.recount()
	s.eventually("it is said that nobody further is stopped", func() bool {
		got := s.Report().Requirements[realmconfig.FactorsRequirement]
		return got.Held && got.Blocked == 20 && got.Covered == 51 && s.Metric(`realmkeeper_requirement_held{requirement="factors"}`) == "1"
	})
	for i := range blocked {
		s.stopOf(login(i)) // nobody who was reached is let go
	}
	free := -1
	for i := range answers {
		if _, is := blocked[i]; !is {
			free = i
			s.tokensOf(login(i))
		}
	}
	for i, st := range blocked {
		s.setUpApp(st)
		delete(blocked, i)
		break
	}
	s.stopOf(login(free)) // one who has set up makes room for another
	s.eventually("it is held again", func() bool { return s.Report().Requirements[realmconfig.FactorsRequirement].Blocked == 20 })
	r.requires(realmconfig.Enforce, func(f *realmconfig.RequiredFactors) { f.MaxBlocked = 30 })
	s.takesUp()
	s.eventually("with more room it is not", func() bool { return !s.Report().Requirements[realmconfig.FactorsRequirement].Held })
	if reached := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'requirement.reached'"); reached != 21 {
		t.Errorf("%d events tell of who was reached", reached)
	}
}

// Who has met the requirement is stopped when they lose what they met it by: at once, and
// however many are stopped already.
func TestLosingASecondFactorIsNoWayAround(t *testing.T) {
	t.Parallel()
	r, s := newRequiringRealm(t, realmconfig.Enforce, within(24*time.Hour), func(f *realmconfig.RequiredFactors) { f.MaxBlocked = 1 })
	suite.secrets.used(strangerPassword)
	s.tryRegister("bob@example.com", strangerPassword).Expect(t, http.StatusCreated, "")
	s.tokensOf(s.tryLogin("bob@example.com", strangerPassword))
	r.Clock.Advance(25 * time.Hour)
	s.stopOf(s.tryLogin("bob@example.com", strangerPassword)) // who is the one
	in := s.loginAnn(annPassword)                             // in her grace period
	e := s.enrol(in.Access)
	s.tokensOf(s.validate(s.challengedAnn(), e.BackupCodes[0]))
	s.twoFactor(in.Access, "disable", code(e.BackupCodes[1])).Expect(t, http.StatusOK, "")
	s.profileOf(in.Access) // the session goes on
	st := s.stopAnn()
	s.setUpApp(s.showMail(st, annEmail))

	admin := s.tokensOf(s.tryLogin(adminEmail, adminPassword)).Access
	ann := query[string](r, "SELECT id::text FROM users WHERE email = $1", annEmail)
	if a := s.as(admin, http.MethodDelete, "/api/admin/users/"+ann+"/2fa", nil); a.Status != http.StatusNoContent {
		t.Fatalf("the reset answers %d %s", a.Status, a.Body)
	}
	if again := s.stopAnn(); !again.NeedsMail {
		t.Error("after a reset, the password is enough")
	}
}

// What somebody was given before goes on, and leads to nothing new without a second factor.
func TestWhatLeadsAroundAStop(t *testing.T) {
	t.Parallel()
	c := newWebClient()
	r := newRealmOfClients(t, c)
	s := r.serve()
	f := s.newApplication(c, "openid", "email").newFlow()
	b := s.newPageBrowser()
	h := f.signIn(b)
	r.requires(realmconfig.Enforce)
	s.takesUp()
	f.refresh(h.RefreshToken) // of before
	// A browser without a session has nothing to go on.
	another := s.newPageBrowser()
	g := s.newApplication(c, "openid").newFlow()
	another.open(g.address() + "&prompt=none")
	g.refusedWith(another, "login_required")
	another.signIn(adminEmail, adminPassword)
	another.sees("/signin", http.StatusOK, "Set up a second step")
	another.open("/account")
	if another.at.Path != "/signin" {
		t.Errorf("the account page is at %s", another.at)
	}
	another.open(g.address() + "&prompt=none")
	g.refusedWith(another, "login_required")
	another.open("/device")
	another.sees("/signin", http.StatusOK)
	// Whoever has to sign in again is stopped, whatever they have.
	again := s.newApplication(c, "openid").newFlow()
	b.open(again.address() + "&prompt=login")
	b.submit("/signin", map[string]string{"email": adminEmail, "password": adminPassword})
	b.sees("/signin", http.StatusOK, "Set up a second step")
	if _, err := url.Parse(b.at.String()); err != nil || b.away != nil {
		t.Errorf("is sent to %v", b.away)
	}
}

// What servers of a release before write down of a login must be no less.
func TestAStopIsNoSession(t *testing.T) {
	t.Parallel()
	r, s := newRequiringRealm(t, realmconfig.Enforce)
	st := s.stopAnn()
	for path, body := range map[string]map[string]string{
		"/api/auth/2fa/validate": {"session_id": st.ID, "code": "123456"},
		"/api/auth/refresh":      {"refresh_token": st.ID},
		"/api/auth/oauth/token":  {"code": st.ID},
	} {
		if a := s.post(path, body); a.Status != http.StatusUnauthorized && a.Status != http.StatusBadRequest {
			t.Errorf("%s answers %d %s", path, a.Status, a.Body)
		}
	}
	if a := s.profile(st.ID); a.Status != http.StatusUnauthorized {
		t.Errorf("the profile answers %d", a.Status)
	}
	if sessions := query[int](r, "SELECT count(*) FROM sessions"); sessions != 0 {
		t.Errorf("there are %d sessions", sessions)
	}
	raw, err := json.Marshal(query[string](r, "SELECT encode(sealed, 'escape') FROM tickets WHERE kind = 'stopped_sign_in'"))
	if err != nil || strings.Contains(string(raw), "pwd") {
		t.Errorf("what waits is not sealed: %s %v", raw, err)
	}
}
