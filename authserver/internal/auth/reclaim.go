// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"time"
)

// Reclaim is the first proof of an account's address, by its owner. Whoever had
// the account before may have been somebody else, who only typed the address,
// and must not keep a way in. So a Reclaim drops what was in the account:
// password, sessions, known devices, tickets, identities, second factors with
// their codes, name and locale. Id, role and the audit trail stay.
type Reclaim struct {
	// User is as they were when the Reclaim was decided.
	User User
	// Clears are the counters of guesses at what is dropped.
	Clears []CounterKey
	Now    time.Time
}

// Reclaimed is what became of a Reclaim.
type Reclaimed struct {
	// Done is false, and nothing has happened, when the address is proved, the
	// user disabled, the ticket no longer good, or the account changes meanwhile.
	Done bool
	// Ended are the ids of the sessions that it ended.
	Ended []string
}

// Reclaims is the part of the Store that gives accounts to the owners of their
// addresses.
type Reclaims interface {
	// ReclaimByMail redeems a ticket that was mailed to the address. The account
	// is left without a password and without any other way in.
	ReclaimByMail(ctx context.Context, r Reclaim, ticket TokenHash, also Effects) (Reclaimed, error)
	// ReclaimByIdentity gives an identity whose provider vouches for the address
	// to the account, as its only way in.
	ReclaimByIdentity(ctx context.Context, r Reclaim, i LinkedIdentity, also Effects) (Reclaimed, error)
}

func (s *Service) newReclaim(user User, now time.Time) Reclaim {
	return Reclaim{User: user, Clears: s.guessesAt(user), Now: now}
}

// guessesAt is the counters of every guess at what protects an account.
func (s *Service) guessesAt(user User) []CounterKey {
	return []CounterKey{
		KeyOf(user.Email).counter(),
		s.codeCounter(guessingFactor, user.ID).Key,
		s.codeCounter(guessingEnrolment, user.ID).Key,
	}
}

// reclaimEvent is the line of a Reclaim in the audit trail, which says how the
// address was proved.
func (s *Service) reclaimEvent(user User, how string, from Client) (Event, error) {
	event, err := s.event(ActReclaimAccount, user.ID, user.ID, from)
	event.Account, event.Detail = KeyOf(user.Email), how
	return event, err
}

// reclaimed tells Ephemeral what the Store has dropped.
func (s *Service) reclaimed(ctx context.Context, r Reclaim, ended []string) {
	s.sessionsEnded(ctx, ended...)
	s.unlocked(ctx, r.Clears...)
}

// DisownEmail redeems a link that was mailed to somebody who did not ask for it.
// A new account becomes theirs alone; a reset gives it a password. A change of
// address to theirs is cancelled, and that account stays as it is, since they
// have no more to do with it than their address. It says whether the address is
// proved, and refuses with VerifyTokenInvalid, Busy or DatabaseUnavailable. An
// access token is not needed; one that is not good is refused as bearer does.
func (s *Service) DisownEmail(ctx context.Context, secret, access Secret, from Client) (proved bool, err error) {
	if _, err := s.bearer(ctx, access); err != nil {
		return false, err
	}
	ticket, user, err := s.verificationTicket(ctx, secret)
	switch {
	case err != nil:
		return false, err
	case ticket.Kind == ChangeEmailTicket:
		return false, s.cancelChange(ctx, ticket, user, from)
	default:
		return true, s.reclaimByMail(ctx, ticket, user, from)
	}
}

func (s *Service) cancelChange(ctx context.Context, ticket Ticket, user User, from Client) error {
	event, err := s.event(ActCancelEmailChange, "", user.ID, from)
	if err != nil {
		return err
	}
	event.Account = KeyOf(ticket.Email)
	cancelled, err := s.Store.CancelTicket(ctx, ticket.Kind, ticket.Hash, Effects{Events: []Event{event}}, event.At)
	switch {
	case err != nil:
		return err
	case !cancelled:
		return refuse(VerifyTokenInvalid)
	}
	s.log(ctx, event)
	return nil
}

// reclaimByMail tries again while the account changes under its hands, or whoever
// is in it could keep its owner from claiming it.
func (s *Service) reclaimByMail(ctx context.Context, ticket Ticket, user User, from Client) error {
	event, err := s.reclaimEvent(user, "mail", from)
	if err != nil {
		return err
	}
	mails, err := s.reclaimNotice(user, Notice{}, from)
	if err != nil {
		return err
	}
	reclaim := s.newReclaim(user, event.At)
	for range mostTries {
		reclaimed, err := s.Store.ReclaimByMail(ctx, reclaim, ticket.Hash, Effects{Messages: mails, Events: []Event{event}})
		switch {
		case err != nil:
			return err
		case reclaimed.Done:
			s.reclaimed(ctx, reclaim, reclaimed.Ended)
			s.log(ctx, event)
			return nil
		}
		good, err := s.stillUnproved(ctx, ticket)
		switch {
		case err != nil:
			return err
		case !good:
			return refuse(VerifyTokenInvalid)
		}
	}
	return refuseFor(Busy, time.Second)
}

// stillUnproved reports whether a Reclaim by a mailed ticket may still come about.
func (s *Service) stillUnproved(ctx context.Context, ticket Ticket) (bool, error) {
	_, good, err := s.Store.PeekTicket(ctx, ticket.Kind, ticket.Hash, s.Now())
	if err != nil || !good {
		return false, err
	}
	user, found, err := s.Store.UserByID(ctx, ticket.UserID)
	return found && user.DisabledAt == nil && user.EmailVerifiedAt == nil && user.Email == ticket.Email, err
}

// reclaimNotice does not call the reader by the name that somebody else may have
// chosen.
func (s *Service) reclaimNotice(user User, n Notice, from Client) ([]Message, error) {
	user.Name = ""
	return s.noticeOf(AccountReclaimedMessage, user, n, from)
}

// reclaimByIdentity is false, and no error, when somebody else was quicker.
func (s *Service) reclaimByIdentity(ctx context.Context, user User, identity Identity, from Client) (bool, error) {
	provider, err := findProvider(s.Settings(), identity.Provider)
	if err != nil {
		return false, err
	}
	event, err := s.reclaimEvent(user, identity.Provider, from)
	if err != nil {
		return false, err
	}
	mails, err := s.reclaimNotice(user, Notice{Provider: provider.DisplayName}, from)
	if err != nil {
		return false, err
	}
	reclaim := s.newReclaim(user, event.At)
	ended := []string{}
	done, err := s.keepIdentity(ctx, ActLinkIdentity, user.ID, identity, mails, from, func(ctx context.Context, i LinkedIdentity, also Effects) (bool, error) {
		also.Events = append(also.Events, event)
		reclaimed, err := s.Store.ReclaimByIdentity(ctx, reclaim, i, also)
		ended = reclaimed.Ended
		return reclaimed.Done, err
	})
	if err == nil && done {
		s.reclaimed(ctx, reclaim, ended)
		s.log(ctx, event)
	}
	return done, err
}
