// SPDX-License-Identifier: Apache-2.0

package mfa

import (
	"context"
	"crypto/subtle"

	"github.com/realmkeeper/realmkeeper/authserver/internal/attempts"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Verify checks a code of a user's second factor, uses it up, and says which it was. It refuses
// with CodeInvalid, AccountLocked or TooManyAttempts.
func (s *Service) Verify(ctx context.Context, user auth.User, code Code, from auth.Client) (MatchedCode, error) {
	return s.VerifyFor(ctx, user, code, "", from, func(ctx context.Context, matched MatchedCode) (bool, error) {
		return s.Store.UseCode(ctx, matched, s.Now())
	})
}

// VerifyFor is Verify for a code that is used up by something greater. An empty
// method is told by the code's form. Use is called once for a code that is right,
// also when ctx is done by then, and must use it up together with what it is for;
// it is false when somebody has used the code first, which makes it a wrong one. An
// error of use does not count as a guess.
func (s *Service) VerifyFor(
	ctx context.Context, user auth.User, code Code, method auth.Method, from auth.Client,
	use func(context.Context, MatchedCode) (bool, error),
) (MatchedCode, error) {
	counter := s.Attempts.CodeCounter(attempts.SignInCode, user.ID)
	if err := s.Attempts.Reserve(ctx, counter); err != nil {
		return MatchedCode{}, err
	}
	// From here the attempt counts: a client that hangs up must not get it for free.
	ctx = context.WithoutCancel(ctx)
	matched, used, err := s.match(ctx, user, code, method)
	if err == nil && used {
		matched.Guesses = counter.Key
		used, err = use(ctx, matched)
	}
	switch {
	case err != nil:
		s.Attempts.Release(ctx, counter)
		return MatchedCode{}, err
	case !used:
		s.Observer.SecondFactor(matched.Method, string(auth.CodeInvalid))
		return MatchedCode{}, s.wrongCode(ctx, counter, user, from)
	}
	s.Attempts.ForgetLocks(ctx, counter.Key)
	s.Observer.SecondFactor(matched.Method, auth.Succeeded)
	return matched, nil
}

// match finds out which of a user's codes was typed, if any. The method of a code
// that matches none is what it looks like.
func (s *Service) match(ctx context.Context, user auth.User, code Code, method auth.Method) (MatchedCode, bool, error) {
	factors, err := s.FactorsOf(ctx, user)
	if err != nil {
		return MatchedCode{}, false, err
	}
	matched := MatchedCode{UserID: user.ID, BackupCodesLeft: factors.BackupCodes}
	asked := func(m auth.Method) bool { return method == "" || method == m }
	if code.backup != "" && asked(auth.BackupCodeMethod) {
		hash := auth.HashOf(auth.Secret(code.backup))
		matched.Method, matched.Backup = auth.BackupCodeMethod, &hash
		matched.BackupCodesLeft--
		return matched, factors.BackupCodes > 0, nil
	}
	if app, found := factors.verified(auth.TOTPMethod); found && code.digits != "" && asked(auth.TOTPMethod) {
		step, right, err := s.appStep(app, code.digits)
		if err != nil || right {
			matched.Method, matched.Enrolment, matched.Step = auth.TOTPMethod, app.Enrolment, &step
			return matched, right, err
		}
	}
	if phone, found := factors.verified(auth.SMSMethod); found && code.digits != "" && asked(auth.SMSMethod) {
		right, err := s.matchesText(phone, code.digits)
		if err != nil || right {
			matched.Method, matched.Enrolment = auth.SMSMethod, phone.Enrolment
			matched.Text = phone.Text.ID
			return matched, right, err
		}
	}
	return MatchedCode{Method: code.kind()}, false, nil
}

// appStep is the time step of a code, if the app shows it now and nobody has
// used it.
func (s *Service) appStep(f Factor, digits string) (int64, bool, error) {
	secret, err := s.Sealer.Open(string(auth.TOTPMethod), f.UserID, f.Sealed)
	if err != nil {
		return 0, false, err
	}
	return totpStep(secret, digits, f.LastStep, s.Now())
}

// matchesText compares with the code that was sent last.
func (s *Service) matchesText(f Factor, digits string) (bool, error) {
	if f.Text == nil {
		return false, nil
	}
	sent, err := s.Sealer.Open(sealedTextCode, f.Text.ID, f.Text.Sealed)
	return err == nil && subtle.ConstantTimeCompare(sent, []byte(digits)) == 1, err
}

// failed lets an attempt stand and refuses with code, saying how many are
// left. The last one locks the counter; also is for that.
func (s *Service) failed(ctx context.Context, c auth.Counter, also auth.Effects, code auth.Code) error {
	refusal := auth.Refuse(code)
	if tallies := s.Attempts.Fail(ctx, also, c); tallies != nil {
		refusal.AttemptsLeft = &tallies[0].Left
	}
	return refusal
}

// wrongCode is failed for a second factor in use. Its owner hears of a lock:
// whoever gets as far as guessing codes knows the password.
func (s *Service) wrongCode(ctx context.Context, c auth.Counter, user auth.User, from auth.Client) error {
	also := s.Attempts.LockEffects(ctx, user, auth.KeyOf(user.Email), from)
	for i := range also.Events {
		also.Events[i].Detail = "second factor"
	}
	return s.failed(ctx, c, also, auth.CodeInvalid)
}
