// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"strings"
)

// VerifyEmail redeems a link that was mailed: the address is proved, and becomes
// the user's if they have asked to change theirs. It refuses with
// VerifyTokenInvalid, EmailTaken or DatabaseUnavailable.
func (s *Service) VerifyEmail(ctx context.Context, secret Secret, from Client) error {
	kind := VerifyEmailTicket
	if prefix, _, _, _ := linkOf(ChangeEmailTicket, s.Settings()); strings.HasPrefix(string(secret), prefix) {
		kind = ChangeEmailTicket
	}
	ticket, user, found, err := s.mailedTicket(ctx, kind, secret)
	switch {
	case err != nil:
		return err
	case !found:
		return refuse(VerifyTokenInvalid)
	}
	event, err := s.event(ActVerifyEmail, user.ID, user.ID, from)
	if err != nil {
		return err
	}
	event.Account = KeyOf(ticket.Email)
	also := Effects{Events: []Event{event}}
	if kind == ChangeEmailTicket {
		// The address that goes is told: its owner may not have asked for it.
		also.Events[0].Action = ActChangeEmail
		if also.Messages, err = s.notice(EmailChangedMessage, user, from); err != nil {
			return err
		}
	}
	proved, err := s.Store.ProveEmail(ctx, kind, ticket.Hash, also, event.At)
	switch {
	case err != nil:
		return err
	case !proved:
		return refuse(VerifyTokenInvalid)
	}
	s.log(ctx, also.Events[0])
	return nil
}

// ResendVerification mails a new link to an address that is not verified yet.
// Whoever asks is answered the same after the same work, whether or not there is
// such an account. It refuses with InvalidRequest, EmailUnavailable or
// DatabaseUnavailable.
func (s *Service) ResendVerification(ctx context.Context, email string, from Client) error {
	address, err := parseEmail(email)
	if err != nil {
		return err
	}
	user, _, err := s.Store.UserByEmail(ctx, address)
	if err != nil {
		return err
	}
	if user.EmailVerifiedAt != nil {
		user = User{}
	}
	return s.mailLink(ctx, VerifyEmailTicket, ActRequestVerification, user, "", string(address), from)
}

// ChangeEmail mails a link to an address that the user wants to have; following
// it makes it theirs, unless the session that asked has been ended meanwhile by
// more than a logout. It refuses as caller and prove do, or with InvalidRequest,
// EmailTaken, which a realm that conceals its accounts keeps to itself, or
// EmailUnavailable.
func (s *Service) ChangeEmail(ctx context.Context, access Secret, email string, p Proof, from Client) error {
	user, subject, err := s.caller(ctx, access)
	if err != nil {
		return err
	}
	address, err := parseEmail(email)
	switch {
	case err != nil:
		return err
	case s.Settings().Email == nil:
		return refuse(EmailUnavailable)
	}
	if err := s.prove(ctx, user, subject, p, from); err != nil {
		return err
	}
	owner, taken, err := s.Store.UserByEmail(ctx, address)
	switch {
	case err != nil:
		return err
	case taken && owner.ID != user.ID:
		return s.addressTaken(ctx, ActChangeEmail, user.ID, owner, from)
	}
	return s.mailLink(ctx, ChangeEmailTicket, ActRequestVerification, user, subject.SessionID, string(address), from)
}
