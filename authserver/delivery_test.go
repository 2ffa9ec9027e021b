// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/sealing"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
	"github.com/realmkeeper/realmkeeper/internal/testenv/realmtest"
)

// enqueue stores messages the way a change does that brings them with it.
func (r *realm) enqueue(channel auth.Channel, kind auth.MessageKind, notices ...notify.Notice) (ids []string) {
	r.t.Helper()
	sealer := sealing.New(func() realmconfig.EncryptionKeys { return r.EncryptionKeys })
	messages := []auth.Message{}
	for _, n := range notices {
		suite.secrets.used(n.To, string(n.Link), string(n.Code))
		document, err := json.Marshal(n)
		if err != nil {
			r.t.Fatal(err)
		}
		id := uuid.NewString()
		sealed, err := sealer.Seal("outbox", id, document)
		if err != nil {
			r.t.Fatal(err)
		}
		ids = append(ids, id)
		messages = append(messages, auth.Message{ID: id, Channel: channel, Kind: kind, Sealed: sealed})
	}
	store, err := postgres.Open(r.t.Context(), realmconfig.Place{URL: realmconfig.Credential(r.DatabaseURL)}, postgres.Options{Timeout: r.Options.DatabaseTimeout})
	if err != nil {
		r.t.Fatal(err)
	}
	defer store.Close()
	ticket := auth.OneTimeToken{Kind: "test", CreatedAt: r.Clock.Now(), ExpiresAt: r.Clock.Now()}
	_, _ = rand.Read(ticket.Hash[:])
	if err := store.IssueToken(r.t.Context(), ticket, auth.Effects{Messages: messages}); err != nil {
		r.t.Fatal(err)
	}
	return ids
}

// resetNotices are for as many recipients, each with a link of its own.
func (r *realm) resetNotices(count int) []notify.Notice {
	notices := []notify.Notice{}
	for i := range count {
		notices = append(notices, notify.Notice{
			To: fmt.Sprintf("reader%d@example.com", i), Link: auth.Secret("https://app.example.com/reset?token=" + rand.Text()),
			Lifetime: time.Hour, At: r.Clock.Now(),
		})
	}
	return notices
}

// hurry brings retries closer, slowly enough for no claim to run out meanwhile.
func (r *realm) hurry() { r.Clock.Advance(20 * time.Millisecond) }

// waiting is how many messages are on their way; what is to be sent later is not.
func (r *realm) waiting() int {
	return query[int](r, "SELECT count(*) FROM outbox WHERE kind <> 'recovery-ready' OR created_at <= $1", r.Clock.Now())
}

func (s *server) messages(channel, kind, outcome string) int {
	s.t.Helper()
	n, _ := strconv.Atoi(s.Metric(fmt.Sprintf(`realmkeeper_messages_total{channel=%q,kind=%q,outcome=%q}`, channel, kind, outcome)))
	return n
}

func TestMailArrives(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	smtp := r.sendsMail()
	s := r.serve()
	link := auth.Secret("https://app.example.com/reset?token=" + rand.Text())
	ids := r.enqueue(auth.ByMail, auth.ResetPasswordMessage, notify.Notice{
		To: "ann@example.com", Name: "Ann", Locale: "de-AT", Link: link, Lifetime: time.Hour,
		At: time.Date(2026, 11, 22, 11, 57, 0, 0, time.UTC).AddDate(10, 0, 0), Address: "192.0.2.1",
		UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
	})
	m := smtp.Await(t, "ann@example.com", 1)
	if want := "<" + ids[0] + "@example.com>"; m.ID != want {
		t.Errorf("Message-ID is %s, want %s", m.ID, want)
	}
	if m.EnvelopeFrom != "login@example.com" || m.Header.Get("From") != `"Example" <login@example.com>` || m.Header.Get("To") != "<ann@example.com>" {
		t.Errorf("from %s, %s to %s", m.EnvelopeFrom, m.Header.Get("From"), m.Header.Get("To"))
	}
	if m.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Error("an autoresponder would answer")
	}
	if m.Subject != "Neues Passwort für Example" || len(m.Links) != 1 || m.Links[0] != string(link) {
		t.Errorf("subject %q, links %q", m.Subject, m.Links)
	}
	for _, said := range []string{"Guten Tag Ann,", string(link), "1 Stunde", "2036-11-22 11:57 UTC", "192.0.2.1", "Firefox, Linux"} {
		if !strings.Contains(m.Text, said) || !strings.Contains(m.HTML, strings.ReplaceAll(said, "&", "&amp;")) {
			t.Errorf("%q is not in both parts", said)
		}
	}
	s.eventually("the outbox is empty", func() bool { return r.waiting() == 0 })
	if got := s.messages("mail", "reset-password", "delivered"); got != 1 {
		t.Errorf("%d mails counted", got)
	}
}

