// SPDX-License-Identifier: Apache-2.0

package mfa

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"math/big"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
)

const (
	// textLifetime is how long a code that was sent works.
	textLifetime = 5 * time.Minute
	// sealedTextCode is the purpose under which it is sealed, for its ID.
	sealedTextCode = "text code"
)

// TextCode is a code that was sent to a telephone.
type TextCode struct {
	ID     string
	UserID string
	// Enrolment is of the Factor whose telephone it was sent to.
	Enrolment string
	Sealed    []byte
	SentAt    time.Time
	ExpiresAt time.Time
}

// TextLimit bounds what is sent to one user, whatever the telephone. What is sent to
// one telephone, whoever the user, is bounded by the quotas of the message.
type TextLimit struct {
	Pause   time.Duration
	PerHour int
}

// TextSent is what became of a TextCode.
type TextSent struct {
	Sent bool
	// RetryAt is set when the limit was in the way, or a quota.
	RetryAt *time.Time
}

func textLimit() TextLimit { return TextLimit{Pause: 30 * time.Second, PerHour: 5} }

// EnrolPhone sends a code to a telephone, which counts from the moment that
// Confirm has seen the code. It says how long the code works, and shows backup
// codes to a user who has no second factor yet. It refuses with SecondFactorExists,
// SecondFactorUnavailable or RateLimited.
func (s *Service) EnrolPhone(ctx context.Context, user auth.User, number string, from auth.Client) (Enrolment, time.Duration, error) {
	factors, err := s.FactorsOf(ctx, user)
	if err != nil {
		return Enrolment{}, 0, err
	}
	if _, exists := factors.verified(auth.SMSMethod); exists {
		return Enrolment{}, 0, auth.Refuse(auth.SecondFactorExists)
	}
	factor, err := s.newFactor(user, auth.SMSMethod, []byte(number))
	if err != nil {
		return Enrolment{}, 0, err
	}
	enrolment, enrols := Enrolment{}, NewFactor{Factor: factor}
	if !user.HasSecondFactor() {
		if enrolment.BackupCodes, enrols.BackupCodes, err = NewBackupCodes(s.Random); err != nil {
			return Enrolment{}, 0, err
		}
	}
	lifetime, err := s.sendText(ctx, user, factor, &enrols, from)
	return enrolment, lifetime, err
}

// SendCode sends a code to the telephone that is the user's second factor, and says how long
// it works. It refuses with SecondFactorMissing, SecondFactorUnavailable or RateLimited.
func (s *Service) SendCode(ctx context.Context, user auth.User, from auth.Client) (time.Duration, error) {
	factors, err := s.FactorsOf(ctx, user)
	if err != nil {
		return 0, err
	}
	factor, found := factors.verified(auth.SMSMethod)
	if !found {
		return 0, auth.Refuse(auth.SecondFactorMissing)
	}
	return s.sendText(ctx, user, factor, nil, from)
}

func (s *Service) sendText(ctx context.Context, user auth.User, factor Factor, enrols *NewFactor, from auth.Client) (time.Duration, error) {
	if s.Settings().SMS == nil {
		return 0, auth.Refuse(auth.SecondFactorUnavailable)
	}
	phone, err := s.Sealer.Open(string(auth.SMSMethod), user.ID, factor.Sealed)
	if err != nil {
		return 0, err
	}
	code, digits, err := s.newTextCode(factor)
	if err != nil {
		return 0, err
	}
	message, err := s.Notify.NewMessage(auth.BySMS, auth.CodeMessage, notify.Notice{
		To: string(phone), Name: user.Name, Locale: user.Locale, Code: digits, Lifetime: textLifetime,
		At: code.SentAt, Address: from.Address, UserAgent: from.UserAgent,
	})
	if err != nil {
		return 0, err
	}
	if message.Quotas, err = s.Notify.TextQuotas(string(phone), enrols != nil); err != nil {
		return 0, err
	}
	sent, err := s.Store.SendText(ctx, code, enrols, textLimit(), auth.Effects{Messages: []auth.Message{message}})
	switch {
	case err != nil:
		return 0, err
	case sent.RetryAt != nil:
		return 0, auth.RefuseFor(auth.RateLimited, sent.RetryAt.Sub(code.SentAt))
	case !sent.Sent: // the factor was removed, or verified, meanwhile
		return 0, auth.Refuse(auth.SecondFactorMissing)
	}
	return textLifetime, nil
}

func (s *Service) newTextCode(f Factor) (TextCode, auth.Secret, error) {
	id, err := s.NewID()
	if err != nil {
		return TextCode{}, "", err
	}
	digits, err := NewDigits(s.Random)
	if err != nil {
		return TextCode{}, "", err
	}
	sealed, err := s.Sealer.Seal(sealedTextCode, id, []byte(digits))
	now := s.Now()
	return TextCode{
		ID: id, UserID: f.UserID, Enrolment: f.Enrolment, Sealed: sealed, SentAt: now, ExpiresAt: now.Add(textLifetime),
	}, digits, err
}

// NewDigits makes a code of six digits, of which each is as likely as any other.
func NewDigits(random io.Reader) (auth.Secret, error) {
	n, err := rand.Int(random, big.NewInt(1_000_000))
	if err != nil {
		return "", fmt.Errorf("make code: %w", err)
	}
	return auth.Secret(fmt.Sprintf("%0*d", codeDigits, n)), nil
}
