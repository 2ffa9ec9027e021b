// SPDX-License-Identifier: Apache-2.0

// Package mail hands notices to an SMTP server: worded in the reader's language,
// as text and as HTML.
package mail

import (
	"context"
	"net/mail"
	"time"

	gomail "github.com/wneessen/go-mail"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

// Sender sends with the settings and credentials in force at each mail.
type Sender struct {
	snapshot func() *realmconfig.Snapshot
	now      func() time.Time
	composer composer
}

// New returns a sender that follows snapshot.
func New(snapshot func() *realmconfig.Snapshot, now func() time.Time) *Sender {
	return &Sender{snapshot, now, newComposer()}
}

// Deliver returns nil once the SMTP server has taken the mail. The error is an
// *notify.DeliveryError: permanent when the server refuses the address or the mail
// for good (5xx), so that the same mail need not be tried again.
func (s *Sender) Deliver(ctx context.Context, kind auth.MessageKind, id string, n notify.Notice) error {
	snapshot := s.snapshot()
	if snapshot.Config.Email == nil {
		return &notify.DeliveryError{Reason: "the realm has no settings for mail"}
	}
	message, err := s.message(*snapshot.Config.Email, kind, id, n)
	if err != nil {
		return err
	}
	return hand(ctx, *snapshot.Config.Email, snapshot.Credentials, message)
}

func (s *Sender) message(settings realmconfig.Email, kind auth.MessageKind, id string, n notify.Notice) (*gomail.Msg, error) {
	from, err := sender(settings.From)
	if err != nil {
		return nil, &notify.DeliveryError{Reason: "the realm's own address is not one"}
	}
	to, err := recipient(n.To)
	if err != nil {
		return nil, err
	}
	body, err := s.composer.compose(settings, kind, n)
	if err != nil {
		return nil, &notify.DeliveryError{Reason: "the mail cannot be worded"}
	}
	m := gomail.NewMsg(gomail.WithCharset(gomail.CharsetUTF8), gomail.WithEncoding(gomail.EncodingQP), gomail.WithNoDefaultUserAgent())
	m.FromMailAddress(from)
	m.ToMailAddress(to)
	m.Subject(body.Subject)
	// The same at every attempt, so that a receiver can tell a mail that it was
	// given twice (RFC 5322, section 3.6.4).
	m.SetMessageIDWithValue(id + "@" + mailaddress.Address(from.Address).Domain())
	m.SetDateWithValue(s.now())
	// Nobody is to answer automatically (RFC 3834, section 5; the other is Exchange's).
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetGenHeader("X-Auto-Response-Suppress", "All")
	// Lets a receiving side, or a test, sort mails without reading them.
	m.SetGenHeader("X-Realmkeeper-Kind", string(kind))
	m.SetBodyString(gomail.TypeTextPlain, body.Text)
	m.AddAlternativeString(gomail.TypeTextHTML, body.HTML)
	return m, nil
}

// recipient refuses what is no address: a parser could read it as another one, or
// as several.
func recipient(address string) (*mail.Address, error) {
	to, err := mailaddress.Parse(address)
	if err != nil {
		return nil, &notify.DeliveryError{Reason: "the recipient's address is not one", Permanent: true}
	}
	return &mail.Address{Address: string(to)}, nil
}

// sender reads an address with or without a name (RFC 5322, section 3.4). The
// name may have any letters.
func sender(from string) (*mail.Address, error) {
	parsed, err := mail.ParseAddress(from)
	if err != nil {
		return nil, err
	}
	address, err := mailaddress.Parse(parsed.Address)
	return &mail.Address{Name: parsed.Name, Address: string(address)}, err
}

// domainOf is the domain that a realm sends from.
func domainOf(settings realmconfig.Email) string {
	from, err := sender(settings.From)
	if err != nil {
		return settings.Host
	}
	return mailaddress.Address(from.Address).Domain()
}