// Three servers share what waits; every mail is sent by one of them.
func TestEachMailIsSentOnceByManyServers(t *testing.T) {
	t.Parallel()
	const mails = 300
	r := newRealm(t)
	smtp := r.sendsMail()
	servers := []*server{r.serve(), r.serve(), r.serve()}
	notices := r.resetNotices(mails)
	for batch := range 10 {
		r.enqueue(auth.ByMail, auth.ResetPasswordMessage, notices[batch*mails/10:(batch+1)*mails/10]...)
	}
	servers[0].eventually("the outbox is empty", func() bool { return r.waiting() == 0 })
	expectOneEach(t, smtp, notices)
	for i, s := range servers {
		if sent := s.messages("mail", "reset-password", "delivered"); sent == 0 || sent == mails {
			t.Errorf("server %d has sent %d", i, sent)
		}
	}
}

func expectOneEach(t *testing.T, smtp *testenv.SMTP, notices []notify.Notice) {
	t.Helper()
	links := map[string]int{}
	for _, m := range smtp.Mails() {
		links[m.Links[0]]++
	}
	for _, n := range notices {
		if links[string(n.Link)] != 1 {
			t.Errorf("the mail to %s was sent %d times", n.To, links[string(n.Link)])
		}
	}
	if len(smtp.Mails()) != len(notices) {
		t.Errorf("%d mails were sent, want %d", len(smtp.Mails()), len(notices))
	}
}

func TestMailServerAwayLosesNothing(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	smtp := r.sendsMail()
	servers := []*server{r.serve(), r.serve()}
	smtp.Stop()
	notices := r.resetNotices(40)
	r.enqueue(auth.ByMail, auth.ResetPasswordMessage, notices...)
	postponed := func() int {
		return servers[0].messages("mail", "reset-password", "postponed") + servers[1].messages("mail", "reset-password", "postponed")
	}
	servers[0].eventually("each was tried twice", func() bool {
		r.hurry()
		return postponed() >= 2*len(notices)
	})
	if r.waiting() != len(notices) {
		t.Errorf("%d mails wait, want %d", r.waiting(), len(notices))
	}
	servers[0].eventually("the metrics say so", func() bool {
		return servers[0].Metric("realmkeeper_messages_waiting") == strconv.Itoa(len(notices))
	})
	smtp.Start(t)
	servers[0].eventually("the outbox is empty", func() bool {
		r.hurry()
		return r.waiting() == 0
	})
	expectOneEach(t, smtp, notices)
}

func TestBadAddressHoldsUpNobody(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	smtp := r.sendsMail()
	s := r.serve()
	notices := r.resetNotices(40)
	for _, bad := range notices[:30] {
		smtp.Refuse(bad.To, 550)
	}
	smtp.Refuse(notices[30].To, 450)
	// What a parser would take for another address, or for two, goes to nobody.
	notices[31].To, notices[32].To = "x<reader0@example.com", "a@example.com,b@example.com"
	r.enqueue(auth.ByMail, auth.ResetPasswordMessage, notices...)
	for _, good := range notices[33:] {
		smtp.Await(t, good.To, 1)
	}
	s.eventually("one mail is left to try again", func() bool { return r.waiting() == 1 })
	if got := s.messages("mail", "reset-password", "abandoned"); got != 32 {
		t.Errorf("%d mails abandoned, want 32", got)
	}
	for _, bad := range notices[:30] {
		if smtp.Attempts(bad.To) != 1 {
			t.Errorf("%s was tried %d times", bad.To, smtp.Attempts(bad.To))
		}
	}
	if got := query[int](r, `SELECT count(*) FROM audit_events WHERE action = 'message.abandoned' AND outcome = 'failed'
		AND detail = 'mail reset-password: the mail server refused the recipient with 550 5.1.1' AND account_key IS NOT NULL`); got != 30 {
		t.Errorf("the trail tells of %d abandoned mails, want 30", got)
	}
	smtp.Accept(notices[30].To)
	s.eventually("the last one is sent", func() bool { r.hurry(); return r.waiting() == 0 })
}

func TestHangingMailServerHoldsUpNobody(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	smtp := r.sendsMail()
	// Whoever is slow to hear the server's yes sends again, so a busy machine needs time.
	r.Config.Email.Timeout = realmconfig.Duration(15 * time.Second)
	r.Update()
	s := r.serve()
	notices := r.resetNotices(30)
	for _, n := range notices[:10] {
		smtp.Hang(n.To)
	}
	r.enqueue(auth.ByMail, auth.ResetPasswordMessage, notices...)
	for _, n := range notices[10:] {
		smtp.Await(t, n.To, 1)
	}
	s.eventually("the rest is put off", func() bool { return s.messages("mail", "reset-password", "postponed") >= 10 })
	for _, n := range notices[:10] {
		smtp.Accept(n.To)
	}
	s.eventually("the outbox is empty", func() bool { r.hurry(); return r.waiting() == 0 })
	expectOneEach(t, smtp, notices)
}

