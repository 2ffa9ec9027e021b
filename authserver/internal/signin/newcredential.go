// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// CompleteNewPassword lets a user in who has set a password just now, by a mailed link, or asks
// for their second factor. It refuses with AccountDisabled, SigningUnavailable or
// DatabaseUnavailable, or with InvalidCredentials when the user has changed meanwhile.
func (s *Service) CompleteNewPassword(ctx context.Context, user auth.User, from auth.Client) (SignIn, error) {
	return s.recorded(ctx, user, from, func(a authentication) (SignIn, error) {
		a.method, a.amr = "password", []string{"pwd"}
		return s.complete(ctx, a)
	})
}

// CompleteNewPasskey lets a user in who has set up a passkey just now, by a mailed link, and has
// shown their second factor if they have one. It refuses as CompleteNewPassword does.
func (s *Service) CompleteNewPasskey(ctx context.Context, user auth.User, from auth.Client) (SignIn, error) {
	return s.recorded(ctx, user, from, func(a authentication) (SignIn, error) {
		if err := s.admits(user); err != nil {
			return SignIn{}, err
		}
		a.method, a.amr = byPasskey, []string{proofOfPossession, twoFactors}
		grant, err := s.openSession(ctx, a, nil)
		return SignIn{Grant: grant, ShownSince: a.shownSince}, err
	})
}

func (s *Service) recorded(ctx context.Context, user auth.User, from auth.Client, admit func(authentication) (SignIn, error)) (SignIn, error) {
	account := auth.KeyOf(user.Email)
	result, err := admit(authentication{user: user, account: account, from: from, newHash: user.PasswordHash, shownSince: s.Now()})
	if err != nil {
		s.recordRefusal(ctx, account, from, err)
	}
	return result, err
}
