// SPDX-License-Identifier: Apache-2.0

package grant

import (
	"context"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// Of finds the grant that a refresh token is of, for whoever is asked about the token or
// told to revoke it (RFC 7662, RFC 7009). Live is false when the token is of no use any
// more; found when nobody knows it. It refuses with DatabaseUnavailable.
func (s *Service) Of(ctx context.Context, presented auth.Secret) (held Held, live, found bool, err error) {
	if !auth.IsOpaque(RefreshPrefix, presented) {
		return Held{}, false, false, nil
	}
	now := s.Now()
	used, known, err := s.Store.UsedGrantToken(ctx, auth.HashOf(presented), now)
	if err != nil || !known {
		return Held{}, false, false, err
	}
	live = !used.Ended && used.RotatedAt == nil && used.Grant.ExpiresAt.After(now) &&
		!used.SessionBeganAt.Before(s.Settings().Tokens.SessionsSince(now))
	return used.Held, live, true, nil
}

// Live reads a grant and its user as they are now; false when the grant is over. It refuses
// with DatabaseUnavailable.
func (s *Service) Live(ctx context.Context, id string) (Held, bool, error) {
	now := s.Now()
	return s.Store.LiveGrant(ctx, id, now, s.Settings().Tokens.SessionsSince(now))
}

// End ends a grant, by which every token of it dies, and says whether it was alive. An
// empty actor is the client itself. It refuses with DatabaseUnavailable.
func (s *Service) End(ctx context.Context, held Held, reason session.EndReason, actorID string, from auth.Client) (bool, error) {
	told, err := s.Audit.NewEvent(auth.ActEndGrant, actorID, held.User.ID, from)
	if err != nil {
		return false, err
	}
	told.Detail = held.Grant.ClientID
	return s.end(ctx, held.Grant.ID, reason, told)
}

func (s *Service) end(ctx context.Context, id string, reason session.EndReason, told auth.Event) (bool, error) {
	ended, err := s.Store.EndGrant(ctx, id, reason, told.At, told)
	if err != nil || !ended {
		return false, err
	}
	s.Sessions.RevokeSessions(ctx, id)
	s.Audit.Print(ctx, told)
	return true, nil
}
