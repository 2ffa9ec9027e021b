// SPDX-License-Identifier: Apache-2.0

// Package token issues and verifies access tokens: JSON Web Tokens in the
// profile of RFC 9068, signed with the realm's keys. It signs tokens of other
// types too, with the key of any algorithm that the realm has. It asks no store.
package token

import (
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// typ tells an access token from every other JWT (RFC 9068, section 2.1).
const typ = "at+jwt"

// Tokens issues and verifies with the documents in force at each call.
type Tokens struct {
	rings    *rings
	verified *verified
	signed   *signed
	snapshot func() *realmconfig.Snapshot
	now      func() time.Time
}

// New returns tokens that follow snapshot, which must never return nil.
func New(snapshot func() *realmconfig.Snapshot, now func() time.Time) *Tokens {
	return &Tokens{rings: &rings{}, verified: &verified{}, signed: &signed{byKey: map[string]int64{}}, snapshot: snapshot, now: now}
}

type claims struct {
	Email         string           `json:"email"`
	EmailVerified bool             `json:"email_verified"`
	Role          string           `json:"role"`
	SessionID     string           `json:"sid"`
	AuthTime      *jwt.NumericDate `json:"auth_time,omitempty"`
	// ACR and AMR are how the user has signed in (RFC 9068, section 2.2.1).
	ACR string   `json:"acr,omitempty"`
	AMR []string `json:"amr,omitempty"`
	// GrantID is set in what an application of the realm's own was given.
	GrantID string `json:"grant_id,omitempty"`
	// ClientID is set in what a client was given: see VerifyClient.
	ClientID string `json:"client_id,omitempty"`
	jwt.RegisteredClaims
}

func (c claims) subject() auth.Subject {
	s := auth.Subject{
		UserID: c.Subject, Email: c.Email, EmailVerified: c.EmailVerified, Role: c.Role, SessionID: c.SessionID, GrantID: c.GrantID,
		AMR: strings.Join(c.AMR, " "),
	}
	if c.AuthTime != nil {
		s.AuthTime = c.AuthTime.UTC()
	}
	return s
}

// numericDate leaves out a time that nobody knows.
func numericDate(t time.Time) *jwt.NumericDate {
	if t.IsZero() {
		return nil
	}
	return jwt.NewNumericDate(t)
}

// Ready refuses with auth.SigningUnavailable when no key may sign access tokens now.
func (t *Tokens) Ready() error {
	_, err := t.signingKey(t.snapshot())
	return err
}

func (t *Tokens) signingKey(s *realmconfig.Snapshot) (realmconfig.Key, error) {
	key, ok := s.Keyset.SigningKey(t.now())
	if !ok {
		return realmconfig.Key{}, unavailable()
	}
	return key, nil
}

func unavailable() error { return &auth.Error{Code: auth.SigningUnavailable, RetryAfter: time.Second} }

// Issue signs a token. It refuses with auth.SigningUnavailable when no key may
// sign now.
func (t *Tokens) Issue(subject auth.Subject) (auth.Secret, time.Duration, error) {
	s, now := t.snapshot(), t.now()
	key, err := t.signingKey(s)
	if err != nil {
		return "", 0, err
	}
	lifetime := time.Duration(s.Config.Tokens.AccessTokenLifetime)
	signed, err := t.sign(s, key, typ, claims{
		Email: subject.Email, EmailVerified: subject.EmailVerified, Role: subject.Role, SessionID: subject.SessionID,
		AuthTime: numericDate(subject.AuthTime), ACR: subject.ACR(), AMR: strings.Fields(subject.AMR), GrantID: subject.GrantID,
		RegisteredClaims: jwt.RegisteredClaims{
			ID: rand.Text(), Issuer: s.Config.Issuer, Subject: subject.UserID, Audience: s.Config.Tokens.Audience,
			IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(lifetime)),
		},
	})
	return signed, lifetime, err
}

// sign makes a token of a type with a key of the snapshot's.
func (t *Tokens) sign(s *realmconfig.Snapshot, key realmconfig.Key, typ string, claims jwt.Claims) (auth.Secret, error) {
	ring, err := t.rings.of(s)
	if err != nil {
		return "", err
	}
	unsigned := jwt.NewWithClaims(methodOf(key.Algorithm), claims)
	unsigned.Header["kid"], unsigned.Header["typ"] = key.KID, typ
	signed, err := unsigned.SignedString(ring[key.KID].signer)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	t.signed.count(key.KID, s.Keyset)
	return auth.Secret(signed), nil
}

// Verify checks signature, family, algorithm, type, issuer, audience and expiry, and
// that the token is no client's and its session none of those that the settings ended.
// It refuses with auth.TokenExpired only when nothing else is wrong, else with
// auth.TokenInvalid.
func (t *Tokens) Verify(token auth.Secret) (auth.Subject, error) {
	s, now := t.snapshot(), t.now()
	if p, ok := t.verified.recall(token, s, now); ok {
		return p.subject, refuseUnless(p.client.ClientID == "")
	}
	ring, err := t.rings.of(s)
	if err != nil {
		return auth.Subject{}, err
	}
	c := claims{}
	parsed, err := jwt.ParseWithClaims(string(token), &c, ring.publicKey(s.Keyset, now),
		parserOptions(s.Config, now, jwt.WithAudience(s.Config.Tokens.Audience...))...)
	switch {
	case onlyExpired(err) && ofType(parsed) && c.ClientID == "":
		return auth.Subject{}, &auth.Error{Code: auth.TokenExpired}
	case err != nil, !ofType(parsed), c.ClientID != "", c.Subject == "", c.SessionID == "", c.IssuedAt == nil, ended(s.Config.Tokens, c.IssuedAt.Time, now):
		// The library's error quotes parts of the token: it stays here.
		return auth.Subject{}, &auth.Error{Code: auth.TokenInvalid}
	}
	subject := c.subject()
	kid, _ := parsed.Header["kid"].(string)
	t.verified.remember(token, s, proof{
		subject: subject, kid: kid, issuedAt: c.IssuedAt.Time, since: now, expiresAt: c.ExpiresAt.Time,
	})
	return subject, nil
}

// ended reports whether a token was issued to a session that the settings have
// ended. Tokens tell the time in whole seconds.
func ended(settings realmconfig.Tokens, issuedAt, now time.Time) bool {
	return issuedAt.Before(settings.SessionsSince(now).Truncate(time.Second))
}

func onlyExpired(err error) bool {
	for _, worse := range []error{
		jwt.ErrTokenMalformed, jwt.ErrTokenUnverifiable, jwt.ErrTokenSignatureInvalid, jwt.ErrTokenRequiredClaimMissing,
		jwt.ErrTokenInvalidIssuer, jwt.ErrTokenInvalidAudience, jwt.ErrTokenNotValidYet,
	} {
		if errors.Is(err, worse) {
			return false
		}
	}
	return errors.Is(err, jwt.ErrTokenExpired)
}

func ofType(t *jwt.Token) bool {
	if t == nil {
		return false
	}
	have, _ := t.Header["typ"].(string)
	return strings.EqualFold(have, typ)
}
