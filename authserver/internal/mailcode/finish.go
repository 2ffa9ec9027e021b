// SPDX-License-Identifier: Apache-2.0

package mailcode

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
	"github.com/realmkeeper/realmkeeper/internal/mailaddress"
)

// Finish signs in whoever has a handle by the digits of its mail, or asks for the second
// factor of an account that has one. It refuses as mfa.ParseDigits does, with MailCodeOff or
// EmailUnavailable, with ChallengeInvalid when the handle is none, or its code has expired or
// has taken too many guesses, with CodeInvalid, also for a code that was used already or that
// was never sent, with AccountLocked, TooManyAttempts or RateLimited, or with
// AccountDisabled, SigningUnavailable, Busy or DatabaseUnavailable.
func (s *Service) Finish(ctx context.Context, handle, code auth.Secret, from auth.Client) (signin.SignIn, error) {
	digits, err := mfa.ParseDigits(code)
	if err != nil {
		return signin.SignIn{}, err
	}
	h, err := s.ready(handle)
	if err != nil {
		return signin.SignIn{}, err
	}
	result, err := s.guess(ctx, h, handle, digits, from)
	if err != nil {
		s.SignIn.RecordMailed(ctx, auth.KeyOf(h.Email), from, err)
	}
	return result, err
}

// ready refuses as Finish does, before anything is looked at.
func (s *Service) ready(text auth.Secret) (handle, error) {
	if err := s.checkOn(); err != nil {
		return handle{}, err
	}
	if err := s.Tokens.Ready(); err != nil {
		return handle{}, err
	}
	return s.open(text)
}

func (s *Service) guess(ctx context.Context, h handle, text, digits auth.Secret, from auth.Client) (signin.SignIn, error) {
	counters, err := s.Attempts.MailedCodeCounters(ctx, h.Email, text, from)
	if err != nil {
		return signin.SignIn{}, err
	}
	if err := s.Attempts.Reserve(ctx, counters...); err != nil {
		return signin.SignIn{}, err
	}
	// From here the guess counts: a client that hangs up must not get it for free.
	ctx = context.WithoutCancel(ctx)
	result, err := s.redeem(ctx, text, from, func(code shown) bool {
		return subtle.ConstantTimeCompare([]byte(code.Digits), []byte(digits)) == 1
	})
	if !errors.Is(err, auth.Refuse(auth.CodeInvalid)) {
		s.Attempts.Release(ctx, counters...)
		return result, err
	}
	return signin.SignIn{}, s.wrong(ctx, h, counters, from)
}

// wrong lets a guess stand, and says how many are left, of the code or of the address. Of a
// lock the owner of the address is told, also where the handle is of no code any more.
func (s *Service) wrong(ctx context.Context, h handle, counters []auth.Counter, from auth.Client) error {
	user, _, err := s.Store.UserByEmail(ctx, mailaddress.Address(h.Email))
	if err != nil {
		s.Attempts.Decided(counters...) // the reservation itself counts
		return err
	}
	also := s.Attempts.LockEffects(ctx, user, auth.KeyOf(h.Email), from)
	for i := range also.Events {
		also.Events[i].Detail = "mailed codes"
	}
	refusal := auth.Refuse(auth.CodeInvalid)
	if tallies := s.Attempts.Fail(ctx, also, counters...); tallies != nil {
		left := min(tallies[0].Left, tallies[len(tallies)-1].Left)
		refusal.AttemptsLeft = &left
	}
	return refusal
}

// CheckLink says whom a mailed link signs in, in the browser that keeps the handle, and leaves
// it good. It refuses with MailCodeOff, EmailUnavailable, ChallengeInvalid, SigningUnavailable
// or DatabaseUnavailable.
func (s *Service) CheckLink(ctx context.Context, handle, secret auth.Secret) (email string, err error) {
	if _, err := s.ready(handle); err != nil {
		return "", err
	}
	_, user, err := s.pending(ctx, handle, isLink(secret))
	return user.Email, overWithout(err)
}

