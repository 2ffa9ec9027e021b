// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Credentials are what a person types.
type Credentials struct {
	Email    string
	Password Secret
}

// Login opens a session. It refuses with InvalidCredentials, UserNotFound (only
// where the realm reveals it), AccountLocked, TooManyAttempts, Busy,
// SigningUnavailable or DatabaseUnavailable.
func (s *Service) Login(ctx context.Context, c Credentials, from Client) (Grant, error) {
	email := NormalizeEmail(c.Email)
	account := KeyOf(email)
	grant, err := s.login(ctx, email, account, c.Password, from)
	s.recordLogin(ctx, account, err)
	return grant, err
}

func (s *Service) login(ctx context.Context, email string, account AccountKey, password Secret, from Client) (Grant, error) {
	if err := s.Tokens.Ready(); err != nil {
		return Grant{}, err
	}
	settings := s.Settings()
	if err := s.reserve(ctx, account, attemptLimit(settings)); err != nil {
		return Grant{}, err
	}

	// From here the attempt counts: a client that hangs up must not get its
	// guess for free, so what follows no longer ends with the request.
	conclude := context.WithoutCancel(ctx)
	user, err := s.checkPassword(ctx, email, password, from, settings)
	switch {
	case err == nil:
		return s.openSession(conclude, user, account, password, from, settings)
	case errors.Is(err, refuse(InvalidCredentials)), errors.Is(err, refuse(UserNotFound)):
		s.countFailure(conclude, account, attemptLimit(settings))
	default:
		s.release(conclude, account)
	}
	return Grant{}, err
}

func (s *Service) checkPassword(ctx context.Context, email string, password Secret, from Client, settings realmconfig.Config) (User, error) {
	user, found, err := s.Store.UserByEmail(ctx, email)
	switch {
	case err != nil:
		return User{}, err
	case !found && settings.Login.UnknownUser == realmconfig.Reveal:
		return User{}, refuse(UserNotFound)
	case !found:
		if err := s.Passwords.Burn(ctx, from.Address, string(password), settings.Passwords.BcryptCost); err != nil {
			return User{}, full(err)
		}
		return User{}, refuse(InvalidCredentials)
	}
	right, err := s.Passwords.Verify(ctx, from.Address, user.PasswordHash, string(password))
	switch {
	case err != nil:
		return User{}, full(err)
	case !right:
		return User{}, refuse(InvalidCredentials)
	}
	return user, nil
}

func (s *Service) openSession(ctx context.Context, user User, account AccountKey, password Secret, from Client, settings realmconfig.Config) (Grant, error) {
	refresh, err := newRefreshToken(s.Random)
	if err != nil {
		return Grant{}, err
	}
	id, err := s.newID()
	if err != nil {
		return Grant{}, err
	}
	now := s.Now()
	lifetime := time.Duration(settings.Tokens.RefreshTokenLifetime)
	start, err := s.Store.StartSession(ctx, NewSession{
		SessionID: id, User: user, Account: account, Client: from, Refresh: refresh.hash(),
		NewHash: s.upgradedHash(ctx, user, password, from, settings.Passwords.BcryptCost),
		Now:     now, ExpiresAt: now.Add(lifetime),
	})
	switch {
	case err != nil:
		return Grant{}, err
	case !start.Started:
		return Grant{}, refuse(InvalidCredentials)
	case start.WasLocked:
		s.Ephemeral.Unlock(ctx, account)
	}
	return s.grant(Subject{UserID: user.ID, Email: user.Email, Role: user.Role, SessionID: id}, refresh, lifetime)
}

// upgradedHash is the password's hash at the realm's cost. A login never fails
// for it: when the engine is full, the next one tries again.
func (s *Service) upgradedHash(ctx context.Context, user User, password Secret, from Client, cost int) string {
	if s.Passwords.Current(user.PasswordHash, cost) {
		return user.PasswordHash
	}
	hash, err := s.Passwords.Hash(ctx, from.Address, string(password), cost)
	if err != nil {
		s.Log.InfoContext(ctx, "password hash not upgraded", "user", user.ID, "reason", err)
		return user.PasswordHash
	}
	return hash
}

func (s *Service) grant(subject Subject, refresh refreshToken, refreshLifetime time.Duration) (Grant, error) {
	access, lifetime, err := s.Tokens.Issue(subject)
	if err != nil {
		return Grant{}, err
	}
	return Grant{
		AccessToken: access, AccessLifetime: lifetime,
		RefreshToken: Secret(refresh), RefreshLifetime: refreshLifetime,
	}, nil
}

// recordLogin writes the line an auditor looks for.
func (s *Service) recordLogin(ctx context.Context, account AccountKey, err error) {
	outcome := "succeeded"
	level := slog.LevelInfo
	if err != nil {
		var refusal *Error
		outcome, level = "failed", slog.LevelWarn
		if errors.As(err, &refusal) {
			outcome = string(refusal.Code)
		}
	}
	s.Observer.Login(outcome)
	s.Log.Log(ctx, level, "login", "account", account.Short(), "outcome", outcome)
}
