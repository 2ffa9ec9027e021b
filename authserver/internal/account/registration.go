// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	registrationPrefix = "rkx_"
	// sealedRegistration is the purpose under which it is sealed what somebody wants to be
	// called, for the token of their link.
	sealedRegistration = "registration"
)

// newcomer is what a registration remembers until its link is followed.
type newcomer struct {
	Name   string `json:"name,omitempty"`
	Locale string `json:"locale,omitempty"`
}

// NewUser is a user who has followed the link of a registration. What they sign in with is in the
// User, or the passkey.
type NewUser struct {
	auth.User
	// Redeems is the link's.
	Redeems auth.TokenHash
	// Passkey is nil for somebody with a password; Handle is what authenticators know them by.
	Passkey *passkey.Passkey
	Handle  []byte
}

// RequestRegistration mails a link behind which somebody chooses what they will sign in with, and
// has an account: until then, there is none, and nobody who only types an address leaves anything
// behind. Whoever asks is answered the same whether or not there is such an account, whose owner is
// told by mail. It refuses with RegistrationClosed, with NotFound where the realm takes nobody who
// has a passkey alone, or with InvalidRequest, EmailUnavailable or DatabaseUnavailable.
func (s *Service) RequestRegistration(ctx context.Context, r Registration, from auth.Client) error {
	settings := s.Settings()
	switch {
	case settings.Registration.Mode != realmconfig.Open:
		return auth.Refuse(auth.RegistrationClosed)
	case !settings.Registration.OffersPasskeys():
		return auth.Refuse(auth.NotFound)
	case settings.Email == nil:
		return auth.Refuse(auth.EmailUnavailable)
	}
	address, err := auth.ParseEmail(r.Email)
	if err != nil {
		return err
	}
	locale, err := auth.ParseLocale(r.Locale)
	if err != nil {
		return err
	}
	owner, taken, err := s.Store.UserByEmail(ctx, address)
	switch {
	case err != nil:
		return err
	case taken:
		refused := s.Audit.NewRefusal(auth.ActRequestRegistration, "", "", from, auth.Refuse(auth.EmailTaken))
		refused.Account = auth.KeyOf(owner.Email)
		return s.tellOwner(ctx, refused, owner, from)
	}
	return s.mailRegistration(ctx, string(address), newcomer{Name: r.Name, Locale: locale}, from)
}

// mailRegistration does not greet by a name that somebody else may have typed.
func (s *Service) mailRegistration(ctx context.Context, email string, n newcomer, from auth.Client) error {
	settings := s.Settings()
	secret, err := auth.NewOpaque(registrationPrefix, s.Random)
	if err != nil {
		return err
	}
	lifetime := time.Duration(settings.Registration.VerificationLifetime)
	token := auth.OneTimeToken{Hash: auth.HashOf(secret), Kind: auth.RegistrationToken, Email: email}
	if err := token.Keep(s.Sealer, sealedRegistration, n, s.Now(), lifetime); err != nil {
		return err
	}
	message, err := s.Notify.NewMessage(auth.ByMail, auth.RegistrationLinkMessage, notify.Notice{
		To: email, Locale: n.Locale, Link: auth.Secret(settings.Address(credentialPath + string(secret))), Lifetime: lifetime,
		At: token.CreatedAt, Address: from.Address, UserAgent: from.UserAgent,
	})
	if err != nil {
		return err
	}
	if message.Quotas, err = s.Notify.LinkQuotas(auth.RegistrationToken, auth.User{}, email); err != nil {
		return err
	}
	event, err := s.Audit.NewEvent(auth.ActRequestRegistration, "", "", from)
	if err != nil {
		return err
	}
	event.Account = auth.KeyOf(email)
	sent, err := s.Store.MailRegistration(ctx, token, auth.Effects{Messages: []auth.Message{message}, Events: []auth.Event{event}})
	switch {
	case err != nil:
		return err
	case sent:
		s.Audit.Print(ctx, event)
	default:
		s.Log.InfoContext(ctx, "mail not sent: a quota is used up", "kind", message.Kind, "account", event.Account.Short())
	}
	return nil
}

// openRegistration reads the link of a registration: what its user will be. It refuses with
// CredentialTokenInvalid, also where the realm registers nobody any more, or the address is
// somebody's by now.
func (s *Service) openRegistration(ctx context.Context, secret auth.Secret) (mailedLink, error) {
	settings := s.Settings().Registration
	if settings.Mode != realmconfig.Open || !settings.OffersPasskeys() {
		return mailedLink{}, auth.Refuse(auth.CredentialTokenInvalid)
	}
	token, found, err := s.Store.PeekToken(ctx, auth.RegistrationToken, auth.HashOf(secret), s.Now())
	switch {
	case err != nil:
		return mailedLink{}, err
	case !found:
		return mailedLink{}, auth.Refuse(auth.CredentialTokenInvalid)
	}
	n := newcomer{}
	if err := token.Open(s.Sealer, sealedRegistration, &n); err != nil {
		return mailedLink{}, &auth.Error{Code: auth.CredentialTokenInvalid, Cause: err} // its key is gone
	}
	address, err := auth.ParseEmail(token.Email)
	if err != nil {
		return mailedLink{}, auth.Refuse(auth.CredentialTokenInvalid)
	}
	_, taken, err := s.Store.UserByEmail(ctx, address)
	if err == nil && taken {
		err = auth.Refuse(auth.CredentialTokenInvalid)
	}
	return mailedLink{
		hash: token.Hash, purpose: ForRegistration, token: token,
		user: auth.User{Email: token.Email, Name: n.Name, Locale: n.Locale, Role: auth.UserRole},
	}, err
}

// addUser makes the account of a registration, with what its user has chosen.
func (s *Service) addUser(ctx context.Context, l mailedLink, c chosen, from auth.Client) (auth.User, error) {
	id, err := s.NewID()
	if err != nil {
		return auth.User{}, err
	}
	event, err := s.Audit.NewEvent(auth.ActRegister, id, id, from)
	if err != nil {
		return auth.User{}, err
	}
	event.Account, event.Detail = auth.KeyOf(l.user.Email), c.name()
	user := l.user
	user.ID, user.PasswordHash, user.CreatedAt, user.EmailVerifiedAt = id, c.hash, event.At, &event.At
	added, err := s.Store.AddProvenUser(ctx, NewUser{User: user, Redeems: l.hash, Passkey: c.passkey, Handle: c.handle},
		auth.Effects{Events: []auth.Event{event}})
	switch {
	case err != nil:
		return auth.User{}, err
	case !added:
		return auth.User{}, auth.Refuse(auth.CredentialTokenInvalid)
	}
	s.Audit.Print(ctx, event)
	return user, nil
}
