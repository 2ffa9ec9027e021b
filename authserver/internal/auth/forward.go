// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"slices"
)

// Verify says for a gateway whom an access token speaks for; roles, if any, are
// the ones it lets through. It never asks the Store: a session that has ended is
// noticed as far as Ephemeral knows, and at the latest when the token expires.
// It refuses with TokenMissing, TokenExpired, TokenInvalid or PermissionDenied.
func (s *Service) Verify(ctx context.Context, access Secret, roles []string) (Subject, error) {
	if access == "" {
		return Subject{}, refuse(TokenMissing)
	}
	subject, err := s.Tokens.Verify(access)
	switch {
	case err != nil:
		return Subject{}, err
	case s.Ephemeral.SessionEnded(ctx, subject.SessionID):
		return Subject{}, refuse(TokenInvalid)
	case len(roles) > 0 && !slices.Contains(roles, subject.Role):
		return Subject{}, refuse(PermissionDenied)
	}
	return subject, nil
}
