// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"crypto/subtle"
)

// rightCode finds out which of a user's codes was typed, if any: what is to be
// spent, but not yet spent. An empty method is guessed by the code's form.
func (s *Service) rightCode(ctx context.Context, user User, code typedCode, method Method) (Spending, bool, error) {
	factors, err := s.Store.FactorsOf(ctx, user.ID, s.Now())
	if err != nil {
		return Spending{}, false, err
	}
	spending := Spending{UserID: user.ID, BackupCodesLeft: factors.BackupCodes}
	asked := func(m Method) bool { return method == "" || method == m }
	if code.backup != "" && asked(BackupCodeMethod) {
		hash := hashOf(Secret(code.backup))
		spending.Method, spending.Backup = BackupCodeMethod, &hash
		spending.BackupCodesLeft--
		return spending, factors.BackupCodes > 0, nil
	}
	if app, found := factors.verified(TOTPMethod); found && code.digits != "" && asked(TOTPMethod) {
		step, right, err := s.appStep(app, code.digits)
		if err != nil || right {
			spending.Method, spending.Enrolment, spending.Step = TOTPMethod, app.Enrolment, &step
			return spending, right, err
		}
	}
	if phone, found := factors.verified(SMSMethod); found && code.digits != "" && asked(SMSMethod) {
		right, err := s.isText(phone, code.digits)
		if err != nil || right {
			spending.Method, spending.Enrolment = SMSMethod, phone.Enrolment
			spending.Text = phone.Text.ID
			return spending, right, err
		}
	}
	return Spending{}, false, nil
}

// appStep is the time step of a code, if the app shows it now and nobody has
// used it.
func (s *Service) appStep(f Factor, digits string) (int64, bool, error) {
	secret, err := s.Sealer.Open(string(TOTPMethod), f.UserID, f.Sealed)
	if err != nil {
		return 0, false, err
	}
	return totpStep(secret, digits, f.LastStep, s.Now())
}

// isText compares with the code that was sent last.
func (s *Service) isText(f Factor, digits string) (bool, error) {
	if f.Text == nil {
		return false, nil
	}
	sent, err := s.Sealer.Open(sealedTextCode, f.Text.ID, f.Text.Sealed)
	return err == nil && subtle.ConstantTimeCompare(sent, []byte(digits)) == 1, err
}

// proveCode checks and spends a code of a second factor. It refuses with
// CodeInvalid, AccountLocked or TooManyAttempts.
func (s *Service) proveCode(ctx context.Context, user User, code Secret, from Client) error {
	counter := s.codeCounter(guessingFactor, user.ID)
	if err := s.reserve(ctx, counter); err != nil {
		return err
	}
	conclude := context.WithoutCancel(ctx)
	typed := parseCode(code)
	spending, right, err := s.rightCode(conclude, user, typed, "")
	if err == nil && right {
		spending.Guesses = counter.Key
		right, err = s.Store.SpendCode(conclude, spending, s.Now())
	}
	switch {
	case err != nil:
		s.release(conclude, counter)
		return err
	case !right:
		s.Observer.SecondFactor(typed.kind(), string(CodeInvalid))
		return s.wrongFactor(conclude, counter, user, from)
	}
	s.unlocked(conclude, counter.Key)
	s.Observer.SecondFactor(spending.Method, Succeeded)
	return nil
}
