// SPDX-License-Identifier: Apache-2.0

package auth

import "context"

// caller is the user an access token speaks for, as the Store knows them now,
// and the session it belongs to. It refuses with TokenMissing, TokenExpired,
// TokenInvalid (also when the session has ended or the user is disabled) or
// DatabaseUnavailable.
func (s *Service) caller(ctx context.Context, access Secret) (User, Subject, error) {
	if access == "" {
		return User{}, Subject{}, refuse(TokenMissing)
	}
	subject, err := s.Tokens.Verify(access)
	if err != nil {
		return User{}, Subject{}, err
	}
	user, live, err := s.Store.UserOfSession(ctx, subject.UserID, subject.SessionID, s.Now())
	switch {
	case err != nil:
		return User{}, Subject{}, err
	case !live:
		return User{}, Subject{}, refuse(TokenInvalid)
	}
	return user, subject, nil
}
