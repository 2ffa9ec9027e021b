// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Verify says for a gateway whom an access token speaks for; roles, if any, are the
// ones it lets through. It never asks the Store: what was revoked elsewhere it learns
// from Ephemeral at once, or within about a second by FollowRevocations. It refuses
// with TokenMissing, TokenExpired (also when the user's role is another by now),
// TokenInvalid (also when the session has ended, and a client's token: see VerifyFor) or
// PermissionDenied.
func (s *Service) Verify(ctx context.Context, access auth.Secret, roles []string) (auth.Subject, error) {
	if access == "" {
		return auth.Subject{}, auth.Refuse(auth.TokenMissing)
	}
	subject, err := s.Tokens.Verify(access)
	if err != nil {
		return auth.Subject{}, err
	}
	if err := s.Check(ctx, subject); err != nil {
		return auth.Subject{}, err
	}
	if len(roles) > 0 && !slices.Contains(roles, subject.Role) {
		return auth.Subject{}, auth.Refuse(auth.PermissionDenied)
	}
	return subject, nil
}

// Check refuses a subject who was known to be good before and is so no longer: with
// TokenInvalid when the session or the grant has ended or the user is disabled, and with
// TokenExpired when the user's role is another by now. Like Verify, it never asks the Store.
func (s *Service) Check(ctx context.Context, subject auth.Subject) error {
	if code := s.revocationOf(ctx, subject); code != "" {
		return auth.Refuse(code)
	}
	return nil
}
