// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// ClientToken is what a client's access token says, which is good now. Like Verify, it
// never asks the Store, unless the client has registered itself and is not remembered: then
// it refuses with DatabaseUnavailable, too. It refuses with TokenMissing, TokenExpired or
// TokenInvalid, the last also for a token that is no client's, one of a client that is no
// more, one that was revoked, one whose grant, or its session, has ended and one whose user
// is disabled or gone.
func (s *Service) ClientToken(ctx context.Context, access auth.Secret) (auth.ClientToken, error) {
	if access == "" {
		return auth.ClientToken{}, auth.Refuse(auth.TokenMissing)
	}
	t, err := s.Tokens.VerifyClient(access)
	if err != nil {
		return auth.ClientToken{}, err
	}
	ended, err := s.ofEnded(ctx, t)
	switch {
	case err != nil:
		return auth.ClientToken{}, err
	case ended || s.worthless(ctx, t):
		return auth.ClientToken{}, auth.Refuse(auth.TokenInvalid)
	}
	return t, nil
}

// ofEnded reports whether a token is of a client that is no more, or of one before that
// which had its id; or was handed on by such a one. Tokens tell the time in whole seconds.
func (s *Service) ofEnded(ctx context.Context, t auth.ClientToken) (bool, error) {
	for _, id := range t.Clients() {
		client, known, err := s.Clients.Find(ctx, id)
		if err != nil || !known || t.IssuedAt.Before(s.Clients.GrantsSince(client).Truncate(time.Second)) {
			return err == nil, err
		}
	}
	return false, nil
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
