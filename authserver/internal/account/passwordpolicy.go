// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// HashNewPassword is the hash of a user's new password. It refuses with
// PasswordRejected or Busy.
func (s *Service) HashNewPassword(ctx context.Context, user auth.User, password auth.Secret, from auth.Client) (string, error) {
	if err := s.checkNewPassword(password, user.Email, user.Name); err != nil {
		return "", err
	}
	return s.hash(ctx, password, from)
}

// hash is of the password's normal form. It refuses with Busy.
func (s *Service) hash(ctx context.Context, password auth.Secret, from auth.Client) (string, error) {
	hash, err := s.Passwords.Hash(ctx, from.Source(), string(auth.NormalPassword(password)), s.Settings().Passwords.BcryptCost)
	return hash, auth.Overloaded(err)
}

// checkNewPassword refuses a password that the realm's rules do not take; see
// passwordrules.Rules.
func (s *Service) checkNewPassword(password auth.Secret, about ...string) error {
	return s.Rules.Check(password, about...)
}
