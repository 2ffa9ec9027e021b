// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Registration is what a person says who wants an account.
type Registration struct {
	Email        string
	Password     auth.Secret
	Name, Locale string
}

// Register makes an account and mails a link that proves its address. It refuses
// with RegistrationClosed, PasswordNotOffered, InvalidRequest, PasswordRejected, Busy,
// DatabaseUnavailable or EmailTaken.
//
// A realm that conceals its accounts does not say EmailTaken: it does the same
// work, answers the same, and writes to the owner of the address instead.
func (s *Service) Register(ctx context.Context, r Registration, from auth.Client) error {
	settings := s.Settings()
	if settings.Registration.Mode != realmconfig.Open {
		return auth.Refuse(auth.RegistrationClosed)
	}
	if !settings.Registration.OffersPasswords() {
		return auth.Refuse(auth.PasswordNotOffered)
	}
	address, err := auth.ParseEmail(r.Email)
	if err != nil {
		return err
	}
	email := string(address)
	locale, err := auth.ParseLocale(r.Locale)
	if err != nil {
		return err
	}
	if err := s.checkNewPassword(r.Password, email, r.Name); err != nil {
		return err
	}
	owner, taken, err := s.Store.UserByEmail(ctx, address)
	switch {
	case err != nil:
		return err
	case taken && !conceals(settings):
		return s.addressTaken(ctx, auth.ActRegister, "", owner, from)
	}
	hash, err := s.hash(ctx, r.Password, from)
	if err != nil {
		return err
	}
	if taken {
		return s.addressTaken(ctx, auth.ActRegister, "", owner, from)
	}
	user := auth.User{Email: email, Role: auth.UserRole, Name: r.Name, Locale: locale, PasswordHash: hash, CreatedAt: s.Now()}
	added, err := s.addAccount(ctx, user, from)
	if err != nil || added {
		return err
	}
	return s.addressTaken(ctx, auth.ActRegister, "", auth.User{Email: email}, from) // somebody was quicker
}

// conceals reports whether strangers must not learn who has an account. Where
// an address must be verified before it is of any use, nothing is lost by it.
func conceals(settings realmconfig.Config) bool {
	return settings.Login.UnknownUser == realmconfig.Conceal ||
		settings.Registration.EmailVerification == realmconfig.VerificationRequired
}

// addressTaken refuses with EmailTaken or, in a realm that conceals its
// accounts, tells the owner of the address alone. The actor is empty for a stranger.
func (s *Service) addressTaken(ctx context.Context, action auth.Action, actorID string, owner auth.User, from auth.Client) error {
	taken := auth.Refuse(auth.EmailTaken)
	refused := s.Audit.NewRefusal(action, actorID, "", from, taken)
	refused.Account = auth.KeyOf(owner.Email)
	if !conceals(s.Settings()) {
		s.Audit.Record(ctx, refused)
		return taken
	}
	return s.tellOwner(ctx, refused, owner, from)
}

// tellOwner writes to the owner of an address that somebody else wants to have, as if to whoever
// asked.
func (s *Service) tellOwner(ctx context.Context, refused auth.Event, owner auth.User, from auth.Client) error {
	mails, err := s.Notify.Mail(auth.AlreadyRegisteredMessage, owner, from)
	if err != nil {
		return err
	}
	if refused.ID, err = s.NewID(); err != nil {
		return err
	}
	if _, err := s.Store.MailNotice(ctx, auth.Effects{Messages: mails, Events: []auth.Event{refused}}, refused.At); err != nil {
		return err
	}
	s.Audit.Print(ctx, refused)
	return nil
}

// addAccount stores a user whose address is not proved, and mails the link that
// proves it if the realm can send mail and its quotas have room: nobody is told, and
// the user may ask for another.
func (s *Service) addAccount(ctx context.Context, user auth.User, from auth.Client) (bool, error) {
	id, err := s.NewID()
	if err != nil {
		return false, err
	}
	user.ID = id
	event, err := s.Audit.NewEvent(auth.ActRegister, id, id, from)
	if err != nil {
		return false, err
	}
	event.Account = auth.KeyOf(user.Email)
	also := auth.Effects{Events: []auth.Event{event}}
	var mailed *auth.OneTimeToken
	if s.Settings().Email != nil {
		token, message, err := s.Notify.NewLink(auth.VerifyEmailToken, user, user.Email, from)
		if err != nil {
			return false, err
		}
		mailed, also.Messages = &token, []auth.Message{message}
	}
	added, err := s.Store.AddUser(ctx, user, mailed, also)
	if added {
		s.Audit.Print(ctx, event)
	}
	return added, err
}
