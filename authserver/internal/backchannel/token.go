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

// claims are those of a logout token (section 2.4). It never has a nonce, so that nobody
// takes it for an ID token. Times are in seconds since 1970.
type claims struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	Audience  string `json:"aud"`
	IssuedAt  int64  `json:"iat"`
	ExpiresAt int64  `json:"exp"`
	ID        string `json:"jti"`
	Events    events `json:"events"`
	SessionID string `json:"sid"`
}

// events say what kind of token it is (RFC 8417, section 2.2).
type events struct {
	Logout struct{} `json:"http://schemas.openid.net/event/backchannel-logout"`
}

// token tells the client of a logout, in a token of its own each time: a client that has
// seen the jti before may refuse it (section 2.6).
func (s *Service) token(c realmconfig.Client, l Logout) (auth.Secret, error) {
	id, err := s.NewID()
	if err != nil {
		return "", err
	}
	now := s.Now()
	return s.Signer.Sign(c.IDTokenSigningAlg, TokenType, claims{
		Issuer: s.Settings().Issuer, Subject: l.UserID, Audience: c.ID, ID: id, SessionID: l.SID,
		IssuedAt: now.Unix(), ExpiresAt: now.Add(min(tokenLifetime, s.Signer.Longest())).Unix(),
	})
}
