// SPDX-License-Identifier: Apache-2.0

package mailcode

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/attempts"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Begun is what whoever has asked for a code gets: with the Handle, and with nothing else, the
// code is worth something, for Lifetime.
type Begun struct {
	Handle   auth.Secret
	Lifetime time.Duration
}

// LinkOf is the address of a page where the browser that keeps a handle shows the secret of a
// mailed link.
type LinkOf func(handle, secret auth.Secret) string

// Begin mails a code, which leaves those of before as they are, and a link for whoever has a
// page for it; link is nil for others. Whoever asks is answered the same after the same work,
// whether or not there is such an account, and whether or not it gets a mail. It refuses with
// MailCodeOff, InvalidRequest, EmailUnavailable or DatabaseUnavailable.
func (s *Service) Begin(ctx context.Context, email string, link LinkOf, from auth.Client) (Begun, error) {
	if err := s.checkOn(); err != nil {
		return Begun{}, err
	}
	address, err := auth.ParseEmail(email)
	if err != nil {
		return Begun{}, err
	}
	user, _, err := s.Store.UserByEmail(ctx, address)
	if err != nil {
		return Begun{}, err
	}
	begun := Begun{Lifetime: attempts.MailedCodeLifetime}
	if begun.Handle, err = s.seal(handle{string(address), s.Now().Add(begun.Lifetime)}); err != nil {
		return Begun{}, err
	}
	return begun, s.mail(ctx, begun.Handle, string(address), user, link, from)
}

// checkOn refuses with MailCodeOff or EmailUnavailable.
func (s *Service) checkOn() error {
	switch settings := s.Settings(); {
	case settings.Login.MailCode != realmconfig.MailCodeOn:
		return auth.Refuse(auth.MailCodeOff)
	case settings.Email == nil:
		return auth.Refuse(auth.EmailUnavailable)
	default:
		return nil
	}
}

const (
	// sealedCode is the purpose under which a code is sealed, for its token: six digits are
	// no match for a hash.
	sealedCode = "mailed code"
	linkPrefix = "rkl_"
)

// shown is what a code is shown by.
type shown struct {
	Digits string         `json:"digits"`
	Link   auth.TokenHash `json:"link"`
}

func (s *Service) mail(ctx context.Context, handle auth.Secret, to string, user auth.User, link LinkOf, from auth.Client) error {
	digits, err := mfa.NewDigits(s.Random)
	if err != nil {
		return err
	}
	secret, err := auth.NewOpaque(linkPrefix, s.Random)
	if err != nil {
		return err
	}
	token := auth.OneTimeToken{Hash: auth.HashOf(handle), Kind: auth.MailedCodeToken, UserID: user.ID, Email: to}
	code := shown{Digits: string(digits), Link: auth.HashOf(secret)}
	if err := token.Keep(s.Sealer, sealedCode, code, s.Now(), attempts.MailedCodeLifetime); err != nil {
		return err
	}
	notice := notify.Notice{
		To: to, Name: user.Name, Locale: user.Locale, Code: digits, Lifetime: attempts.MailedCodeLifetime,
		At: token.CreatedAt, Address: from.Address, UserAgent: from.UserAgent,
	}
	if link != nil {
		notice.Link = auth.Secret(link(handle, secret))
	}
	if user.EmailVerifiedAt == nil {
		notice.Name = "" // it may be somebody else's
	}
	message, err := s.Notify.NewMessage(auth.ByMail, auth.CodeMessage, notice)
	if err != nil {
		return err
	}
	if message.Quotas, err = s.Notify.LinkQuotas(auth.MailedCodeToken, user, to); err != nil {
		return err
	}
	return s.Notify.MailToken(ctx, token, message, auth.ActRequestCode, user, from)
}
