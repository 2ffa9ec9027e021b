// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// ClientToken is what a client's access token says, which is good now. Like Verify, it
// never asks the Store. It refuses with TokenMissing, TokenExpired or TokenInvalid, the
// last also for a token that is no client's, one of a client that is no more, one that
// was revoked, one whose grant, or its session, has ended and one whose user is disabled
// or gone.
func (s *Service) ClientToken(ctx context.Context, access auth.Secret) (auth.ClientToken, error) {
	if access == "" {
		return auth.ClientToken{}, auth.Refuse(auth.TokenMissing)
	}
	t, err := s.Tokens.VerifyClient(access)
	if err != nil {
		return auth.ClientToken{}, err
	}
	if s.ofEnded(t) || s.worthless(ctx, t) {
		return auth.ClientToken{}, auth.Refuse(auth.TokenInvalid)
	}
	return t, nil
}

// ofEnded reports whether a token is of a client that is no more, or of one before that
// which had its id; or was handed on by such a one. Tokens tell the time in whole seconds.
func (s *Service) ofEnded(t auth.ClientToken) bool {
	return slices.ContainsFunc(t.Clients(), func(id string) bool {
		_, known := s.Clients.Find(id)
		return !known || t.IssuedAt.Before(s.Clients.GrantsSince(id).Truncate(time.Second))
	})
}

// worthless reports whether a client's token is good no longer although it has not
// expired.
func (s *Service) worthless(ctx context.Context, t auth.ClientToken) bool {
	about := []string{t.ID}
	for _, id := range []string{t.GrantID, t.SessionID} {
		if id != "" {
			about = append(about, id)
		}
	}
	if t.OfUser() {
		about = append(about, t.Subject)
	}
	if s.revoked.revokes(about...) {
		return true
	}
	s.hearNews(ctx, about...)
	return s.revoked.revokes(about...)
}

// RevokeToken makes one access token of a client worthless, everywhere and for good
// (RFC 7009).
func (s *Service) RevokeToken(ctx context.Context, t auth.ClientToken) error {
	if err := s.Store.RevokeToken(ctx, t.ID); err != nil {
		return err
	}
	s.Revoke(ctx, Revocation{About: t.ID})
	return nil
}
