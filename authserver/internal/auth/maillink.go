// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// MailLimit is how many mails of one kind an address gets within MailLimitWindow that
// anybody may ask for. Beyond it nothing is sent, and nobody is told.
const (
	MailLimit       = 5
	MailLimitWindow = time.Hour
)

// Mailings is the part of the Store that sends what anybody may ask for.
type Mailings interface {
	// MailTicket stores a ticket of a user who is not disabled in place of an
	// older one of its kind, with the mail of it, unless t.Email has had its
	// mails. The result is false when nothing was sent. It does the same work
	// when t has no UserID.
	MailTicket(ctx context.Context, t Ticket, also Effects) (bool, error)
	// MailNotice stores the mail in also, unless the account has had its mails.
	MailNotice(ctx context.Context, account AccountKey, also Effects, now time.Time) (bool, error)
}

// linkOf is how a mailed ticket of a kind looks.
func linkOf(kind TicketKind, settings realmconfig.Config) (prefix, url string, lifetime realmconfig.Duration, message MessageKind) {
	switch kind {
	case ResetTicket:
		return "rkp_", settings.Browser.ResetPasswordURL, settings.Passwords.ResetTokenLifetime, ResetPasswordMessage
	case ChangeEmailTicket:
		return changeEmailPrefix, settings.Browser.VerifyEmailURL, settings.Registration.VerificationLifetime, VerifyEmailMessage
	default:
		return "rkv_", settings.Browser.VerifyEmailURL, settings.Registration.VerificationLifetime, VerifyEmailMessage
	}
}

const changeEmailPrefix = "rke_"

// changesEmail reports whether the secret of a mailed link looks like one that
// proves the address to come.
func changesEmail(secret Secret) bool { return strings.HasPrefix(string(secret), changeEmailPrefix) }

// newLink makes a ticket of the user that is mailed to an address, theirs or one
// that they want to have, and the mail. It refuses with EmailUnavailable.
func (s *Service) newLink(kind TicketKind, user User, to string, from Client) (Ticket, Message, error) {
	settings := s.Settings()
	if settings.Email == nil {
		return Ticket{}, Message{}, refuse(EmailUnavailable)
	}
	prefix, url, lifetime, kindOfMessage := linkOf(kind, settings)
	secret, err := newOpaque(prefix, s.Random)
	if err != nil {
		return Ticket{}, Message{}, err
	}
	now := s.Now()
	message, err := s.message(ByMail, kindOfMessage, Notice{
		To: to, Name: user.Name, Locale: user.Locale,
		Link: Secret(strings.ReplaceAll(url, "{token}", string(secret))), Lifetime: time.Duration(lifetime),
		At: now, Address: from.Address, UserAgent: from.UserAgent,
	})
	return Ticket{
		Hash: hashOf(secret), Kind: kind, UserID: user.ID, Email: to,
		CreatedAt: now, ExpiresAt: now.Add(time.Duration(lifetime)),
	}, message, err
}

// mailLink sends a link within the address's limit. Whether it did is logged and
// not told: the work is the same for a user without ID, who is nobody. The session
// is the one that asked, empty for a stranger.
func (s *Service) mailLink(ctx context.Context, kind TicketKind, action Action, user User, sessionID, to string, from Client) error {
	ticket, message, err := s.newLink(kind, user, to, from)
	if err != nil {
		return err
	}
	ticket.SessionID = sessionID
	event, err := s.event(action, user.ID, user.ID, from)
	if err != nil {
		return err
	}
	event.Account = KeyOf(to)
	sent, err := s.Store.MailTicket(ctx, ticket, Effects{Messages: []Message{message}, Events: []Event{event}})
	switch {
	case err != nil:
		return err
	case sent:
		s.log(ctx, event)
	default:
		s.Log.InfoContext(ctx, "mail not sent: no such account, or it has had its mails", "kind", message.Kind, "account", event.Account.Short())
	}
	return nil
}

// notice is a mail to a user about what has happened to the account. A realm
// that sends no mail has none.
func (s *Service) notice(kind MessageKind, user User, from Client) ([]Message, error) {
	return s.noticeOf(kind, user, Notice{}, from)
}

// noticeOf is a notice that says more than who did it and when.
func (s *Service) noticeOf(kind MessageKind, user User, n Notice, from Client) ([]Message, error) {
	if s.Settings().Email == nil {
		return nil, nil
	}
	n.To, n.Name, n.Locale = user.Email, user.Name, user.Locale
	n.At, n.Address, n.UserAgent = s.Now(), from.Address, from.UserAgent
	m, err := s.message(ByMail, kind, n)
	return []Message{m}, err
}

// mailedTicket reads a ticket that was mailed, and whose it is. The result is
// false when it is no ticket of this kind, is over, or its user is gone or
// disabled.
func (s *Service) mailedTicket(ctx context.Context, kind TicketKind, secret Secret) (Ticket, User, bool, error) {
	if prefix, _, _, _ := linkOf(kind, s.Settings()); !isOpaque(prefix, secret) {
		return Ticket{}, User{}, false, nil
	}
	ticket, found, err := s.Store.PeekTicket(ctx, kind, hashOf(secret), s.Now())
	if err != nil || !found {
		return Ticket{}, User{}, false, err
	}
	user, found, err := s.Store.UserByID(ctx, ticket.UserID)
	return ticket, user, found && user.DisabledAt == nil, err
}
