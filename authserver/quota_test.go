// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
)

// fresh registers an account and logs in to it.
func (s *server) fresh(email string) tokens {
	s.t.Helper()
	suite.secrets.used(email)
	s.tryRegister(email, annPassword).Expect(s.t, http.StatusCreated, "")
	return s.tokensOf(s.tryLogin(email, annPassword))
}

func (s *server) tryPhone(access, number string) answer {
	s.t.Helper()
	return s.as(access, http.MethodPost, "/api/auth/2fa/sms/enable", map[string]string{"phone": number, "password": annPassword})
}

func (s *server) leave(access string) {
	s.t.Helper()
	s.as(access, http.MethodDelete, "/api/user", map[string]string{"password": annPassword}).Expect(s.t, http.StatusNoContent, "")
}

func TestANumberGetsFewTextsWhoeverAsks(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	phones := r.sendsTexts()
	r.Clock.Stop() // within the quota's hour, however long so many accounts take
	s := r.serve()
	const accounts = 12
	sent := 0
	for i := range accounts {
		access := s.fresh(fmt.Sprintf("fresh-%d@example.com", i)).Access
		a := s.tryPhone(access, aliceNumber)
		if a.Status == http.StatusOK {
			sent++
		} else if a.Expect(t, http.StatusTooManyRequests, "rate_limited"); a.RetryAfter() != 3600 {
			t.Errorf("Retry-After is %d", a.RetryAfter())
		}
		s.leave(access) // which gives nothing back
	}
	if sent != notify.TextLimit {
		t.Errorf("%d of %d accounts were sent a text", sent, accounts)
	}
	s.eventually("the texts have arrived", func() bool { return len(phones.all()) == sent })
	access := s.fresh("fresh-another@example.com").Access
	if a := s.tryPhone(access, "+4930901821"); a.Status != http.StatusOK {
		t.Errorf("another number is answered %d", a.Status)
	}
	r.Clock.Advance(auth.QuotaWindow)
	if a := s.tryPhone(s.fresh("fresh-later@example.com").Access, aliceNumber); a.Status != http.StatusOK {
		t.Errorf("an hour later the number is answered %d", a.Status)
	}
}

// Whoever registers somebody else's telephone does not keep its owner from signing in.
func TestEnrollingANumberUsesUpNoCodesOfItsOwner(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	phones := r.sendsTexts()
	s := r.serve()
	owner := s.fresh(annEmail).Access
	if a := s.tryPhone(owner, aliceNumber); a.Status != http.StatusOK {
		t.Fatalf("answered %d %s", a.Status, a.Body)
	}
	s.as(owner, http.MethodPost, "/api/auth/2fa/sms/verify", map[string]string{"code": phones.last(1)}).Expect(t, http.StatusOK, "")
	for i := range notify.TextLimit {
		s.tryPhone(s.fresh(fmt.Sprintf("fresh-%d@example.com", i)).Access, aliceNumber)
	}
	r.Clock.Advance(time.Minute)
	if a := s.as(owner, http.MethodPost, "/api/auth/2fa/sms/send", nil); a.Status != http.StatusOK {
		t.Errorf("the owner is answered %d %s", a.Status, a.Body)
	}
}

func TestAnAddressGetsFewMailsHoweverOftenItsAccountIsMade(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	s := r.serve()
	for range 12 {
		s.leave(s.fresh(annEmail).Access)
	}
	for i := range 3 { // all of them are one mailbox
		s.fresh(fmt.Sprintf("ann+%d@example.com", i))
	}
	r.letters(annEmail)
	if got := query[int](r, "SELECT coalesce(sum(used), 0) FROM quotas"); got != notify.MailLimit {
		t.Errorf("%d mails were counted", got)
	}
	if got := len(r.SMTP.Mails()); got != notify.MailLimit {
		t.Errorf("%d mails went to one mailbox", got)
	}
}

// Any number of accounts are one mailbox, for links that set a password too, until
// somebody has proved to be at home there.
func TestAccountsOfOneMailboxShareItsLinksUntilTheyAreProved(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	s := r.serve()
	reset := func(email string) {
		t.Helper()
		s.post("/api/auth/reset-password", map[string]string{"email": email}).Expect(t, http.StatusOK, "")
	}
	resets := func(email string) (n int) {
		t.Helper()
		for _, l := range r.letters(email) {
			if l.kind == auth.ResetPasswordMessage {
				n++
			}
		}
		return n
	}
	sent := 0
	for i := range notify.MailLimit + 3 {
		email := fmt.Sprintf("ann+%d@example.com", i)
		suite.secrets.used(email)
		s.tryRegister(email, annPassword).Expect(t, http.StatusCreated, "")
		reset(email)
		sent += resets(email)
	}
	if sent != notify.MailLimit {
		t.Errorf("%d links went to one mailbox", sent)
	}
	const proved = "ann+7@example.com"
	r.Exec("UPDATE users SET email_verified_at = now() WHERE email = '" + proved + "'")
	reset(proved)
	if got := resets(proved); got != 1 {
		t.Errorf("whoever is at home there was sent %d links", got)
	}
}

