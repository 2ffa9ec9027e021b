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
	user, current, err := s.checkPassword(ctx, email, password, from, settings)
	switch {
	case err == nil:
		result, err := s.completePassword(conclude, authentication{
			user: user, account: account, from: from, method: "password", amr: []string{"pwd"}, counters: counters, shownSince: s.Now(),
		}, current, password, settings)
		if err != nil || result.Challenge != nil || result.Stop != nil || result.PasswordWanted != nil {
			s.Attempts.Release(conclude, counters...) // the password was right, whatever else is not
		} else {
			s.Attempts.Decided(counters...) // the session's statement has cleared them
		}
		return result, err
	case errors.Is(err, auth.Refuse(auth.InvalidCredentials)), errors.Is(err, auth.Refuse(auth.UserNotFound)):
		s.Attempts.Fail(conclude, s.Attempts.LockEffects(conclude, user, account, from), counters...)
	default:
		s.Attempts.Release(conclude, counters...)
	}
	return SignIn{}, err
}

// completePassword admits somebody whose password is right, with the hash that is
// current, or with a new one where that is empty. Of two logins at once the first may
// have replaced the hash that the second has checked: for that one the password is
// checked again.
func (s *Service) completePassword(ctx context.Context, a authentication, current string, password auth.Secret, settings realmconfig.Config) (SignIn, error) {
	a.newHash = current
	if current == "" {
		a.newHash = s.upgradedHash(ctx, a.user, password, a.from, settings.Passwords.BcryptCost)
	}
	if wanted, err := s.checkRules(ctx, &a, password); err != nil || wanted != nil {
		return SignIn{PasswordWanted: wanted}, err
	}
	result, err := s.complete(ctx, a)
	if current == a.user.PasswordHash || !errors.Is(err, auth.Refuse(auth.InvalidCredentials)) {
		return result, err
	}
	if a.user, _, err = s.checkPassword(ctx, a.user.Email, password, a.from, settings); err != nil {
		return SignIn{}, err
	}
	a.newHash = a.user.PasswordHash
	return s.complete(ctx, a)
}

// checkPassword finds the user whose password it is, and the hash that new ones are
// like; none when it has to be made. When the password is wrong, the user is the one
// whose it is not. All forms of a password are one guess, and cost an unknown address as
// much as a known one.
func (s *Service) checkPassword(ctx context.Context, email string, password auth.Secret, from auth.Client, settings realmconfig.Config) (user auth.User, current string, err error) {
	user, found, err := s.Store.UserByStoredEmail(ctx, email)
	switch {
	case err != nil:
		return auth.User{}, "", err
	case !found && settings.Login.UnknownUser == realmconfig.Reveal:
		return auth.User{}, "", auth.Refuse(auth.UserNotFound)
	}
	for i, form := range auth.PasswordForms(password) {
		right, err := s.checkForm(ctx, user, form, from, settings)
		switch {
		case err != nil:
			return auth.User{}, "", auth.Overloaded(err)
		case right && i == 0:
			return user, s.Passwords.Current(user.PasswordHash, string(form), settings.Passwords.BcryptCost), nil
		case right:
			return user, "", nil
		}
	}
	return user, "", auth.Refuse(auth.InvalidCredentials)
}

// checkForm reports whether a user has a password in this very form. Nobody, and
// somebody without a password, have none, after the same work.
func (s *Service) checkForm(ctx context.Context, user auth.User, form auth.Secret, from auth.Client, settings realmconfig.Config) (bool, error) {
	if user.PasswordHash == "" {
		return false, s.Passwords.Burn(ctx, from.Source(), string(form), settings.Passwords.BcryptCost)
	}
	return s.verify(ctx, user, form, from, settings)
}

// verify checks a password. A hash that costs less than the realm's must not
// tell its account from an unknown address where those are concealed: a wrong
// password takes at least as long as for one of them.
func (s *Service) verify(ctx context.Context, user auth.User, password auth.Secret, from auth.Client, settings realmconfig.Config) (bool, error) {
	cost := settings.Passwords.BcryptCost
	if settings.Login.UnknownUser == realmconfig.Reveal || s.Passwords.CostsAsMuch(user.PasswordHash, cost) {
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

// upgradedHash is the hash of the password's normal form at the realm's cost. A login
// never fails for it: when the engine is full, the next one tries again.
func (s *Service) upgradedHash(ctx context.Context, user auth.User, password auth.Secret, from auth.Client, cost int) string {
	hash, err := s.Passwords.Hash(ctx, from.Source(), string(auth.NormalPassword(password)), cost)
	if err != nil {
		s.Log.InfoContext(ctx, "password hash not upgraded", "user", user.ID, "reason", err)
		return user.PasswordHash
	}
	return hash
}
