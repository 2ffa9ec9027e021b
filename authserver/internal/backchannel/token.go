// SPDX-License-Identifier: Apache-2.0

package backchannel

import (
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// TokenType tells a logout token from every other JWT (section 2.4).
	TokenType = "logout+jwt" //nolint:gosec // a name
	// tokenLifetime is what the specification recommends at most.
	tokenLifetime = 2 * time.Minute
)

// logoutEvent says what kind of token it is (RFC 8417, section 2.2).
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// token tells the client of a logout (section 2.4), in a token of its own each time: a client
// that has seen the jti before may refuse it (section 2.6). It never has a nonce, so that
// nobody takes it for an ID token.
func (s *Service) token(c realmconfig.Client, l Logout) (auth.Secret, error) {
	id, err := s.NewID()
	if err != nil {
		return "", err
	}
	now := s.Now()
	return s.Signer.Sign(c.IDTokenSigningAlg, TokenType, map[string]any{
		"iss": s.Settings().Issuer, "sub": l.UserID, "aud": c.ID, "jti": id, "sid": l.SID,
		"iat": now.Unix(), "exp": now.Add(min(tokenLifetime, s.Signer.Longest())).Unix(),
		"events": map[string]any{logoutEvent: struct{}{}},
	})
}
