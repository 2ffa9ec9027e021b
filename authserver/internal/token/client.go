// SPDX-License-Identifier: Apache-2.0

package token

import (
	"slices"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// clientClaims are those of an access token that a client is given (RFC 9068, section
// 2.2). What the token was issued by is no sid: servers of earlier releases take a token
// for one of a session's own, and only if it has one.
type clientClaims struct {
	ClientID  string `json:"client_id"`
	GrantID   string `json:"grant_id,omitempty"`
	SessionID string `json:"session_id,omitempty"`
	Scope     string `json:"scope,omitempty"`
	// Username is of a token that speaks for a service account.
	Username string           `json:"username,omitempty"`
	AuthTime *jwt.NumericDate `json:"auth_time,omitempty"`
	ACR      string           `json:"acr,omitempty"`
	AMR      []string         `json:"amr,omitempty"`
	// Confirmation is nil for a token that is bound to no key.
	Confirmation *confirmation `json:"cnf,omitempty"`
	// Actor is of a token that was exchanged (RFC 8693, section 4.1).
	Actor         *auth.Actor `json:"act,omitempty"`
	GrantClientID string      `json:"grant_client_id,omitempty"`
	jwt.RegisteredClaims
}

// confirmation is how whoever shows a token shows that it is theirs (RFC 7800, section 3.1;
// RFC 9449, section 6.1).
type confirmation struct {
	Thumbprint string `json:"jkt"`
}

func confirmationOf(key string) *confirmation {
	if key == "" {
		return nil
	}
	return &confirmation{key}
}

func (c clientClaims) token() auth.ClientToken {
	t := auth.ClientToken{
		ID: c.ID, ClientID: c.ClientID, Subject: c.Subject, Username: c.Username, GrantID: c.GrantID, SessionID: c.SessionID, Audience: c.Audience, Scope: strings.Fields(c.Scope), Actor: c.Actor, GrantClientID: c.GrantClientID,
		AMR: c.AMR, IssuedAt: c.IssuedAt.UTC(), ExpiresAt: c.ExpiresAt.UTC(),
	}
	if c.AuthTime != nil {
		t.AuthTime = c.AuthTime.UTC()
	}
	if c.Confirmation != nil {
		t.Key = c.Confirmation.Thumbprint
	}
	return t
}

// IssueClient signs what a client is given. It refuses with auth.SigningUnavailable when
// no key may sign now, and with ErrLifetime a token that would be good beyond Longest.
func (t *Tokens) IssueClient(of auth.ClientToken) (auth.Secret, error) {
	s := t.snapshot()
	key, err := t.signingKey(s)
	if err != nil {
		return "", err
	}
	if of.ExpiresAt.After(t.now().Add(longest(s))) {
		return "", ErrLifetime
	}
	return t.sign(s, key, typ, saying{also: of.Claims, clientClaims: clientClaims{
		ClientID: of.ClientID, Username: of.Username, GrantID: of.GrantID, SessionID: of.SessionID, Scope: strings.Join(of.Scope, " "), AuthTime: numericDate(of.AuthTime), ACR: of.ACR(), AMR: of.AMR, Actor: of.Actor, GrantClientID: of.GrantClientID,
		Confirmation: confirmationOf(of.Key), RegisteredClaims: jwt.RegisteredClaims{
			ID: of.ID, Issuer: s.Config.Issuer, Subject: of.Subject, Audience: of.Audience,
			IssuedAt: jwt.NewNumericDate(of.IssuedAt), ExpiresAt: jwt.NewNumericDate(of.ExpiresAt),
		},
	}})
}

// VerifyClient is Verify for a token that a client was given. Whom the token is for is
// for the caller to judge. It refuses as Verify does, and with auth.TokenInvalid a token
// that is no client's.
func (t *Tokens) VerifyClient(token auth.Secret) (auth.ClientToken, error) {
	s, now := t.snapshot(), t.now()
	if p, ok := t.verified.recall(token, s, now); ok {
		return p.client, refuseUnless(p.client.ClientID != "")
	}
	ring, err := t.rings.of(s)
	if err != nil {
		return auth.ClientToken{}, err
	}
	c := clientClaims{}
	parsed, err := jwt.ParseWithClaims(string(token), &c, ring.publicKey(s.Keyset, now), parserOptions(s.Config, now)...)
	switch {
	case onlyExpired(err) && ofType(parsed):
		return auth.ClientToken{}, &auth.Error{Code: auth.TokenExpired}
	case err != nil, !ofType(parsed), c.ClientID == "", c.Subject == "", c.ID == "", len(c.Audience) == 0, c.IssuedAt == nil,
		slices.Contains(c.Audience, s.Config.Issuer), ended(s.Config.Tokens, c.IssuedAt.Time, now):
		return auth.ClientToken{}, &auth.Error{Code: auth.TokenInvalid}
	}
	kid, _ := parsed.Header["kid"].(string)
	of := c.token()
	t.verified.remember(token, s, proof{client: of, kid: kid, issuedAt: of.IssuedAt, since: now, expiresAt: of.ExpiresAt})
	return of, nil
}

// parserOptions are what every access token must be.
func parserOptions(config realmconfig.Config, now time.Time, also ...jwt.ParserOption) []jwt.ParserOption {
	return append([]jwt.ParserOption{
		jwt.WithValidMethods([]string{string(realmconfig.ES256), string(realmconfig.RS256), string(realmconfig.EdDSA)}),
		jwt.WithStrictDecoding(), jwt.WithExpirationRequired(), jwt.WithIssuer(config.Issuer),
		jwt.WithTimeFunc(func() time.Time { return now }),
	}, also...)
}

func refuseUnless(good bool) error {
	if good {
		return nil
	}
	return &auth.Error{Code: auth.TokenInvalid}
}
