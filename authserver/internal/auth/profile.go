// SPDX-License-Identifier: Apache-2.0

package auth

import "context"

// Profile is the user an access token speaks for, as the Store knows them now.
// It refuses with TokenMissing, TokenExpired, TokenInvalid (also when the
// session has ended) or DatabaseUnavailable.
func (s *Service) Profile(ctx context.Context, access Secret) (User, error) {
	if access == "" {
		return User{}, refuse(TokenMissing)
	}
	subject, err := s.Tokens.Verify(access)
	if err != nil {
		return User{}, err
	}
	user, live, err := s.Store.UserOfSession(ctx, subject.UserID, subject.SessionID)
	switch {
	case err != nil:
		return User{}, err
	case !live:
		return User{}, refuse(TokenInvalid)
	}
	return user, nil
}
