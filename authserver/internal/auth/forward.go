// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"slices"
)

// Verify says for a gateway whom an access token speaks for; roles, if any, are
// the ones it lets through. It never asks the Store: what was revoked elsewhere it
// learns from Ephemeral, or a revocationPoll later. It refuses with TokenMissing,
// TokenExpired (also when the user's role is another by now), TokenInvalid (also
// when the session has ended) or PermissionDenied.
func (s *Service) Verify(ctx context.Context, access Secret, roles []string) (Subject, error) {
	if access == "" {
		return Subject{}, refuse(TokenMissing)
	}
	subject, err := s.Tokens.Verify(access)
	if err != nil {
		return Subject{}, err
	}
	switch code := s.revocationOf(ctx, subject); {
	case code != "":
		return Subject{}, refuse(code)
	case len(roles) > 0 && !slices.Contains(roles, subject.Role):
		return Subject{}, refuse(PermissionDenied)
	}
	return subject, nil
}
