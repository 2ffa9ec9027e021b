// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// newCodeMailingRealm is one in which Ann, whose address is proved, may sign in by a mailed
// code.
func newCodeMailingRealm(t *testing.T) (*realm, *server) {
	t.Helper()
	r := newMailingRealm(t)
	r.mailsCodes()
	s := r.serve()
	s.registerAnn()
	s.verifyAnn()
	return r, s
}

func (r *realm) mailsCodes() {
	r.t.Helper()
	r.Config.Login.MailCode = realmconfig.MailCodeOn
	r.Update()
}

// mailedCode is what whoever has asked for a code is given.
type mailedCode struct {
	Handle    string `json:"handle"`
	ExpiresIn int64  `json:"code_expires_in"`
}

func (s *server) askForCode(email string) mailedCode {
	s.t.Helper()
	m := decode[mailedCode](s.t, s.post("/api/auth/login/mail-code", map[string]string{"email": email}), http.StatusAccepted)
	suite.secrets.used(m.Handle)
	return m
}

var sixDigits = regexp.MustCompile(`(?m)^ +(\d{6})$`)

// digits is the code in the last mail to an address.
func (r *realm) digits(email string) string {
	r.t.Helper()
	return r.lastLetter(email, auth.CodeMessage).digits(r.t)
}

func (l letter) digits(t testing.TB) string {
	t.Helper()
	found := sixDigits.FindStringSubmatch(l.Text)
	if found == nil || !strings.Contains(l.HTML, ">"+found[1]+"<") {
		t.Fatalf("the mail says %s", l.Text)
	}
	return found[1]
}

func (s *server) tryCode(m mailedCode, typed string) answer {
	s.t.Helper()
	return s.post("/api/auth/login/mail-code/verify", map[string]string{"handle": m.Handle, "code": typed})
}

// otherThan is six digits that are not these.
func otherThan(digits string) string {
	return string('0'+('9'-digits[0])) + digits[1:]
}

func TestAMailedCodeSignsIn(t *testing.T) {
	t.Parallel()
	r, s := newCodeMailingRealm(t)
	m := s.askForCode(annEmail)
	if m.ExpiresIn != 600 {
		t.Errorf("the code works for %d seconds", m.ExpiresIn)
	}
	mail := r.lastLetter(annEmail, auth.CodeMessage)
	if len(mail.Links) != 0 || !strings.Contains(mail.Text, "within 10 minutes") {
		t.Errorf("the mail to an application's user says %s", mail.Text)
	}
	digits := mail.digits(t)
	s.tryCode(m, "12345").Expect(t, http.StatusBadRequest, "invalid_request") // is no guess
	wrong := s.tryCode(m, otherThan(digits))
	wrong.Expect(t, http.StatusUnauthorized, "code_invalid")
	if left := attemptsLeft(t, wrong); left != 4 {
		t.Errorf("after a wrong code there are %d more", left)
	}
	in := s.tokensOf(s.tryCode(m, digits[:3]+" "+digits[3:]))
	if p := s.profileOf(in.Access); p.Email != annEmail {
		t.Errorf("%s is signed in", p.Email)
	}
	s.refresh(in.Refresh)
	if said := query[string](r, "SELECT amr FROM sessions"); said != "otp" {
		t.Errorf("the session is by %s", said)
	}
	if got := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'login' AND outcome = 'succeeded' AND detail = 'mailed code'"); got != 1 {
		t.Errorf("%d events tell of it", got)
	}
	if got := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'login.code_requested' AND target_id IS NOT NULL"); got != 1 {
		t.Errorf("%d events tell of the mail", got)
	}
	s.tryCode(m, digits).Expect(t, http.StatusUnauthorized, "code_invalid") // it works once
	s.loginAnn(annPassword)                                                 // which stays as it is
}

func TestAMailedCodeExpires(t *testing.T) {
	t.Parallel()
	r, s := newCodeMailingRealm(t)
	r.Clock.Stop()
	m := s.askForCode(annEmail)
	digits := r.digits(annEmail)
	r.Clock.Advance(10*time.Minute - time.Second)
	s.tryCode(m, otherThan(digits)).Expect(t, http.StatusUnauthorized, "code_invalid")
	r.Clock.Advance(time.Second)
	s.tryCode(m, digits).Expect(t, http.StatusUnauthorized, "challenge_invalid")
}

// A stranger who asks for codes, too, ends nobody's.
func TestANewMailedCodeLeavesTheOneBefore(t *testing.T) {
	t.Parallel()
	r, s := newCodeMailingRealm(t)
	first := s.askForCode(annEmail)
	old := r.digits(annEmail)
	second := s.askForCode(annEmail)
	digits := r.digits(annEmail)
	if digits != old { // as they are but for once in a million runs
		s.tryCode(first, digits).Expect(t, http.StatusUnauthorized, "code_invalid")
	}
	s.tokensOf(s.tryCode(first, old))
	s.tryCode(first, old).Expect(t, http.StatusUnauthorized, "code_invalid")
	s.tokensOf(s.tryCode(second, digits))
	if left := query[int](r, "SELECT count(*) FROM tickets"); left != 0 {
		t.Errorf("%d tickets are left", left)
	}
}

