// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"time"
)

// Logout ends the session that either token belongs to. A session that is over
// already is a success, so that a client may repeat itself. Without a token it
// refuses with TokenMissing; with nothing but a bad access token, as Verify does.
func (s *Service) Logout(ctx context.Context, access, refresh Secret) error {
	if access == "" && refresh == "" {
		return refuse(TokenMissing)
	}
	if err := s.logoutByAccess(ctx, access); err != nil && refresh == "" {
		return err
	}
	return s.logoutByRefresh(ctx, refresh)
}

func (s *Service) logoutByAccess(ctx context.Context, access Secret) error {
	if access == "" {
		return nil
	}
	subject, err := s.Tokens.Verify(access)
	if err != nil {
		return err
	}
	return s.endSession(ctx, subject.SessionID, EndedByLogout)
}

func (s *Service) logoutByRefresh(ctx context.Context, presented Secret) error {
	token, ok := parseRefreshToken(presented)
	if !ok {
		return nil
	}
	id, err := s.Store.EndSessionOf(ctx, token.hash(), EndedByLogout, s.Now())
	if err != nil || id == "" {
		return err
	}
	s.forgetAnswers(ctx, id)
	return nil
}

func (s *Service) endSession(ctx context.Context, id string, reason EndReason) error {
	if err := s.Store.EndSession(ctx, id, reason, s.Now()); err != nil {
		return err
	}
	s.forgetAnswers(ctx, id)
	return nil
}

// forgetAnswers tells Ephemeral that a session has ended: for as long as it could
// be answered out of a grace period, or a gateway believe its access token.
func (s *Service) forgetAnswers(ctx context.Context, sessionID string) {
	tokens := s.Settings().Tokens
	s.Ephemeral.MarkEnded(ctx, sessionID, time.Duration(max(tokens.RefreshGracePeriod, tokens.AccessTokenLifetime)))
}
