// SPDX-License-Identifier: Apache-2.0

package auth

import "context"

// Logout ends the session that either token belongs to. A session that is over
// already is a success, so that a client may repeat itself. Without a token it
// refuses with TokenMissing; with nothing but a bad access token, as Verify does.
func (s *Service) Logout(ctx context.Context, access, refresh Secret, from Client) error {
	if access == "" && refresh == "" {
		return refuse(TokenMissing)
	}
	if err := s.logoutByAccess(ctx, access, from); err != nil && refresh == "" {
		return err
	}
	return s.logoutByRefresh(ctx, refresh, from)
}

func (s *Service) logoutByAccess(ctx context.Context, access Secret, from Client) error {
	if access == "" {
		return nil
	}
	subject, err := s.Tokens.Verify(access)
	if err != nil {
		return err
	}
	return s.logout(ctx, subject, from)
}

func (s *Service) logoutByRefresh(ctx context.Context, presented Secret, from Client) error {
	token, ok := parseRefreshToken(presented)
	if !ok {
		return nil
	}
	spent, known, err := s.Store.Spent(ctx, token.hash())
	if err != nil || !known || spent.Ended {
		return err
	}
	return s.logout(ctx, spent.Subject, from)
}

func (s *Service) logout(ctx context.Context, subject Subject, from Client) error {
	event, err := s.event(ActLogout, subject.UserID, subject.UserID, from)
	if err != nil {
		return err
	}
	_, err = s.endSession(ctx, subject.SessionID, EndedByLogout, event)
	return err
}

// endSession ends a session and says whether it was alive; then the event tells of it.
func (s *Service) endSession(ctx context.Context, id string, reason EndReason, told Event) (bool, error) {
	told.Detail = id
	ended, err := s.Store.EndSession(ctx, id, reason, told.At, Effects{Events: []Event{told}})
	if err != nil || !ended {
		return false, err
	}
	s.sessionsEnded(ctx, id)
	s.log(ctx, told)
	return true, nil
}
