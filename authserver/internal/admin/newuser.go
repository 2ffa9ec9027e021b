// SPDX-License-Identifier: Apache-2.0

package admin

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
)

// NewUser is a user as an admin describes them.
type NewUser struct {
	Email string
	// Password is empty for a user who is invited by mail to set one.
	Password     auth.Secret
	Name, Locale string
	// Role is UserRole when it is empty.
	Role string
}

// CreateUser adds a user on behalf of an admin, who vouches for the address. It refuses
// as session.Admin and signin.RequireProof do, since a vouched-for address speaks for
// whoever has it; with InvalidRequest, EmailTaken, PasswordRejected, Busy, or, where
// somebody is to be invited, EmailUnavailable when the realm cannot send mail, or
// RateLimited when the address has had its invitations.
func (s *Service) CreateUser(ctx context.Context, access auth.Secret, n NewUser, p signin.Proof, from auth.Client) (auth.User, error) {
	if n.Role == "" {
		n.Role = auth.UserRole
	}
	actor, err := s.proven(ctx, access, auth.ActCreateUser, "", p, from)
	if err != nil {
		return auth.User{}, err
	}
	email, err := auth.ParseEmail(n.Email)
	if err != nil {
		return auth.User{}, err
	}
	locale, err := auth.ParseLocale(n.Locale)
	if err != nil {
		return auth.User{}, err
	}
	now := s.Now()
	user := auth.User{
		Email: string(email), Name: n.Name, Locale: locale, Role: n.Role,
		EmailVerifiedAt: &now, CreatedAt: now,
	}
	if user.ID, err = s.NewID(); err != nil {
		return auth.User{}, err
	}
	event, err := s.Audit.NewEvent(auth.ActCreateUser, actor.ID, user.ID, from)
	if err != nil {
		return auth.User{}, err
	}
	event.Detail = user.Role
	also := auth.Effects{Events: []auth.Event{event}}
	var token *auth.OneTimeToken
	if n.Password == "" {
		token, err = s.invite(user, from, &also)
	} else {
		user.PasswordHash, err = s.Accounts.HashNewPassword(ctx, user, n.Password, from)
	}
	if err != nil {
		return auth.User{}, err
	}
	added, err := s.Store.AddUser(ctx, user, token, also)
	switch {
	case err != nil:
		return auth.User{}, err
	case !added:
		return auth.User{}, auth.Refuse(auth.EmailTaken)
	}
	s.Audit.Print(ctx, event)
	return user, nil
}

// invite adds to the effects a mail whose link sets the first password.
func (s *Service) invite(user auth.User, from auth.Client, also *auth.Effects) (*auth.OneTimeToken, error) {
	token, message, err := s.Notify.NewLink(auth.ResetPasswordToken, user, user.Email, from)
	if err != nil {
		return nil, err
	}
	if message.Quotas, err = s.Notify.InvitationQuotas(user.Email); err != nil {
		return nil, err
	}
	also.Messages, also.Required = append(also.Messages, message), true
	return &token, nil
}
