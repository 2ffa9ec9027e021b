// SPDX-License-Identifier: Apache-2.0

package notify

import (
	"context"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// linkOf is how a mailed token of a kind looks.
func linkOf(kind auth.OneTimeTokenKind, settings realmconfig.Config) (prefix, url string, lifetime realmconfig.Duration, message auth.MessageKind) {
	switch kind {
	case auth.ResetPasswordToken:
		return "rkp_", settings.Browser.ResetPasswordURL, settings.Passwords.ResetTokenLifetime, auth.ResetPasswordMessage
	case auth.ChangeEmailToken:
		return changeEmailPrefix, settings.Browser.VerifyEmailURL, settings.Registration.VerificationLifetime, auth.VerifyEmailMessage
	default:
		return "rkv_", settings.Browser.VerifyEmailURL, settings.Registration.VerificationLifetime, auth.VerifyEmailMessage
	}
}

const changeEmailPrefix = "rke_"

// ChangesEmail reports whether the secret of a mailed link looks like one that
// proves the address to come.
func ChangesEmail(secret auth.Secret) bool {
	return strings.HasPrefix(string(secret), changeEmailPrefix)
}

// NewLink makes a one-time token of the user that is mailed to an address, theirs or
// one that they want to have, and the mail. It refuses with EmailUnavailable.
func (s *Service) NewLink(kind auth.OneTimeTokenKind, user auth.User, to string, from auth.Client) (auth.OneTimeToken, auth.Message, error) {
	_, _, _, said := linkOf(kind, s.Settings())
	return s.newLinkAs(said, kind, user, to, from)
}

// newLinkAs is NewLink with a mail of another kind.
func (s *Service) newLinkAs(said auth.MessageKind, kind auth.OneTimeTokenKind, user auth.User, to string, from auth.Client) (auth.OneTimeToken, auth.Message, error) {
	settings := s.Settings()
	if settings.Email == nil {
		return auth.OneTimeToken{}, auth.Message{}, auth.Refuse(auth.EmailUnavailable)
	}
	prefix, url, lifetime, _ := linkOf(kind, settings)
	secret, err := auth.NewOpaque(prefix, s.Random)
	if err != nil {
		return auth.OneTimeToken{}, auth.Message{}, err
	}
	quotas, err := s.LinkQuotas(kind, user, to)
	if err != nil {
		return auth.OneTimeToken{}, auth.Message{}, err
	}
	now := s.Now()
	message, err := s.NewMessage(auth.ByMail, said, Notice{
		To: to, Name: user.Name, Locale: user.Locale,
		Link: auth.Secret(strings.ReplaceAll(url, "{token}", string(secret))), Lifetime: time.Duration(lifetime),
		At: now, Address: from.Address, UserAgent: from.UserAgent,
	})
	message.Quotas = quotas
	return auth.OneTimeToken{
		Hash: auth.HashOf(secret), Kind: kind, UserID: user.ID, Email: to,
		CreatedAt: now, ExpiresAt: now.Add(time.Duration(lifetime)),
	}, message, err
}

// MailLink sends a link within its quotas. Whether it did is logged and not told: the
// work is the same for a user without ID, who is nobody. The session
// is the one that asked, empty for a stranger.
func (s *Service) MailLink(ctx context.Context, kind auth.OneTimeTokenKind, action auth.Action, user auth.User, sessionID, to string, from auth.Client) error {
	token, message, err := s.NewLink(kind, user, to, from)
	if err != nil {
		return err
	}
	token.SessionID = sessionID
	return s.MailToken(ctx, token, message, action, user, from)
}

// MailReset is MailLink for the link of a reset, in the words of a mail of that kind.
func (s *Service) MailReset(ctx context.Context, said auth.MessageKind, user auth.User, to string, from auth.Client) error {
	token, message, err := s.newLinkAs(said, auth.ResetPasswordToken, user, to, from)
	if err != nil {
		return err
	}
	return s.MailToken(ctx, token, message, auth.ActRequestReset, user, from)
}

// MailToken is MailLink for a token, of the user's or of nobody, and a mail that are made
// already.
func (s *Service) MailToken(ctx context.Context, token auth.OneTimeToken, message auth.Message, action auth.Action, user auth.User, from auth.Client) error {
	_, err := s.SendToken(ctx, token, message, action, user, from)
	return err
}

// SendToken is MailToken for whoever has shown that the account is theirs, and may be told
// whether a mail was sent.
func (s *Service) SendToken(ctx context.Context, token auth.OneTimeToken, message auth.Message, action auth.Action, user auth.User, from auth.Client) (bool, error) {
	event, err := s.Audit.NewEvent(action, user.ID, user.ID, from)
	if err != nil {
		return false, err
	}
	event.Account = auth.KeyOf(token.Email)
	sent, err := s.Store.MailToken(ctx, token, auth.Effects{Messages: []auth.Message{message}, Events: []auth.Event{event}})
	switch {
	case err != nil:
		return false, err
	case sent:
		s.Audit.Print(ctx, event)
	default:
		s.Log.InfoContext(ctx, "mail not sent: no such account, or a quota is used up", "kind", message.Kind, "account", event.Account.Short())
	}
	return sent, nil
}

// MailedToken reads a one-time token that was mailed, and whose it is. The result is
// false when it is no token of this kind, is over, or its user is gone or disabled.
func (s *Service) MailedToken(ctx context.Context, kind auth.OneTimeTokenKind, secret auth.Secret) (auth.OneTimeToken, auth.User, bool, error) {
	if prefix, _, _, _ := linkOf(kind, s.Settings()); !auth.IsOpaque(prefix, secret) {
		return auth.OneTimeToken{}, auth.User{}, false, nil
	}
	token, found, err := s.Store.PeekToken(ctx, kind, auth.HashOf(secret), s.Now())
	if err != nil || !found {
		return auth.OneTimeToken{}, auth.User{}, false, err
	}
	user, found, err := s.Store.UserByID(ctx, token.UserID)
	return token, user, found && user.DisabledAt == nil, err
}
