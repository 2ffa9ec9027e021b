// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
	"time"
)

// RequestReset mails a link that sets a new password. Whoever asks is answered
// the same after the same work, whether or not there is such an account. It
// refuses with InvalidRequest, EmailUnavailable or DatabaseUnavailable.
func (s *Service) RequestReset(ctx context.Context, email string, from Client) error {
	address, err := parseEmail(email)
	if err != nil {
		return err
	}
	user, _, err := s.Store.UserByEmail(ctx, address)
	if err != nil {
		return err
	}
	return s.mailLink(ctx, ResetTicket, ActRequestReset, user, "", string(address), from)
}

// CheckReset says whose password the link of a reset mail changes as long as it
// works, and leaves it so. It refuses with ResetTokenInvalid or DatabaseUnavailable.
func (s *Service) CheckReset(ctx context.Context, secret Secret) (email string, err error) {
	_, user, found, err := s.mailedTicket(ctx, ResetTicket, secret)
	if err == nil && !found {
		err = refuse(ResetTokenInvalid)
	}
	return user.Email, err
}

// ResetPassword redeems the link of a reset mail: it sets the password, ends
// every session and every other link of the user, and lifts the account's
// lockout. The mail has proved the address too. A second factor stays. It
// refuses with ResetTokenInvalid, Busy, DatabaseUnavailable, or, before the link
// is used up, PasswordRejected.
func (s *Service) ResetPassword(ctx context.Context, secret, password Secret, from Client) error {
	ticket, user, found, err := s.mailedTicket(ctx, ResetTicket, secret)
	switch {
	case err != nil:
		return err
	case !found:
		return refuse(ResetTokenInvalid)
	}
	if err := s.checkNewPassword(password, user.Email, user.Name); err != nil {
		return err
	}
	changed, err := s.setPassword(ctx, ActResetPassword, password, NewPassword{User: user, Redeems: &ticket.Hash}, from)
	switch {
	case err != nil:
		return err
	case !changed:
		return refuse(ResetTokenInvalid)
	}
	s.unlocked(ctx, KeyOf(user.Email).counter())
	return nil
}

// ChangePassword replaces the password that the user types once more, and ends
// their other sessions. A user without one sets it by a reset mail. It refuses
// as caller does, with PasswordRejected, or as prove does.
func (s *Service) ChangePassword(ctx context.Context, access, current, password Secret, from Client) error {
	user, subject, err := s.caller(ctx, access)
	if err != nil {
		return err
	}
	if err := s.checkNewPassword(password, user.Email, user.Name); err != nil {
		return inField("new_password", err)
	}
	if err := s.checkProof(ctx, user, Proof{Password: current}, from); err != nil {
		return err
	}
	changed, err := s.setPassword(ctx, ActChangePassword, password, NewPassword{User: user, KeepSession: subject.SessionID}, from)
	if err == nil && !changed {
		return refuse(InvalidCredentials)
	}
	return err
}

// inField says what is wrong under another name.
func inField(name string, err error) error {
	var refusal *Error
	if errors.As(err, &refusal) {
		for i := range refusal.Fields {
			refusal.Fields[i].Field = name
		}
	}
	return err
}

// mostTries is how often to start again while the user logs in elsewhere.
const mostTries = 5

// setPassword hashes and stores a password, and tells the user by mail. The
// result is false when what stood for the old one is no longer good.
func (s *Service) setPassword(ctx context.Context, action Action, password Secret, p NewPassword, from Client) (bool, error) {
	hash, err := s.Passwords.Hash(ctx, from.Source(), string(password), s.Settings().Passwords.BcryptCost)
	if err != nil {
		return false, full(err)
	}
	event, err := s.event(action, p.User.ID, p.User.ID, from)
	if err != nil {
		return false, err
	}
	mails, err := s.notice(PasswordChangedMessage, p.User, from)
	if err != nil {
		return false, err
	}
	p.Hash, p.Account, p.Now = hash, KeyOf(p.User.Email), event.At
	for range mostTries {
		change, err := s.Store.SetPassword(ctx, p, Effects{Messages: mails, Events: []Event{event}})
		if err != nil {
			return false, err
		}
		if change.Changed {
			s.sessionsEnded(ctx, change.Ended...)
			s.log(ctx, event)
			return true, nil
		}
		seen := p.User.LastLoginAt
		user, found, err := s.Store.UserByID(ctx, p.User.ID)
		if err != nil || !found || sameTime(user.LastLoginAt, seen) {
			return false, err
		}
		p.User.LastLoginAt = user.LastLoginAt
	}
	return false, refuseFor(Busy, time.Second)
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}
