// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

// Whatever a stranger asks and guesses, they are answered the same for an address without an
// account.
func TestMailedCodesDoNotTellWhoHasAnAccount(t *testing.T) {
	t.Parallel()
	r, s := newCodeMailingRealm(t)
	suite.secrets.used("stranger@example.com")
	const unproved = "bob@example.com"
	s.tryRegister(unproved, annPassword).Expect(t, http.StatusCreated, "")
	r.Clock.Stop()
	asked := func(email string) (said []string) {
		codes := []mailedCode{}
		for range notify.MailLimit + 2 { // the last of them is mailed nothing
			before := s.hashed()
			a := s.post("/api/auth/login/mail-code", map[string]string{"email": email})
			m := decode[mailedCode](t, a, http.StatusAccepted)
			suite.secrets.used(m.Handle)
			said = append(said, fmt.Sprint(a.Status, m.ExpiresIn, s.hashed()-before))
			codes = append(codes, m)
		}
		for i, m := range []mailedCode{codes[0], codes[notify.MailLimit-1], codes[len(codes)-1]} {
			for range 6 {
				a := s.tryCode(m, "000000") // which may be right, once in a million runs
				said = append(said, fmt.Sprint(i, a.Status, a.RetryAfter(), same(a)))
			}
		}
		r.Clock.Advance(10 * time.Minute)
		a := s.tryCode(codes[1], "000000")
		return append(said, fmt.Sprint(a.Status, same(a)))
	}
	stranger := asked("stranger@example.com")
	for name, email := range map[string]string{"an account": annEmail, "an account whose address is not proved": unproved} {
		if known := asked(email); strings.Join(known, "\n") != strings.Join(stranger, "\n") {
			t.Errorf("%s is told from none:\n%s\n\n%s", name, strings.Join(known, "\n"), strings.Join(stranger, "\n"))
		}
	}
	if got := r.letters("stranger@example.com"); len(got) != 0 {
		t.Errorf("%d mails were sent to an address without an account", len(got))
	}
}

func TestGuessesAtAMailedCodeAreFew(t *testing.T) {
	t.Parallel()
	r, s := newCodeMailingRealm(t)
	m := s.askForCode(annEmail)
	digits := r.digits(annEmail)
	for left := 4; left >= 0; left-- {
		a := s.tryCode(m, otherThan(digits))
		a.Expect(t, http.StatusUnauthorized, "code_invalid")
		if said := attemptsLeft(t, a); said != left {
			t.Errorf("with %d left the answer is %d", left, said)
		}
	}
	s.tryCode(m, digits).Expect(t, http.StatusUnauthorized, "challenge_invalid")
	s.loginAnn(annPassword) // guesses at codes are none at passwords
	m = s.askForCode(annEmail)
	s.tokensOf(s.tryCode(m, r.digits(annEmail))) // and another code is another one
	if got := s.Metric(`realmkeeper_lockouts_total{by="mailed_code"}`); got != "1" {
		t.Errorf("%q codes were guessed to their end", got)
	}
}

// guessCodes makes wrong guesses at codes that are mailed to Ann, and returns how the last
// was answered.
func (s *server) guessCodes(n int) (last answer) {
	s.t.Helper()
	m := mailedCode{}
	for i := range n {
		if i%5 == 0 {
			m = s.askForCode(annEmail)
		}
		last = s.tryCode(m, otherThan(s.realm.digits(annEmail)))
	}
	return last
}

// Whoever guesses all day long gets nowhere, and keeps Ann from nothing but typing codes on
// devices that nobody knows.
func TestGuessesAtMailedCodesOfAnAddressAreFewInADay(t *testing.T) {
	t.Parallel()
	r, s := newCodeMailingRealm(t)
	device := s.loginAnn(annPassword).Device
	a := s.guessCodes(20)
	a.Expect(t, http.StatusUnauthorized, "code_invalid")
	if left := attemptsLeft(t, a); left != 0 {
		t.Errorf("after the last guess there are %d more", left)
	}
	r.lastLetter(annEmail, auth.AccountLockedMessage)
	m := s.askForCode(annEmail)
	digits := r.digits(annEmail)
	a = s.tryCode(m, digits)
	a.Expect(t, http.StatusTooManyRequests, "account_locked")
	if wait := a.RetryAfter(); wait < 23*3600 {
		t.Errorf("guesses go on after %d seconds", wait)
	}
	known := newRequest(t, http.MethodPost, "/api/auth/login/mail-code/verify", map[string]string{"handle": m.Handle, "code": digits})
	known.Header.Set("X-Device-Token", device)
	s.tokensOf(s.do(known))
	s.loginAnn(annPassword)

	r.Clock.Advance(24 * time.Hour)
	m = s.askForCode(annEmail)
	s.tokensOf(s.tryCode(m, r.digits(annEmail)))
}

