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
// lockout. The mail has proved the address too. A second factor stays, unless
// that was the first proof, which drops what a Reclaim drops. It refuses with
// ResetTokenInvalid, Busy, DatabaseUnavailable, or, before the link is used up,
// PasswordRejected.
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
	p.Hash = hash
	for range mostTries {
		also, err := s.passwordEffects(action, p, from)
		if err != nil {
			return false, err
		}
		p.Now, p.Clears = also.Events[0].At, s.liftedBy(p)
		change, err := s.Store.SetPassword(ctx, p, also)
		if err != nil {
			return false, err
		}
		if change.Changed {
			s.sessionsEnded(ctx, change.Ended...)
			s.unlocked(ctx, p.Clears...)
			for _, event := range also.Events {
				s.log(ctx, event)
			}
			return true, nil
		}
		again, err := s.sinceThen(ctx, &p)
		if err != nil || !again {
			return false, err
		}
	}
	return false, refuseFor(Busy, time.Second)
}

// passwordEffects are what the user and the auditor hear of a new password.
func (s *Service) passwordEffects(action Action, p NewPassword, from Client) (Effects, error) {
	event, err := s.event(action, p.User.ID, p.User.ID, from)
	if err != nil {
		return Effects{}, err
	}
	also := Effects{Events: []Event{event}}
	if p.Reclaims() {
		reclaim, err := s.reclaimEvent(p.User, "reset", from)
		if err != nil {
			return Effects{}, err
		}
		also.Events = append(also.Events, reclaim)
		if also.Messages, err = s.reclaimNotice(p.User, Notice{}, from); err != nil {
			return Effects{}, err
		}
		p.User.Name = "" // it may be somebody else's, too
	}
	changed, err := s.notice(PasswordChangedMessage, p.User, from)
	also.Messages = append(also.Messages, changed...)
	return also, err
}

// liftedBy is the counters that a new password forgets.
func (s *Service) liftedBy(p NewPassword) []CounterKey {
	switch {
	case p.Reclaims():
		return s.guessesAt(p.User)
	case p.Redeems != nil:
		return []CounterKey{KeyOf(p.User.Email).counter()}
	default:
		return nil
	}
}

// sinceThen brings p up to date with a user who has changed since it was decided.
// It is false when what stood for the old password is no longer good.
func (s *Service) sinceThen(ctx context.Context, p *NewPassword) (bool, error) {
	user, found, err := s.Store.UserByID(ctx, p.User.ID)
	if err != nil || !found {
		return false, err
	}
	loggedIn := !sameTime(user.LastLoginAt, p.User.LastLoginAt)
	p.User.LastLoginAt, p.User.EmailVerifiedAt = user.LastLoginAt, user.EmailVerifiedAt
	if p.Redeems == nil {
		return loggedIn, nil
	}
	_, good, err := s.Store.PeekTicket(ctx, ResetTicket, *p.Redeems, s.Now())
	return good && user.DisabledAt == nil && user.Email == p.User.Email, err
}

func sameTime(a, b *time.Time) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Equal(*b)
}
