// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"slices"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// ClientToken is what a client's access token says, which is good now. Like Verify, it
// never asks the Store. It refuses with TokenMissing, TokenExpired or TokenInvalid, the
// last also for a token that is no client's, one that was revoked, one whose grant has
// ended and one whose user is disabled or gone.
func (s *Service) ClientToken(ctx context.Context, access auth.Secret) (auth.ClientToken, error) {
	if access == "" {
		return auth.ClientToken{}, auth.Refuse(auth.TokenMissing)
	}
	t, err := s.Tokens.VerifyClient(access)
	if err != nil {
		return auth.ClientToken{}, err
	}
	if s.worthless(ctx, t) {
		return auth.ClientToken{}, auth.Refuse(auth.TokenInvalid)
	}
	return t, nil
}

// worthless reports whether a client's token is good no longer although it has not
// expired.
func (s *Service) worthless(ctx context.Context, t auth.ClientToken) bool {
	about := []string{t.ID}
	if t.GrantID != "" {
		about = append(about, t.GrantID)
	}
	if t.OfUser() {
		about = append(about, t.Subject)
	}
	if s.revoked.any(about...) {
		return true
	}
	s.hearNews(ctx, about...)
	return s.revoked.any(about...)
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

// ForwardedClients says which tokens of clients a gateway lets through, besides those of
// the realm itself: those of some clients, and of these such as are for the client
// itself or for one of some audiences.
type ForwardedClients struct{ IDs, Audiences []string }

// takes reports whether a gateway lets a token through.
func (f ForwardedClients) takes(t auth.ClientToken) bool {
	return slices.Contains(f.IDs, t.ClientID) && (t.IsFor(t.ClientID) || t.IsFor(f.Audiences...))
}

// VerifyClient says for a gateway whose token of a client it was shown. It refuses as
// ClientToken does, and with TokenInvalid a token that the gateway does not let through.
func (s *Service) VerifyClient(ctx context.Context, access auth.Secret, through ForwardedClients) (auth.ClientToken, error) {
	t, err := s.ClientToken(ctx, access)
	if err != nil {
		return auth.ClientToken{}, err
	}
	if !through.takes(t) {
		return auth.ClientToken{}, auth.Refuse(auth.TokenInvalid)
	}
	return t, nil
}