// Ann is told of the lock, whichever code its last guess was at.
func TestALockByACodeThatWasUsedIsToldOf(t *testing.T) {
	t.Parallel()
	r, s := newCodeMailingRealm(t)
	s.guessCodes(19)
	m := s.askForCode(annEmail)
	digits := r.digits(annEmail)
	s.tokensOf(s.tryCode(m, digits))
	a := s.tryCode(m, digits)
	a.Expect(t, http.StatusUnauthorized, "code_invalid")
	if left := attemptsLeft(t, a); left != 0 {
		t.Errorf("after the last guess there are %d more", left)
	}
	r.lastLetter(annEmail, auth.AccountLockedMessage)
}

func TestAnAdministratorUnlocksMailedCodes(t *testing.T) {
	t.Parallel()
	r, s := newCodeMailingRealm(t)
	s.guessCodes(20)
	ann := query[string](r, "SELECT id::text FROM users WHERE email = $1", annEmail)
	s.as(s.login().Access, http.MethodPost, "/api/admin/users/"+ann+"/unlock", nil).Expect(t, http.StatusNoContent, "")
	m := s.askForCode(annEmail)
	s.tokensOf(s.tryCode(m, r.digits(annEmail)))
}

// Spraying over many addresses is stopped at its source, which may go on with passwords.
func TestGuessesAtMailedCodesAreCountedByTheirSource(t *testing.T) {
	t.Parallel()
	r, s := newCodeMailingRealm(t)
	r.Config.Login.Lockout.SourceFailures = 10
	r.behindProxy()
	from := func(source string, m mailedCode, code string) answer {
		request := newRequest(t, http.MethodPost, "/api/auth/login/mail-code/verify", map[string]string{"handle": m.Handle, "code": code})
		request.Header.Set("X-Forwarded-For", source)
		return s.do(request)
	}
	s.eventually("the proxy is trusted", func() bool {
		s.loginFrom(office, "nobody@example.com", wrongPassword)
		return query[int](r, "SELECT count(*) FROM audit_events WHERE address = $1", office) > 0
	})
	for i := range 10 {
		from(office, s.askForCode(account(i)), "000000").Expect(t, http.StatusUnauthorized, "code_invalid")
	}
	m := s.askForCode(annEmail)
	digits := r.digits(annEmail)
	from(office, m, digits).Expect(t, http.StatusTooManyRequests, "rate_limited")
	s.tokensOf(s.loginFrom(office, annEmail, annPassword))
	s.tokensOf(from(elsewhere, m, digits))
}

// A code that somebody was talked out of is worth nothing without the handle of whoever has
// asked for it.
func TestAMailedCodeIsNothingWithoutItsHandle(t *testing.T) {
	t.Parallel()
	r, s := newCodeMailingRealm(t)
	thiefs := s.askForCode("thief@example.com")
	m := s.askForCode(annEmail)
	digits := r.digits(annEmail)
	flipped := []byte(m.Handle)
	flipped[len(flipped)/2] ^= 1
	for name, handle := range map[string]string{
		"none":                  "",
		"noise":                 "rkm_noise",
		"of a challenge":        strings.Replace(m.Handle, "rkm_", "rkc_", 1),
		"with a line break":     m.Handle[:20] + "\n" + m.Handle[20:],
		"with another bit":      string(flipped),
		"with something behind": m.Handle + "A",
		"too long":              m.Handle + strings.Repeat("A", 1000),
	} {
		a := s.tryCode(mailedCode{Handle: handle}, digits)
		if a.Problem.Code != "challenge_invalid" && a.Problem.Code != "invalid_request" {
			t.Errorf("%s: answered %d %s", name, a.Status, a.Body)
		}
	}
	s.tryCode(thiefs, digits).Expect(t, http.StatusUnauthorized, "code_invalid")
	s.tokensOf(s.tryCode(m, digits))
}

func TestAMailedCodeHasOneWinner(t *testing.T) {
	t.Parallel()
	for name, prepare := range map[string]func(r *realm, s *server){
		"for a session":   func(*realm, *server) {},
		"for a challenge": func(_ *realm, s *server) { s.enrol(s.loginAnn(annPassword).Access) },
		"as the first proof": func(r *realm, _ *server) {
			r.Exec("UPDATE users SET email_verified_at = NULL WHERE email = $1", annEmail)
		},
		"while the password is upgraded": func(r *realm, s *server) {
			r.cheapen()
			go s.tryLogin(annEmail, annPassword)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, s := newCodeMailingRealm(t)
			prepare(r, s)
			sessions := query[int](r, "SELECT count(*) FROM audit_events WHERE action IN ('login', 'login.challenged') AND outcome = 'succeeded' AND detail LIKE 'mailed code%'")
			m := s.askForCode(annEmail)
			digits := r.digits(annEmail)
			winners := atomic.Int32{}
			race.Run(50, func(int) {
				switch a := s.tryCode(m, digits); {
				case a.Status == http.StatusOK:
					winners.Add(1)
				case a.Problem.Code != "code_invalid" && a.Problem.Code != "too_many_attempts" && a.Problem.Code != "challenge_invalid":
					t.Errorf("answered %d %s", a.Status, a.Body)
				}
			})
			opened := query[int](r, "SELECT count(*) FROM audit_events WHERE action IN ('login', 'login.challenged') AND outcome = 'succeeded' AND detail LIKE 'mailed code%'") - sessions
			if winners.Load() != 1 || opened != 1 {
				t.Errorf("%d of 50 got in, by %d sessions or challenges", winners.Load(), opened)
			}
		})
	}
}

