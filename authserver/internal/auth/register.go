// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Registration is what a person says who wants an account.
type Registration struct {
	Email        string
	Password     Secret
	Name, Locale string
}

// Register makes an account and mails a link that proves its address. It refuses
// with RegistrationClosed, InvalidRequest, PasswordRejected, Busy,
// DatabaseUnavailable or EmailTaken.
//
// A realm that conceals its accounts does not say EmailTaken: it does the same
// work, answers the same, and writes to the owner of the address instead.
func (s *Service) Register(ctx context.Context, r Registration, from Client) error {
	settings := s.Settings()
	if settings.Registration.Mode != realmconfig.Open {
		return refuse(RegistrationClosed)
	}
	address, err := parseEmail(r.Email)
	if err != nil {
		return err
	}
	email := string(address)
	if err := s.checkNewPassword(r.Password, email, r.Name); err != nil {
		return err
	}
	owner, taken, err := s.Store.UserByEmail(ctx, address)
	switch {
	case err != nil:
		return err
	case taken && !conceals(settings):
		return s.addressTaken(ctx, ActRegister, "", owner, from)
	}
	hash, err := s.Passwords.Hash(ctx, from.Source(), string(r.Password), settings.Passwords.BcryptCost)
	if err != nil {
		return full(err)
	}
	if taken {
		return s.addressTaken(ctx, ActRegister, "", owner, from)
	}
	user := User{Email: email, Role: UserRole, Name: r.Name, Locale: r.Locale, PasswordHash: hash, CreatedAt: s.Now()}
	added, err := s.addAccount(ctx, user, from)
	if err != nil || added {
		return err
	}
	return s.addressTaken(ctx, ActRegister, "", User{Email: email}, from) // somebody was quicker
}

// conceals reports whether strangers must not learn who has an account. Where
// an address must be verified before it is of any use, nothing is lost by it.
func conceals(settings realmconfig.Config) bool {
	return settings.Login.UnknownUser == realmconfig.Conceal ||
		settings.Registration.EmailVerification == realmconfig.VerificationRequired
}

// addressTaken refuses with EmailTaken or, in a realm that conceals its
// accounts, tells the owner of the address alone. The actor is empty for a stranger.
func (s *Service) addressTaken(ctx context.Context, action Action, actorID string, owner User, from Client) error {
	refused := Event{
		Action: action, Outcome: string(EmailTaken), ActorID: actorID, Account: KeyOf(owner.Email),
		Address: from.Address, UserAgent: from.UserAgent, At: s.Now(),
	}
	if !conceals(s.Settings()) {
		s.record(ctx, refused)
		return refuse(EmailTaken)
	}
	mails, err := s.notice(AlreadyRegisteredMessage, owner, from)
	if err != nil {
		return err
	}
	if refused.ID, err = s.newID(); err != nil {
		return err
	}
	if _, err := s.Store.MailNotice(ctx, refused.Account, Effects{Messages: mails, Events: []Event{refused}}, refused.At); err != nil {
		return err
	}
	s.log(ctx, refused)
	return nil
}

// addAccount stores a user whose address is not proved, and mails the link that
// proves it if the realm can send mail.
func (s *Service) addAccount(ctx context.Context, user User, from Client) (bool, error) {
	id, err := s.newID()
	if err != nil {
		return false, err
	}
	user.ID = id
	event, err := s.event(ActRegister, id, id, from)
	if err != nil {
		return false, err
	}
	event.Account = KeyOf(user.Email)
	also := Effects{Events: []Event{event}}
	mailed := (*Ticket)(nil)
	if s.Settings().Email != nil {
		ticket, message, err := s.newLink(VerifyEmailTicket, user, user.Email, from)
		if err != nil {
			return false, err
		}
		mailed, also.Messages = &ticket, []Message{message}
	}
	added, err := s.Store.AddUser(ctx, user, mailed, also)
	if added {
		s.log(ctx, event)
	}
	return added, err
}
