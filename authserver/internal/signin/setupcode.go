// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"crypto/subtle"
	"errors"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/attempts"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
)

// sealedSetUpCode is the purpose under which a code is sealed, for its token.
const sealedSetUpCode = "set-up code"

type setUpCode struct {
	Digits string `json:"digits"`
}

// setUpCodeHash names the code of a Stop. Another one takes its place.
func setUpCodeHash(stop auth.Secret) auth.TokenHash { return auth.HashOf("set-up code of " + stop) }

// MailSetUpCode mails a code to whoever is stopped, to show that they read their mail, and says
// how long it works. It refuses with ChallengeInvalid, AccountDisabled, InvalidRequest where no
// code is asked for, or RateLimited.
func (s *Service) MailSetUpCode(ctx context.Context, stop auth.Secret, from auth.Client) (time.Duration, error) {
	a, first, err := s.openStop(ctx, stop, from)
	if err != nil {
		return 0, err
	}
	shows, err := s.Passkeys.Has(ctx, a.user)
	switch {
	case err != nil:
		return 0, err
	case first.Proven || shows || s.Settings().Email == nil:
		return 0, &auth.Error{Code: auth.InvalidRequest, Fields: []auth.FieldProblem{{Field: "setup_id", Detail: "needs no mailed code"}}}
	}
	digits, err := mfa.NewDigits(s.Random)
	if err != nil {
		return 0, err
	}
	token := auth.OneTimeToken{Hash: setUpCodeHash(stop), Kind: auth.SetUpCodeToken, UserID: a.user.ID, Email: a.user.Email}
	if err := token.Keep(s.Sealer, sealedSetUpCode, setUpCode{string(digits)}, s.Now(), attempts.MailedCodeLifetime); err != nil {
		return 0, err
	}
	message, err := s.Notify.NewMessage(auth.ByMail, auth.SetUpCodeMessage, notify.Notice{
		To: a.user.Email, Name: a.user.Name, Locale: a.user.Locale, Code: digits, Lifetime: attempts.MailedCodeLifetime,
		At: token.CreatedAt, Address: from.Address, UserAgent: from.UserAgent,
	})
	if err != nil {
		return 0, err
	}
	if message.Quotas, err = s.Notify.LinkQuotas(auth.SetUpCodeToken, a.user, a.user.Email); err != nil {
		return 0, err
	}
	sent, err := s.Notify.SendToken(ctx, token, message, auth.ActRequestSetUpCode, a.user, from)
	if err == nil && !sent {
		err = auth.RefuseFor(auth.RateLimited, auth.QuotaWindow)
	}
	return attempts.MailedCodeLifetime, err
}

// ShowSetUpCode takes the mailed code of whoever is stopped. The result takes the place of the
// Stop, and sets something up. It refuses as mfa.ParseDigits does, with ChallengeInvalid,
// AccountDisabled, CodeInvalid, AccountLocked or TooManyAttempts.
func (s *Service) ShowSetUpCode(ctx context.Context, stop, typed auth.Secret, from auth.Client) (Stop, error) {
	digits, err := mfa.ParseDigits(typed)
	if err != nil {
		return Stop{}, err
	}
	a, first, err := s.openStop(ctx, stop, from)
	if err != nil {
		return Stop{}, err
	}
	counters, err := s.Attempts.SetUpCodeCounters(ctx, a.user, stop, from)
	if err != nil {
		return Stop{}, err
	}
	if err := s.Attempts.Reserve(ctx, counters...); err != nil {
		return Stop{}, err
	}
	// From here the guess counts: a client that hangs up must not get it for free.
	ctx = context.WithoutCancel(ctx)
	next, err := s.proveStop(ctx, a, first, stop, digits)
	if errors.Is(err, auth.Refuse(auth.CodeInvalid)) {
		err = s.wrongSetUpCode(ctx, a, counters, from)
	} else {
		s.Attempts.Release(ctx, counters...)
	}
	s.Audit.RecordProof(ctx, a.user, mailedCode, from, err)
	return next, err
}

func (s *Service) proveStop(ctx context.Context, a authentication, first stoppedSignIn, stop, digits auth.Secret) (Stop, error) {
	token, found, err := s.Store.PeekToken(ctx, auth.SetUpCodeToken, setUpCodeHash(stop), s.Now())
	if err != nil {
		return Stop{}, err
	}
	code := setUpCode{}
	if found {
		if err := token.Open(s.Sealer, sealedSetUpCode, &code); err != nil {
			return Stop{}, &auth.Error{Code: auth.ChallengeInvalid, Cause: err} // its key is gone
		}
	}
	if !found || token.Email != a.user.Email || subtle.ConstantTimeCompare([]byte(code.Digits), []byte(digits)) != 1 {
		return Stop{}, auth.Refuse(auth.CodeInvalid)
	}
	first.Proven = true
	next, t, err := s.newStop(ctx, a.user, first)
	if err != nil {
		return Stop{}, err
	}
	exchanged, err := s.Store.ExchangeToken(ctx, auth.HashOf(stop), t, auth.Effects{})
	if err == nil && !exchanged {
		err = auth.Refuse(auth.ChallengeInvalid)
	}
	return next, err
}

// wrongSetUpCode lets a guess stand, and says how many are left. Of a lock the user is told:
// whoever gets as far as guessing here knows their password.
func (s *Service) wrongSetUpCode(ctx context.Context, a authentication, counters []auth.Counter, from auth.Client) error {
	also := s.Attempts.LockEffects(ctx, a.user, a.account, from)
	for i := range also.Events {
		also.Events[i].Detail = "set-up codes"
	}
	refusal := auth.Refuse(auth.CodeInvalid)
	if tallies := s.Attempts.Fail(ctx, also, counters...); tallies != nil {
		left := min(tallies[0].Left, tallies[len(tallies)-1].Left)
		refusal.AttemptsLeft = &left
	}
	return refusal
}
