// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Continuation makes of a session that has just begun a new proof of an earlier one.
type Continuation struct {
	// Begun and Earlier are refresh tokens of the two; Begun stays good.
	Begun, Earlier auth.TokenHash
	// EarlierFamily is the number of that of Earlier.
	EarlierFamily int32
	// UsedSince is since when Earlier may have been replaced, by another tab.
	UsedSince time.Time
	// Since is when the earlier session must have begun at the earliest.
	Since, Now time.Time
}

// Continue ends the session that a browser had before somebody has signed in there. One of
// the same user is continued instead: it keeps its id and what clients were granted in it,
// and has the sign-in's time, methods and refresh token. Its own tokens are worth nothing
// any more, whoever holds them. The result takes the place of begun. It refuses with
// SigningUnavailable or DatabaseUnavailable.
func (s *Service) Continue(ctx context.Context, begun Grant, earlier auth.Secret, from auth.Client) (Grant, error) {
	if earlier == "" {
		return begun, nil
	}
	continued, err := s.continued(ctx, begun, earlier)
	if err != nil || continued.RefreshToken != "" {
		return continued, err
	}
	return begun, s.Logout(ctx, "", earlier, from)
}

// continued is the Grant of the earlier session; none when that is over or another user's.
func (s *Service) continued(ctx context.Context, begun Grant, earlier auth.Secret) (Grant, error) {
	token, ok := parseRefreshToken(earlier)
	last, fresh := parseRefreshToken(begun.RefreshToken)
	if !ok || !fresh {
		return Grant{}, nil
	}
	now, tokens := s.Now(), s.Settings().Tokens
	subject, continued, err := s.Store.ContinueSession(ctx, Continuation{
		Begun: last.Hash(), Earlier: token.Hash(), EarlierFamily: token.Family().Number, Since: tokens.SessionsSince(now), Now: now,
		UsedSince: now.Add(-time.Duration(tokens.RefreshGracePeriod)),
	})
	if err != nil || !continued {
		return Grant{}, err
	}
	grant, err := s.Issue(subject, last, begun.RefreshLifetime)
	grant.DeviceToken = begun.DeviceToken
	return grant, err
}