func TestMailCredentialsAreTakenUpLive(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	smtp := r.sendsMail()
	s := r.serve()
	notices := r.resetNotices(2)
	r.enqueue(auth.ByMail, auth.ResetPasswordMessage, notices[0])
	smtp.Await(t, notices[0].To, 1)
	smtp.SetPassword("the mail server's next password")
	r.enqueue(auth.ByMail, auth.ResetPasswordMessage, notices[1])
	s.eventually("it is put off", func() bool { return s.messages("mail", "reset-password", "postponed") > 0 })
	r.mountSMTPCredentials(smtp)
	s.eventually("it is sent", func() bool { r.hurry(); return r.waiting() == 0 })
	expectOneEach(t, smtp, notices)
}

func TestExpiredLinkIsNotSent(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	smtp := r.sendsMail()
	s := r.serve()
	notices := r.resetNotices(1)
	notices[0].At = r.Clock.Now().Add(-time.Hour)
	r.enqueue(auth.ByMail, auth.ResetPasswordMessage, notices...)
	s.eventually("it is abandoned", func() bool { return r.waiting() == 0 })
	if len(smtp.Mails()) != 0 {
		t.Error("a link that no longer works was sent")
	}
}

// A server that is told to stop finishes what it has in hand, and takes up
// nothing else.
func TestMailInHandIsFinishedBeforeTheEnd(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	smtp := r.sendsMail()
	s := r.serve()
	notices := r.resetNotices(1)
	smtp.Hold(notices[0].To)
	r.enqueue(auth.ByMail, auth.ResetPasswordMessage, notices...)
	s.eventually("it is in hand", func() bool { return smtp.Attempts(notices[0].To) == 1 })
	s.Stop()
	s.eventually("no more requests are taken", func() bool { return s.OpsStatus("/readyz") != 200 })
	smtp.Accept(notices[0].To)
	s.End()
	expectOneEach(t, smtp, notices)
	if r.waiting() != 0 {
		t.Error("the mail would be sent again")
	}
}

// Mails that the SMTP server has taken while nobody could write that down are not
// sent again.
func TestPostgresAwaySendsNoMailTwice(t *testing.T) {
	t.Parallel()
	database := realmtest.NewPostgres(t, logger())
	r := newRealmOn(t, database.Database(t), testenv.RedisURL(t))
	smtp := r.sendsMail()
	servers := []*server{r.serve(), r.serve()}
	notices := r.resetNotices(60)
	for _, n := range notices[:10] {
		smtp.Hold(n.To)
	}
	r.enqueue(auth.ByMail, auth.ResetPasswordMessage, notices...)
	for _, n := range notices[:10] {
		eventually.Holds(t, "it is in hand", func() bool { return smtp.Attempts(n.To) == 1 })
	}
	if err := database.Halt(); err != nil {
		t.Fatal(err)
	}
	for _, n := range notices[:10] {
		smtp.Accept(n.To)
		smtp.Await(t, n.To, 1)
	}
	if err := database.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	servers[0].eventually("the outbox is empty", func() bool { return r.waiting() == 0 })
	expectOneEach(t, smtp, notices)
}

func TestMailIsGivenUpAfterADay(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	smtp := r.sendsMail()
	s := r.serve()
	smtp.Refuse("ann@example.com", 450)
	r.enqueue(auth.ByMail, auth.PasswordChangedMessage, notify.Notice{To: "ann@example.com", At: r.Clock.Now()})
	s.eventually("it is put off", func() bool { return s.messages("mail", "password-changed", "postponed") >= 1 })
	r.Clock.Advance(24*time.Hour - time.Minute)
	s.eventually("it is put off again", func() bool { return s.messages("mail", "password-changed", "postponed") >= 2 })
	r.Clock.Advance(15 * time.Minute)
	s.eventually("it is given up", func() bool { return r.waiting() == 0 })
	if detail := query[string](r, "SELECT detail FROM audit_events WHERE action = 'message.abandoned'"); detail !=
		"mail password-changed: the mail server refused the recipient with 450 4.1.1" {
		t.Errorf("the trail says %q", detail)
	}
}

func TestMailTemplatesAreTakenUpLive(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	smtp := r.sendsMail()
	s := r.serve()
	word := func(subject string) {
		t.Helper()
		r.Config.Email.Templates = map[string]realmconfig.EmailTemplate{"code": {Subject: subject}}
		revision := s.Report().ConfigRevision
		r.Update()
		s.eventually("the template is in force or refused", func() bool {
			return s.Report().ConfigRevision != revision || s.Report().Problem != ""
		})
	}
	send := func(nth int) string {
		t.Helper()
		notice := r.codeNotice()
		notice.To = "ann@example.com"
		r.enqueue(auth.ByMail, auth.CodeMessage, notice)
		return smtp.Await(t, "ann@example.com", nth).Subject
	}
	word("{{.Product}} is written in its own words")
	if got := send(1); got != "Example is written in its own words" {
		t.Errorf("subject is %q", got)
	}
	word("{{.Password}}")
	if problem := s.Report().Problem; !strings.Contains(problem, "email.templates[code].subject") {
		t.Errorf("the report says %q", problem)
	}
	if got := send(2); got != "Example is written in its own words" {
		t.Errorf("a template that is wrong has changed the subject to %q", got)
	}
}