// A mailbox in the wrong hands is not enough for an account with a second factor.
func TestAMailedCodeIsOneFactor(t *testing.T) {
	t.Parallel()
	r, s := newCodeMailingRealm(t)
	app := s.enrol(s.loginAnn(annPassword).Access)
	sessions := query[int](r, "SELECT count(*) FROM sessions")
	m := s.askForCode(annEmail)
	digits := r.digits(annEmail)
	c := decode[challenge](t, s.tryCode(m, digits), http.StatusOK)
	suite.secrets.used(c.SessionID)
	if !c.Require || query[int](r, "SELECT count(*) FROM sessions") != sessions {
		t.Fatal("the code alone opens a session")
	}
	s.tryCode(m, digits).Expect(t, http.StatusUnauthorized, "code_invalid") // and is used up
	s.validate(c, s.wrongCode(app.Secret)).Expect(t, http.StatusUnauthorized, "code_invalid")
	s.tokensOf(s.validate(c, s.shown(app.Secret)))
	if said := query[string](r, "SELECT amr FROM sessions ORDER BY created_at DESC, id DESC LIMIT 1"); said != "otp mfa" {
		t.Errorf("the session is by %s", said)
	}
	if got := query[string](r, "SELECT detail FROM audit_events WHERE action = 'login' AND outcome = 'succeeded' ORDER BY id DESC LIMIT 1"); got != "mailed code, totp" {
		t.Errorf("the event says %s", got)
	}
}

// A mailed code proves the address: whoever waited to be let in with theirs is.
func TestAMailedCodeProvesTheAddress(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	r.mailsCodes()
	r.requireVerification()
	s := r.serve()
	s.registerAnn()
	s.tryLogin(annEmail, annPassword).Expect(t, http.StatusForbidden, "email_not_verified")
	m := s.askForCode(annEmail)
	digits := r.digits(annEmail)
	s.tryCode(m, otherThan(digits)).Expect(t, http.StatusUnauthorized, "code_invalid")
	if got := query[int](r, "SELECT count(*) FROM users WHERE email = $1 AND email_verified_at IS NOT NULL", annEmail); got != 0 {
		t.Error("a wrong code has proved the address")
	}
	in := s.tokensOf(s.tryCode(m, digits))
	if said := claimsOf(t, in.Access)["email_verified"]; said != true {
		t.Errorf("of the address, the token says %v", said)
	}
	s.tryLogin(annEmail, annPassword).Expect(t, http.StatusUnauthorized, "invalid_credentials") // see the squatter
	s.reset(s.resetToken(annEmail), newPassword).Expect(t, http.StatusOK, "")
	s.loginAnn(newPassword)
}

func TestMailedCodesOfADisabledUser(t *testing.T) {
	t.Parallel()
	r, s := newCodeMailingRealm(t)
	m := s.askForCode(annEmail)
	digits := r.digits(annEmail)
	r.Exec("UPDATE users SET disabled_at = now() WHERE email = $1", annEmail)
	s.tryCode(m, otherThan(digits)).Expect(t, http.StatusUnauthorized, "code_invalid")
	s.tryCode(m, digits).Expect(t, http.StatusForbidden, "account_disabled")
	before := len(r.letters(annEmail))
	s.askForCode(annEmail)
	if len(r.letters(annEmail)) != before {
		t.Error("a disabled user was mailed a code")
	}
}

func TestWhatEndsAMailedCode(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(r *realm, s *server){
		"a new password": func(_ *realm, s *server) { s.reset(s.resetToken(annEmail), newPassword).Expect(t, http.StatusOK, "") },
		"another address": func(r *realm, _ *server) {
			r.Exec("UPDATE users SET email = 'lee@example.com' WHERE email = $1", annEmail)
		},
		"the end of the user":  func(r *realm, _ *server) { r.Exec("DELETE FROM users WHERE email = $1", annEmail) },
		"the key it is sealed": func(r *realm, _ *server) { r.Exec("UPDATE tickets SET sealed = '\\x00'") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, s := newCodeMailingRealm(t)
			m := s.askForCode(annEmail)
			digits := r.digits(annEmail)
			end(r, s)
			s.tryCode(m, digits).Expect(t, http.StatusUnauthorized, "code_invalid")
		})
	}
}

func TestARealmThatMailsNoCodes(t *testing.T) {
	t.Parallel()
	r, s := newCodeMailingRealm(t)
	m := s.askForCode(annEmail)
	digits := r.digits(annEmail)
	r.Config.Login.MailCode = ""
	r.Update()
	s.eventually("the realm mails no codes", func() bool { return s.tryCode(m, digits).Problem.Code == "mail_code_off" })
	for _, email := range []string{annEmail, "nobody@example.com"} {
		s.post("/api/auth/login/mail-code", map[string]string{"email": email}).Expect(t, http.StatusForbidden, "mail_code_off")
	}
	b := s.newPageBrowser()
	b.open("/signin")
	if strings.Contains(b.body, "/signin/mail") {
		t.Error("the page offers a code")
	}
	b.open("/signin/mail")
	b.sees("/signin/mail", http.StatusForbidden, "Nobody signs in here with a code by e-mail.")
}
