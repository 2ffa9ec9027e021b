// SPDX-License-Identifier: Apache-2.0

package authserver_test

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/testenv"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

const annsTelephone = "+4915112345678"

// sendsSMS lets the realm send text messages to a server of its own.
func (r *realm) sendsSMS(kind realmconfig.SMSKind) (server *testenv.SMS, secret string) {
	r.t.Helper()
	secret = newWebhookSecret(r.t)
	return r.SendTexts(kind, secret), secret
}

func newWebhookSecret(t *testing.T) string {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	secret := "whsec_" + base64.StdEncoding.EncodeToString(key)
	suite.secrets.used(secret)
	return secret
}

func (r *realm) codeNotice() notify.Notice {
	return notify.Notice{To: annsTelephone, Locale: "en", Code: annsCode, Lifetime: 5 * time.Minute, At: r.Clock.Now()}
}

// annsCode has letters, so that no number in a log looks like it.
const annsCode = "rk-482913"

const annsText = annsCode + " is your code for Example. It works once, for 5 min. Do not share it."

func TestTextMessagesByTwilio(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	server, token := r.sendsSMS(realmconfig.Twilio)
	r.serve()
	r.enqueue(auth.BySMS, auth.CodeMessage, r.codeNotice())
	got := server.Await(t, 1)
	form, err := url.ParseQuery(string(got.Body))
	if err != nil {
		t.Fatal(err)
	}
	if got.Path != "/2010-04-01/Accounts/AC0123456789/Messages.json" || got.Username != "AC0123456789" || got.Password != token {
		t.Errorf("asked %s as %s", got.Path, got.Username)
	}
	if want := (url.Values{"To": {annsTelephone}, "From": {"+15005550006"}, "Body": {annsText}}); form.Encode() != want.Encode() {
		t.Errorf("sent %v, want %v", form, want)
	}
	eventually.Holds(t, "the outbox is empty", func() bool { return r.waiting() == 0 })
}

// The receiver of a webhook can tell who sent it, and a repetition.
func TestTextMessagesByWebhook(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	server, secret := r.sendsSMS(realmconfig.Webhook)
	s := r.serve()
	server.Answer(http.StatusServiceUnavailable)
	ids := r.enqueue(auth.BySMS, auth.CodeMessage, r.codeNotice())
	first := server.Await(t, 1)
	s.eventually("it is put off", func() bool { return s.messages("sms", "code", "postponed") >= 1 })
	next := newWebhookSecret(t)
	r.Mount(map[string]any{realmconfig.SMSSecretFile: next + " " + secret + "\n"})
	s.eventually("the next secret is used too", func() bool {
		r.hurry()
		requests := server.Requests()
		return strings.Contains(requests[len(requests)-1].Header.Get("webhook-signature"), " ")
	})
	server.Answer(http.StatusNoContent)
	s.eventually("the outbox is empty", func() bool { r.hurry(); return r.waiting() == 0 })

	verifier, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := verifier.Verify(first.Body, first.Header); err != nil {
		t.Error(err)
	}
	requests := server.Requests()
	last := requests[len(requests)-1]
	for name, c := range map[string]struct {
		request testenv.SMSRequest
		secret  string
	}{"the first": {first, secret}, "the last, by the old secret": {last, secret}, "the last, by the new secret": {last, next}} {
		verifier, err := standardwebhooks.NewWebhook(c.secret)
		if err != nil {
			t.Fatal(err)
		}
		if err := verifier.VerifyIgnoringTimestamp(c.request.Body, c.request.Header); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.request.Header.Get("webhook-id") != ids[0] || string(c.request.Body) != string(first.Body) {
			t.Errorf("%s is another message", name)
		}
	}
	event := struct {
		Type string
		Data struct{ To, Text, Locale, Code string }
	}{}
	if err := json.Unmarshal(first.Body, &event); err != nil {
		t.Fatal(err)
	}
	if event.Type != "sms.code" || event.Data.To != annsTelephone || event.Data.Text != annsText || event.Data.Code != annsCode {
		t.Errorf("the webhook says %+v", event)
	}
}

func TestRefusedTextMessages(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status  int
		number  string
		outcome string
	}{
		"the service refuses the number":      {http.StatusBadRequest, annsTelephone, "abandoned"},
		"the service refuses the credentials": {http.StatusUnauthorized, annsTelephone, "postponed"},
		"the service has had enough":          {http.StatusTooManyRequests, annsTelephone, "postponed"},
		"the service redirects":               {http.StatusTemporaryRedirect, annsTelephone, "postponed"},
		"the number is none":                  {http.StatusCreated, "+49151/12345678&From=x", "abandoned"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRealm(t)
			server, _ := r.sendsSMS(realmconfig.Twilio)
			server.Answer(c.status)
			s := r.serve()
			notice := r.codeNotice()
			notice.To = c.number
			r.enqueue(auth.BySMS, auth.CodeMessage, notice)
			s.eventually("it is "+c.outcome, func() bool { return s.messages("sms", "code", c.outcome) == 1 })
			for _, request := range server.Requests() {
				if request.Path == "/elsewhere" {
					t.Error("a redirect was followed")
				}
			}
		})
	}
}

func TestTextMessagesStayOutOfPrivateNetworks(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	server, _ := r.sendsSMS(realmconfig.Webhook)
	r.Config.SMS.AllowPrivateNetworks = false
	r.Update()
	s := r.serve()
	r.enqueue(auth.BySMS, auth.CodeMessage, r.codeNotice())
	s.eventually("it is put off", func() bool { return s.messages("sms", "code", "postponed") >= 1 })
	if len(server.Requests()) != 0 {
		t.Error("a server in a private network was reached")
	}
	r.Config.SMS.AllowPrivateNetworks = true
	r.Update()
	s.eventually("it is sent once it may be", func() bool { r.hurry(); return r.waiting() == 0 })
}

// A mail server that does not answer holds up no text message.
func TestHangingMailServerHoldsUpNoTextMessage(t *testing.T) {
	t.Parallel()
	r := newRealm(t)
	smtp := r.sendsMail()
	server, _ := r.sendsSMS(realmconfig.Webhook)
	r.Config.Email.Timeout = realmconfig.Duration(time.Second)
	r.Update()
	s := r.serve()
	notices := r.resetNotices(40)
	for _, n := range notices {
		smtp.Hang(n.To)
	}
	r.enqueue(auth.ByMail, auth.ResetPasswordMessage, notices...)
	s.eventually("the mails hang", func() bool {
		return smtp.Attempts(notices[39].To) > 0 || s.messages("mail", "reset-password", "postponed") > 0
	})
	r.enqueue(auth.BySMS, auth.CodeMessage, r.codeNotice())
	server.Await(t, 1)
}
