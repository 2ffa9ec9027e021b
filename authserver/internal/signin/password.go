// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"errors"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Credentials are what a person types.
type Credentials struct {
	Email    string
	Password auth.Secret
}

// Login opens a session, or asks for a second factor. It refuses with
// InvalidCredentials, UserNotFound (only where the realm reveals it), AccountLocked,
// TooManyAttempts, Busy, SigningUnavailable, DatabaseUnavailable, AccountDisabled or
// EmailNotVerified.
func (s *Service) Login(ctx context.Context, c Credentials, from auth.Client) (SignIn, error) {
	email, account, err := s.LoginName(ctx, c.Email)
	if err != nil {
		return SignIn{}, err
	}
	result, err := s.login(ctx, email, account, c.Password, from)
	if err != nil {
		s.recordRefusal(ctx, account, from, err)
	}
	return result, err
}

func (s *Service) login(ctx context.Context, email string, account auth.AccountKey, password auth.Secret, from auth.Client) (SignIn, error) {
	if err := s.Tokens.Ready(); err != nil {
		return SignIn{}, err
	}
	settings := s.Settings()
	counters, err := s.Attempts.PasswordCounters(ctx, email, from)
	if err != nil {
		return SignIn{}, err
	}
	if err := s.Attempts.Reserve(ctx, counters...); err != nil {
		return SignIn{}, err
	}

	// From here the attempt counts: a client that hangs up must not get its
	// guess for free, so what follows no longer ends with the request.
	conclude := context.WithoutCancel(ctx)
	user, err := s.checkPassword(ctx, email, password, from, settings)
	switch {
	case err == nil:
		result, err := s.completePassword(conclude, authentication{
			user: user, account: account, from: from, method: "password", counters: counters,
		}, password, settings)
		if err != nil || result.Challenge != nil {
			s.Attempts.Release(conclude, counters...) // the password was right, whatever else is not
		}
		return result, err
	case errors.Is(err, auth.Refuse(auth.InvalidCredentials)), errors.Is(err, auth.Refuse(auth.UserNotFound)):
		s.Attempts.Fail(conclude, s.Attempts.LockEffects(conclude, user, account, from), counters...)
	default:
		s.Attempts.Release(conclude, counters...)
	}
	return SignIn{}, err
}

// completePassword admits somebody whose password is right, and upgrades its hash. Of two
// logins at once the first may have replaced the hash that the second has checked:
// for that one the password is checked again.
func (s *Service) completePassword(ctx context.Context, a authentication, password auth.Secret, settings realmconfig.Config) (SignIn, error) {
	cost := settings.Passwords.BcryptCost
	a.newHash = s.upgradedHash(ctx, a.user, password, a.from, cost)
	result, err := s.complete(ctx, a)
	if !errors.Is(err, auth.Refuse(auth.InvalidCredentials)) || s.Passwords.Current(a.user.PasswordHash, cost) {
		return result, err
	}
	if a.user, err = s.checkPassword(ctx, a.user.Email, password, a.from, settings); err != nil {
		return SignIn{}, err
	}
	a.newHash = a.user.PasswordHash
	return s.complete(ctx, a)
}

// checkPassword finds the user whose password it is. When it is wrong, the user
// is the one whose it is not.
func (s *Service) checkPassword(ctx context.Context, email string, password auth.Secret, from auth.Client, settings realmconfig.Config) (auth.User, error) {
	user, found, err := s.Store.UserByStoredEmail(ctx, email)
	switch {
	case err != nil:
		return auth.User{}, err
	case !found && settings.Login.UnknownUser == realmconfig.Reveal:
		return auth.User{}, auth.Refuse(auth.UserNotFound)
	case !found, user.PasswordHash == "":
		if err := s.Passwords.Burn(ctx, from.Source(), string(password), settings.Passwords.BcryptCost); err != nil {
			return auth.User{}, auth.Overloaded(err)
		}
		return user, auth.Refuse(auth.InvalidCredentials)
	}
	right, err := s.verify(ctx, user, password, from, settings)
	switch {
	case err != nil:
		return auth.User{}, auth.Overloaded(err)
	case !right:
		return user, auth.Refuse(auth.InvalidCredentials)
	}
	return user, nil
}

// verify checks a password. A hash that costs less than the realm's must not
// tell its account from an unknown address where those are concealed: a wrong
// password takes at least as long as for one of them.
func (s *Service) verify(ctx context.Context, user auth.User, password auth.Secret, from auth.Client, settings realmconfig.Config) (bool, error) {
	cost := settings.Passwords.BcryptCost
	if settings.Login.UnknownUser == realmconfig.Reveal || s.Passwords.Current(user.PasswordHash, cost) {
		return s.Passwords.Verify(ctx, from.Source(), user.PasswordHash, string(password))
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	burned := make(chan error, 1)
	go func() { burned <- s.Passwords.Burn(ctx, from.Source(), string(password), cost) }()
	right, err := s.Passwords.Verify(ctx, from.Source(), user.PasswordHash, string(password))
	if right || err != nil {
		return right, err
	}
	return false, <-burned
}

// upgradedHash is the password's hash at the realm's cost. A login never fails
// for it: when the engine is full, the next one tries again.
func (s *Service) upgradedHash(ctx context.Context, user auth.User, password auth.Secret, from auth.Client, cost int) string {
	if s.Passwords.Current(user.PasswordHash, cost) {
		return user.PasswordHash
	}
	hash, err := s.Passwords.Hash(ctx, from.Source(), string(password), cost)
	if err != nil {
		s.Log.InfoContext(ctx, "password hash not upgraded", "user", user.ID, "reason", err)
		return user.PasswordHash
	}
	return hash
}