// A squatter's password, sessions and factors do not survive the first code that the owner of
// the address shows.
func TestAMailedCodeTakesAnAccountBack(t *testing.T) {
	t.Parallel()
	r, q := squat(t)
	r.mailsCodes()
	s := q.s
	m := mailedCode{}
	s.eventually("the realm mails codes", func() bool {
		a := s.post("/api/auth/login/mail-code", map[string]string{"email": annEmail})
		if a.Status != http.StatusAccepted {
			return false
		}
		m = decode[mailedCode](t, a, http.StatusAccepted)
		suite.secrets.used(m.Handle)
		return true
	})
	mail := r.lastLetter(annEmail, auth.CodeMessage)
	if strings.Contains(mail.Text, "Squatter") {
		t.Errorf("the mail calls Ann as the squatter wants: %s", mail.Text)
	}
	in := s.tokensOf(s.tryCode(m, mail.digits(t))) // and no factor of the squatter's is asked for
	q.isOut(t)
	if p := s.profileOf(in.Access); p.Email != annEmail || p.Name != "" {
		t.Errorf("the account is %+v", p)
	}
	kinds := []auth.MessageKind{}
	for _, l := range r.letters(annEmail) {
		kinds = append(kinds, l.kind)
	}
	if !strings.Contains(fmt.Sprint(kinds), string(auth.AccountReclaimedMessage)) {
		t.Errorf("Ann was written %v", kinds)
	}
	if got := query[int](r, "SELECT count(*) FROM audit_events WHERE action = 'account.reclaimed' AND detail = 'code'"); got != 1 {
		t.Errorf("%d events tell of it", got)
	}
}

// A squatter who asks for a code gets none, and by guesses nothing but the end of it.
func TestASquatterIsMailedNothing(t *testing.T) {
	t.Parallel()
	r, q := squat(t)
	before := len(r.letters("squatter@example.com"))
	r.mailsCodes()
	s := q.s
	s.eventually("the realm mails codes", func() bool {
		return s.post("/api/auth/login/mail-code", map[string]string{"email": "squatter@example.com"}).Status == http.StatusAccepted
	})
	if len(r.letters("squatter@example.com")) != before {
		t.Error("an address that is about to be the account's was mailed a code")
	}
}

// The database does not know the digits, and whoever can read it cannot try them out.
func TestStoredMailedCodesRevealNothing(t *testing.T) {
	t.Parallel()
	r, s := newCodeMailingRealm(t)
	m := s.askForCode(annEmail)
	digits := r.digits(annEmail)
	for _, table := range []string{"tickets", "attempts", "outbox", "audit_events", "quotas"} {
		stored := query[string](r, "SELECT coalesce(string_agg(to_jsonb(x)::text, ' '), '') FROM "+table+" x")
		if strings.Contains(stored, m.Handle) || strings.Contains(stored, `"`+digits+`"`) {
			t.Errorf("%s holds what was mailed", table)
		}
	}
	if kept := query[int](r, "SELECT octet_length(hash) FROM tickets WHERE kind = 'mailed_code' AND octet_length(sealed) > 60"); kept != 32 {
		t.Errorf("the hash has %d bytes", kept)
	}
}

func TestMailedCodesToAnAddressAreLimited(t *testing.T) {
	t.Parallel()
	r, s := newCodeMailingRealm(t)
	before := len(r.letters(annEmail))
	codes := race.Answers(30, func(int) mailedCode { return s.askForCode(annEmail) })
	if got := len(r.letters(annEmail)) - before; got != notify.MailLimit {
		t.Errorf("%d mails, want %d", got, notify.MailLimit)
	}
	if left := query[int](r, "SELECT count(*) FROM tickets WHERE kind = 'mailed_code'"); left != notify.MailLimit {
		t.Errorf("%d of %d codes are good", left, len(codes))
	}
	s.resetToken(annEmail) // which no stranger has used up
	r.Clock.Advance(auth.QuotaWindow)
	m := s.askForCode(annEmail)
	s.tokensOf(s.tryCode(m, r.digits(annEmail)))
}
