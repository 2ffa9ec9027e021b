// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Rotation replaces a refresh token by its successor.
type Rotation struct {
	Used      auth.TokenHash
	Successor auth.TokenHash
	// Family is the number of that of both.
	Family int32
	// Sealed is the successor, readable only with the used token.
	Sealed []byte
	// Since is when the session must have begun at the earliest.
	Since     time.Time
	Now       time.Time
	ExpiresAt time.Time
}

// Outcomes of a refresh, as the Observer sees them.
const (
	refreshRotated = "rotated"
	refreshGrace   = "grace_retry"
	refreshReuse   = "reuse"
	refreshEnded   = "reuse_of_ended_session"
	refreshExpired = "expired"
	refreshUnknown = "unknown"
)

// Refresh replaces a refresh token and issues a new access token. It refuses
// with RefreshTokenInvalid, SigningUnavailable or DatabaseUnavailable.
func (s *Service) Refresh(ctx context.Context, presented auth.Secret, from auth.Client) (Grant, error) {
	token, ok := parseRefreshToken(presented)
	if !ok {
		return s.refuseRefresh(refreshUnknown)
	}
	if err := s.Tokens.Ready(); err != nil {
		return Grant{}, err
	}
	if grant, ok, err := s.remembered(ctx, token); ok || err != nil {
		return grant, err
	}
	grant, rotated, err := s.rotate(ctx, token)
	if rotated || err != nil {
		return grant, err
	}
	return s.retryOrReuse(ctx, token, from)
}

// rotate uses the token up. Of any number of callers at once it succeeds for one.
func (s *Service) rotate(ctx context.Context, token RefreshToken) (Grant, bool, error) {
	tokens := s.Settings().Tokens
	now := s.Now()
	successor, err := token.next(s.Random, now)
	if err != nil {
		return Grant{}, false, err
	}
	sealed, err := token.SealSuccessor(successor)
	if err != nil {
		return Grant{}, false, err
	}
	lifetime := time.Duration(tokens.RefreshTokenLifetime)
	subject, rotated, err := s.Store.Rotate(ctx, Rotation{
		Used: token.Hash(), Successor: successor.Hash(), Family: token.Family().Number, Sealed: sealed,
		Since: tokens.SessionsSince(now), Now: now, ExpiresAt: now.Add(lifetime),
	})
	if err != nil || !rotated {
		return Grant{}, false, err
	}
	grace := time.Duration(tokens.RefreshGracePeriod)
	s.remember(ctx, token, answer{successor, subject, now.Add(lifetime), now.Add(grace)}, grace)
	s.Observer.Refresh(refreshRotated)
	grant, err := s.Issue(subject, successor, lifetime)
	return grant, true, err
}

func (s *Service) refuseRefresh(outcome string) (Grant, error) {
	s.Observer.Refresh(outcome)
	return Grant{}, auth.Refuse(auth.RefreshTokenInvalid)
}
