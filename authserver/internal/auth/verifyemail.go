// SPDX-License-Identifier: Apache-2.0

package auth

import "context"

// Confirmation is how somebody follows a link that was mailed to an address.
type Confirmation struct {
	Token Secret
	// Access is a token of the account, Password the account's. One is enough;
	// with both, the password is looked at.
	Access, Password Secret
}

// Verification is what the link of a verification mail stands for.
type Verification struct {
	// Email is the address that it proves.
	Email string
	// Changes is set when the address is to take the place of another one.
	Changes bool
	// Own is set when the access token is of the account.
	Own bool
}

// CheckVerification says what a mailed link stands for as long as it works, and
// leaves it so. The access token may be empty. It refuses with
// VerifyTokenInvalid, TokenExpired, TokenInvalid or DatabaseUnavailable.
func (s *Service) CheckVerification(ctx context.Context, secret, access Secret) (Verification, error) {
	bearer, err := s.bearer(ctx, access)
	if err != nil {
		return Verification{}, err
	}
	ticket, user, err := s.verificationTicket(ctx, secret)
	if err != nil {
		return Verification{}, err
	}
	return Verification{Email: ticket.Email, Changes: ticket.Kind == ChangeEmailTicket, Own: bearer == user.ID}, nil
}

// bearer is the id of the user an access token speaks for, or empty without a
// token. It refuses a token as caller does.
func (s *Service) bearer(ctx context.Context, access Secret) (string, error) {
	if access == "" {
		return "", nil
	}
	user, _, err := s.caller(ctx, access)
	return user.ID, err
}

// VerifyEmail redeems a link that was mailed: the address is proved, and becomes
// the user's if they have asked to change theirs. The link alone shows who reads
// the mail, and not that the account is theirs: somebody may have made it, or
// changed its address, with the address of another. It refuses as bearer does,
// with VerifyTokenInvalid, as showsAccount does, or with EmailTaken or
// DatabaseUnavailable, and uses up nothing then.
func (s *Service) VerifyEmail(ctx context.Context, c Confirmation, from Client) error {
	bearer, err := s.bearer(ctx, c.Access)
	if err != nil {
		return err
	}
	ticket, user, err := s.verificationTicket(ctx, c.Token)
	if err != nil {
		return err
	}
	if err := s.showsAccount(ctx, user, bearer, c.Password, from); err != nil {
		return err
	}
	event, err := s.event(ActVerifyEmail, user.ID, user.ID, from)
	if err != nil {
		return err
	}
	event.Account = KeyOf(ticket.Email)
	also := Effects{Events: []Event{event}}
	if ticket.Kind == ChangeEmailTicket {
		// The address that goes is told: its owner may not have asked for it.
		also.Events[0].Action = ActChangeEmail
		if also.Messages, err = s.notice(EmailChangedMessage, user, from); err != nil {
			return err
		}
	}
	proved, err := s.Store.ProveEmail(ctx, ticket.Kind, ticket.Hash, also, event.At)
	switch {
	case err != nil:
		return err
	case !proved:
		return refuse(VerifyTokenInvalid)
	}
	s.log(ctx, also.Events[0])
	return nil
}

// verificationTicket reads the ticket of a link that proves an address, and whose
// account it is about. It refuses with VerifyTokenInvalid.
func (s *Service) verificationTicket(ctx context.Context, secret Secret) (Ticket, User, error) {
	kind := VerifyEmailTicket
	if changesEmail(secret) {
		kind = ChangeEmailTicket
	}
	ticket, user, found, err := s.mailedTicket(ctx, kind, secret)
	if err == nil && !found {
		err = refuse(VerifyTokenInvalid)
	}
	return ticket, user, err
}

// showsAccount checks that whoever follows a mailed link has the account, too: its
// password or, when none is given, a session of it. It refuses with ProofRequired
// or as provePassword does. A wrong password is counted like one at a login.
func (s *Service) showsAccount(ctx context.Context, user User, bearer string, password Secret, from Client) error {
	switch {
	case password == "" && bearer == user.ID:
		return nil
	case password == "":
		return refuse(ProofRequired)
	}
	err := s.provePassword(ctx, user, password, from)
	if err != nil {
		s.record(ctx, Event{
			Action: ActVerifyEmail, Outcome: outcomeOf(err), TargetID: user.ID,
			Address: from.Address, UserAgent: from.UserAgent, At: s.Now(),
		})
	}
	return err
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
