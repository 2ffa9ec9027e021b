// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Rotation replaces a refresh token by its successor.
type Rotation struct {
	Used      auth.TokenHash
	Successor auth.TokenHash
	// Sealed is the successor, readable only with the used token.
	Sealed []byte
	// Since is when the session must have begun at the earliest.
	Since     time.Time
	Now       time.Time
	ExpiresAt time.Time
}

// UsedRefreshToken is a refresh token that Rotate refused.
type UsedRefreshToken struct {
	Subject   auth.Subject
	Ended     bool
	RotatedAt *time.Time
	Sealed    []byte
	// SessionBeganAt is when the session's login was, SessionExpiresAt when the newest token of the session expires.
	SessionBeganAt, SessionExpiresAt time.Time
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
	successor, err := NewRefreshToken(s.Random)
	if err != nil {
		return Grant{}, false, err
	}
	sealed, err := token.seal(sealForStore, []byte(successor))
	if err != nil {
		return Grant{}, false, err
	}
	now := s.Now()
	lifetime := time.Duration(tokens.RefreshTokenLifetime)
	subject, rotated, err := s.Store.Rotate(ctx, Rotation{
		Used: token.Hash(), Successor: successor.Hash(), Sealed: sealed,
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

// retryOrReuse decides what a dead token means: an answer that got lost, or a
// copy in the wrong hands.
func (s *Service) retryOrReuse(ctx context.Context, token RefreshToken, from auth.Client) (Grant, error) {
	used, known, err := s.Store.UsedRefreshToken(ctx, token.Hash())
	if err != nil {
		return Grant{}, err
	}
	now := s.Now()
	tokens := s.Settings().Tokens
	grace := time.Duration(tokens.RefreshGracePeriod)
	switch {
	case !known:
		return s.refuseRefresh(refreshUnknown)
	case used.Ended, used.SessionBeganAt.Before(tokens.SessionsSince(now)):
		return s.refuseRefresh(refreshEnded)
	case used.RotatedAt == nil:
		return s.refuseRefresh(refreshExpired)
	case now.Sub(*used.RotatedAt) < grace:
		successor, err := token.open(sealForStore, used.Sealed)
		if err != nil {
			return Grant{}, err
		}
		s.Observer.Refresh(refreshGrace)
		return s.Issue(used.Subject, RefreshToken(successor), used.SessionExpiresAt.Sub(now))
	}
	if err := s.endReused(ctx, used.Subject, from); err != nil {
		return Grant{}, err
	}
	return s.refuseRefresh(refreshReuse)
}

// endReused ends a session one of whose tokens is in two hands. Nobody knows whether it
// is the user who shows it: the audit log names no actor.
func (s *Service) endReused(ctx context.Context, subject auth.Subject, from auth.Client) error {
	event, err := s.Audit.NewEvent(auth.ActReuse, "", subject.UserID, from)
	if err != nil {
		return err
	}
	event.Outcome = string(auth.RefreshTokenInvalid)
	_, err = s.endSession(ctx, subject.SessionID, EndedByReuse, event)
	return err
}

func (s *Service) refuseRefresh(outcome string) (Grant, error) {
	s.Observer.Refresh(outcome)
	return Grant{}, auth.Refuse(auth.RefreshTokenInvalid)
}

// answer is what a rotation answered, kept for those who ask again.
type answer struct {
	Successor RefreshToken `json:"successor"`
	Subject   auth.Subject `json:"subject"`
	ExpiresAt time.Time    `json:"expiresAt"`
	// GraceEnds is stated, not left to Ephemeral: its clock is not ours.
	GraceEnds time.Time `json:"graceEnds"`
}

// remember keeps an answer for the grace period, sealed like the one in the
// Store, so that Ephemeral learns neither the successor nor whose it is.
func (s *Service) remember(ctx context.Context, token RefreshToken, a answer, grace time.Duration) {
	if grace <= 0 {
		return
	}
	sealed, err := a.sealedFor(token)
	if err != nil {
		s.Log.ErrorContext(ctx, "refresh answer not remembered", "error", err)
		return
	}
	s.Ephemeral.KeepSuccessor(ctx, token.Hash(), sealed, grace)
}

func (a answer) sealedFor(token RefreshToken) ([]byte, error) {
	document, err := json.Marshal(a)
	if err != nil {
		return nil, fmt.Errorf("encode refresh answer: %w", err)
	}
	return token.seal(sealForEphemeral, document)
}

// remembered answers a retry without asking the Store, if it can.
func (s *Service) remembered(ctx context.Context, token RefreshToken) (Grant, bool, error) {
	sealed, ok := s.Ephemeral.Successor(ctx, token.Hash())
	if !ok {
		return Grant{}, false, nil
	}
	document, err := token.open(sealForEphemeral, sealed)
	if err != nil {
		return Grant{}, false, nil
	}
	var a answer
	if err := json.Unmarshal(document, &a); err != nil {
		return Grant{}, false, nil
	}
	now, tokens := s.Now(), s.Settings().Tokens
	rotatedAt := a.GraceEnds.Add(-time.Duration(tokens.RefreshGracePeriod))
	if !now.Before(a.GraceEnds) || rotatedAt.Before(tokens.SessionsSince(now)) || s.revocationOf(ctx, a.Subject) != "" {
		return Grant{}, false, nil
	}
	s.Observer.Refresh(refreshGrace)
	grant, err := s.Issue(a.Subject, a.Successor, a.ExpiresAt.Sub(now))
	return grant, true, err
}
