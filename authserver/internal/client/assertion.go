// SPDX-License-Identifier: Apache-2.0

package client

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// clockSkew is how far a client's clock, or another server's, may be from ours.
	clockSkew = 30 * time.Second
	// assertionLifetime is how far ahead an assertion may expire: as long its jti is
	// remembered.
	assertionLifetime = time.Hour
)

// claims are what an assertion must say (RFC 7523, section 3).
type claims struct {
	Issuer    string   `json:"iss"`
	Subject   string   `json:"sub"`
	Audience  audience `json:"aud"`
	Expires   *moment  `json:"exp"`
	NotBefore *moment  `json:"nbf"`
	IssuedAt  *moment  `json:"iat"`
	ID        string   `json:"jti"`
}

// audience is one or several of whom a JWT is for (RFC 7519, section 4.1.3).
type audience []string

// UnmarshalJSON takes a text for a list of it.
func (a *audience) UnmarshalJSON(data []byte) error {
	one := ""
	if json.Unmarshal(data, &one) == nil {
		*a = audience{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(a))
}

// moment is a NumericDate (RFC 7519, section 2).
type moment struct{ time.Time }

// UnmarshalJSON takes seconds since 1970, fractions of them too, within the range of
// years that a person would write.
func (m *moment) UnmarshalJSON(data []byte) error {
	seconds := 0.0
	if err := json.Unmarshal(data, &seconds); err != nil {
		return err
	}
	if seconds < 0 || seconds > 253402300799 { // the end of the year 9999
		return errors.New("is no date")
	}
	whole, part := math.Modf(seconds)
	m.Time = time.Unix(int64(whole), int64(part*1e9))
	return nil
}

// peek is what an assertion says of itself, its sub at least: by that is found out who must
// have signed it. Nothing is believed of it yet.
func peek(assertion auth.Secret) (claims, error) {
	unreadable := refuse("the assertion is no JWT of a client")
	if len(assertion) > maxAssertion {
		return claims{}, unreadable
	}
	parts := strings.Split(string(assertion), ".")
	if len(parts) != 3 {
		return claims{}, unreadable
	}
	payload, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		return claims{}, unreadable
	}
	c := claims{}
	if json.Unmarshal(payload, &c) != nil || c.Subject == "" {
		return claims{}, unreadable
	}
	return c, nil
}

// subjectOf is whose an assertion says it is.
func subjectOf(assertion auth.Secret) (string, error) {
	c, err := peek(assertion)
	return c.Subject, err
}

// checkAssertion uses an assertion up when everything else about it is right.
func (s *Service) checkAssertion(ctx context.Context, client realmconfig.Client, shown Credentials) error {
	payload, err := s.Keys.Verify(ctx, client.PublicKeys(), shown.Assertion)
	if err != nil {
		return &InvalidClient{Description: "the assertion is not signed with a key of the client", Cause: err}
	}
	c := claims{}
	if json.Unmarshal(payload, &c) != nil {
		return refuse("the assertion is no JWT of a client")
	}
	now := s.Now()
	if err := c.check(client.ID, slices.Concat([]string{s.Settings().Issuer}, shown.Endpoints), now); err != nil {
		return err
	}
	fresh, err := s.Store.SpendToken(ctx, auth.OneTimeToken{
		Hash: c.hash(), Kind: auth.ClientAssertionToken, CreatedAt: now,
		// A server whose clock is behind takes the assertion for as much longer.
		ExpiresAt: c.Expires.Add(2 * clockSkew),
	})
	switch {
	case err != nil:
		return err
	case !fresh:
		return refuse("the assertion was used before: its jti must be a new one each time")
	}
	s.Usage.mark(client.ID, "")
	return nil
}

// check holds the claims against RFC 7523, section 3. An assertion that somebody else
// is an audience of, too, could be shown to us by them: every audience must be ours.
func (c claims) check(clientID string, audiences []string, now time.Time) error {
	foreign := func(a string) bool { return !slices.Contains(audiences, a) }
	switch {
	case c.Issuer != clientID || c.Subject != clientID:
		return refuse("the assertion's iss and sub must be the client's id")
	case len(c.Audience) == 0 || slices.ContainsFunc(c.Audience, foreign):
		return refuse("the assertion's aud must be the issuer, or the token endpoint")
	case c.Expires == nil:
		return refuse("the assertion must have an exp")
	case !now.Before(c.Expires.Add(clockSkew)):
		return refuse("the assertion has expired")
	case c.Expires.After(now.Add(assertionLifetime + clockSkew)):
		return refuse("the assertion's exp must be within %s", assertionLifetime)
	case c.NotBefore != nil && c.NotBefore.After(now.Add(clockSkew)):
		return refuse("the assertion's nbf is yet to come")
	case c.IssuedAt != nil && c.IssuedAt.After(now.Add(clockSkew)):
		return refuse("the assertion's iat is yet to come")
	case c.ID == "":
		return refuse("the assertion must have a jti")
	}
	return nil
}

// hash names the assertion in the Store: by its jti among those of its client.
func (c claims) hash() auth.TokenHash {
	return sha256.Sum256([]byte("client assertion\x00" + c.Subject + "\x00" + c.ID))
}