// What a realm sends for anybody is bounded, each kind for itself; what it tells
// its users is not.
func TestARealmSendsABoundedNumberOfMailsForAnybody(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	r.Config.Email.MessagesPerHour = 3
	r.Update()
	s := r.serve()
	s.createUser(s.login().Access, annEmail, "user")
	for i := range 8 {
		email := fmt.Sprintf("fresh-%d@example.com", i)
		suite.secrets.used(email)
		s.tryRegister(email, annPassword).Expect(t, http.StatusCreated, "")
	}
	s.post("/api/auth/reset-password", map[string]string{"email": annEmail}).Expect(t, http.StatusOK, "")
	token := r.lastLetter(annEmail, auth.ResetPasswordMessage).token(t)
	s.reset(token, newPassword).Expect(t, http.StatusOK, "")
	r.lastLetter(annEmail, auth.PasswordChangedMessage)
	if got := len(r.SMTP.Mails()); got != 3+2 {
		t.Errorf("%d mails were sent", got)
	}
}

// Nobody who only typed an address uses up what its owner is told once it is proved.
func TestNoticesToAProvedAddressAreCountedApart(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	s := r.serve()
	access := s.fresh(annEmail).Access
	change := func(from, to string) {
		t.Helper()
		s.as(access, http.MethodPost, "/api/user/password", map[string]string{"current_password": from, "new_password": to}).
			Expect(t, http.StatusNoContent, "")
	}
	told := func() (n int) {
		t.Helper()
		for _, l := range r.letters(annEmail) {
			if l.kind == auth.PasswordChangedMessage {
				n++
			}
		}
		return n
	}
	for range notify.NoticeLimit {
		change(annPassword, newPassword)
		change(newPassword, annPassword)
	}
	if got := told(); got != notify.NoticeLimit {
		t.Errorf("an address that nobody has proved was told %d times", got)
	}
	r.Exec("UPDATE users SET email_verified_at = now() WHERE email = '" + annEmail + "'")
	change(annPassword, newPassword)
	if got := told(); got != notify.NoticeLimit+1 {
		t.Errorf("its owner was told %d times", got-notify.NoticeLimit)
	}
}

// Whoever registers somebody else's address must not fill its mailbox with one kind of
// news after another.
func TestNewsToAnAddressThatNobodyHasProvedIsCountedTogether(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	s := r.serve()
	access := s.fresh(annEmail).Access
	from, to := annPassword, newPassword
	for range notify.NoticeLimit {
		s.as(access, http.MethodPost, "/api/user/password", map[string]string{"current_password": from, "new_password": to}).
			Expect(t, http.StatusNoContent, "")
		from, to = to, from
	}
	for range r.Config.Login.Lockout.Failures {
		s.tryLogin(annEmail, "another-password-1")
	}
	s.tryLogin(annEmail, "another-password-1").Expect(t, http.StatusTooManyRequests, "account_locked")
	news := 0
	for _, l := range r.letters(annEmail) {
		if l.kind != auth.VerifyEmailMessage {
			news++
		}
	}
	if news != notify.NoticeLimit {
		t.Errorf("the address was told %d times", news)
	}
}

func TestInvitationsToAnAddressAreLimited(t *testing.T) {
	t.Parallel()
	r := newMailingRealm(t)
	r.Clock.Stop()
	s := r.serve()
	admin := s.login().Access
	invite := func() answer {
		return s.as(admin, http.MethodPost, "/api/admin/users", map[string]string{"email": annEmail})
	}
	for range notify.MailLimit {
		invited := decode[person](t, invite(), http.StatusCreated)
		s.as(admin, http.MethodDelete, "/api/admin/users/"+invited.ID, nil).Expect(t, http.StatusNoContent, "")
	}
	a := invite()
	a.Expect(t, http.StatusTooManyRequests, "rate_limited")
	if a.RetryAfter() != 3600 || len(r.letters(annEmail)) != notify.MailLimit {
		t.Errorf("Retry-After is %d, %d mails", a.RetryAfter(), len(r.letters(annEmail)))
	}
	if got := query[int](r, "SELECT count(*) FROM users WHERE email = '"+annEmail+"'"); got != 0 {
		t.Error("a user was made who was not invited")
	}
}
