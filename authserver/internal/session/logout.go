// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Logout ends the session that either token belongs to. A session that is over
// already is a success, so that a client may repeat itself. Without a token it
// refuses with TokenMissing; with nothing but a bad access token, as Verify does.
func (s *Service) Logout(ctx context.Context, access, refresh auth.Secret, from auth.Client) error {
	if access == "" && refresh == "" {
		return auth.Refuse(auth.TokenMissing)
	}
	if err := s.logoutByAccess(ctx, access, from); err != nil && refresh == "" {
		return err
	}
	return s.logoutByRefresh(ctx, refresh, from)
}

func (s *Service) logoutByAccess(ctx context.Context, access auth.Secret, from auth.Client) error {
	if access == "" {
		return nil
	}
	subject, err := s.Tokens.Verify(access)
	if err != nil {
		return err
	}
	return s.logout(ctx, subject, from)
}

func (s *Service) logoutByRefresh(ctx context.Context, presented auth.Secret, from auth.Client) error {
	token, ok := parseRefreshToken(presented)
	if !ok {
		return nil
	}
	used, known, err := s.Store.UsedRefreshToken(ctx, token.Hash(), token.Family())
	if err != nil || !known || used.Ended {
		return err
	}
	return s.logout(ctx, used.Subject, from)
}

// End ends the session of a subject that has shown to be its holder otherwise than by a token
// of the session. One that is over already is a success. It refuses with
// DatabaseUnavailable.
func (s *Service) End(ctx context.Context, subject auth.Subject, from auth.Client) error {
	return s.logout(ctx, subject, from)
}

func (s *Service) logout(ctx context.Context, subject auth.Subject, from auth.Client) error {
	event, err := s.Audit.NewEvent(auth.ActLogout, subject.UserID, subject.UserID, from)
	if err != nil {
		return err
	}
	_, err = s.endSession(ctx, subject.SessionID, EndedByLogout, event)
	return err
}

// endSession ends a session and says whether it was alive; then the event tells of it.
func (s *Service) endSession(ctx context.Context, id string, reason EndReason, told auth.Event) (bool, error) {
	told.Detail = id
	ended, err := s.Store.EndSession(ctx, id, reason, told.At, auth.Effects{Events: []auth.Event{told}})
	if err != nil || !ended {
		return false, err
	}
	s.RevokeSessions(ctx, id)
	s.Audit.Print(ctx, told)
	return true, nil
}