// FollowLink is Finish by the secret of the mailed link, which nobody guesses: it is counted
// by nothing, and is good however often somebody has guessed the digits.
func (s *Service) FollowLink(ctx context.Context, handle, secret auth.Secret, from auth.Client) (signin.SignIn, error) {
	h, err := s.ready(handle)
	if err != nil {
		return signin.SignIn{}, err
	}
	result, err := s.redeem(context.WithoutCancel(ctx), handle, from, isLink(secret))
	if err = overWithout(err); err != nil {
		s.SignIn.RecordMailed(ctx, auth.KeyOf(h.Email), from, err)
	}
	return result, err
}

func isLink(secret auth.Secret) func(shown) bool {
	hash := auth.HashOf(secret)
	return func(code shown) bool { return subtle.ConstantTimeCompare(code.Link[:], hash[:]) == 1 }
}

// overWithout says of a link that it is over where it was wrong: nobody has typed it.
func overWithout(err error) error {
	if errors.Is(err, auth.Refuse(auth.CodeInvalid)) {
		return auth.Refuse(auth.ChallengeInvalid)
	}
	return err
}

// pending is the code of a handle and whose it is, if it is the right one. It refuses with
// CodeInvalid.
func (s *Service) pending(ctx context.Context, text auth.Secret, right func(shown) bool) (auth.OneTimeToken, auth.User, error) {
	token, user, found, err := s.Store.MailedCode(ctx, auth.HashOf(text), s.Now())
	switch {
	case err != nil:
		return auth.OneTimeToken{}, auth.User{}, err
	case !found:
		return auth.OneTimeToken{}, auth.User{}, auth.Refuse(auth.CodeInvalid)
	}
	code := shown{}
	if err := token.Open(s.Sealer, sealedCode, &code); err != nil {
		return auth.OneTimeToken{}, auth.User{}, &auth.Error{Code: auth.CodeInvalid, Cause: err} // its key is gone
	}
	if !right(code) || user.Email != token.Email {
		return auth.OneTimeToken{}, auth.User{}, auth.Refuse(auth.CodeInvalid)
	}
	return token, user, nil
}

// redeem uses up the code of a handle, if it is the right one, together with what it is for.
// It tries again while the user changes under its hands.
func (s *Service) redeem(ctx context.Context, text auth.Secret, from auth.Client, right func(shown) bool) (signin.SignIn, error) {
	for range session.MaxRetries {
		token, user, err := s.pending(ctx, text, right)
		if err != nil {
			return signin.SignIn{}, err
		}
		result, err := s.admit(ctx, token, user, from)
		if !errors.Is(err, auth.Refuse(auth.InvalidCredentials)) {
			return result, err
		}
	}
	return signin.SignIn{}, auth.RefuseFor(auth.Busy, time.Second)
}

// admit lets in whose code it is. Where that is the first proof of their address, the account
// is theirs alone from now on. It refuses as signin.CompleteMailed does, with Busy too, and with
// InvalidCredentials what is to be looked at anew.
func (s *Service) admit(ctx context.Context, token auth.OneTimeToken, user auth.User, from auth.Client) (signin.SignIn, error) {
	switch {
	case user.DisabledAt != nil:
		return signin.SignIn{}, auth.Refuse(auth.AccountDisabled)
	case user.EmailVerifiedAt != nil:
		return s.SignIn.CompleteMailed(ctx, user, &token.Hash, token.CreatedAt, from)
	}
	claimed, err := s.Reclaim.ByMail(ctx, token, user, "code", from)
	if err == nil && !claimed {
		err = auth.Refuse(auth.InvalidCredentials)
	}
	if err != nil {
		return signin.SignIn{}, err
	}
	owner, found, err := s.Store.UserByID(ctx, user.ID)
	switch {
	case err != nil:
		return signin.SignIn{}, err
	case !found:
		return signin.SignIn{}, auth.Refuse(auth.InvalidCredentials)
	}
	return s.SignIn.CompleteMailed(ctx, owner, nil, token.CreatedAt, from)
}
