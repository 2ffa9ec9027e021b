// SPDX-License-Identifier: Apache-2.0

package auth

import "context"

// NewUser is a user as an admin describes them.
type NewUser struct {
	Email string
	// Password is empty for a user who is invited by mail to set one.
	Password     Secret
	Name, Locale string
	// Role is UserRole when it is empty.
	Role string
}

// CreateUser adds a user on behalf of an admin, who vouches for the address. It
// refuses as provenAdmin does, since a vouched-for address speaks for whoever has
// it; with InvalidRequest, EmailTaken, PasswordRejected, Busy, or, where somebody is
// to be invited and the realm cannot send mail, EmailUnavailable.
func (s *Service) CreateUser(ctx context.Context, access Secret, n NewUser, p Proof, from Client) (User, error) {
	if n.Role == "" {
		n.Role = UserRole
	}
	actor, err := s.provenAdmin(ctx, access, ActCreateUser, "", p, from)
	if err != nil {
		return User{}, err
	}
	email, err := parseEmail(n.Email)
	if err != nil {
		return User{}, err
	}
	now := s.Now()
	user := User{
		Email: string(email), Name: n.Name, Locale: n.Locale, Role: n.Role,
		EmailVerifiedAt: &now, CreatedAt: now,
	}
	if user.ID, err = s.newID(); err != nil {
		return User{}, err
	}
	event, err := s.event(ActCreateUser, actor.ID, user.ID, from)
	if err != nil {
		return User{}, err
	}
	event.Detail = user.Role
	also := Effects{Events: []Event{event}}
	ticket := (*Ticket)(nil)
	if n.Password == "" {
		ticket, err = s.invite(user, from, &also)
	} else {
		user.PasswordHash, err = s.newHash(ctx, user, n.Password, from)
	}
	if err != nil {
		return User{}, err
	}
	added, err := s.Store.AddUser(ctx, user, ticket, also)
	switch {
	case err != nil:
		return User{}, err
	case !added:
		return User{}, refuse(EmailTaken)
	}
	s.log(ctx, event)
	return user, nil
}

// invite adds to the effects a mail whose link sets the first password.
func (s *Service) invite(user User, from Client, also *Effects) (*Ticket, error) {
	ticket, message, err := s.newLink(ResetTicket, user, user.Email, from)
	if err != nil {
		return nil, err
	}
	also.Messages = append(also.Messages, message)
	return &ticket, nil
}

func (s *Service) newHash(ctx context.Context, user User, password Secret, from Client) (string, error) {
	if err := s.checkNewPassword(password, user.Email, user.Name); err != nil {
		return "", err
	}
	hash, err := s.Passwords.Hash(ctx, from.Source(), string(password), s.Settings().Passwords.BcryptCost)
	return hash, full(err)
}
