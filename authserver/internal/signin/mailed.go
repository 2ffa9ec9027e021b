// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// mailedCode is the first factor of whoever reads the mail of their address, in the audit
// log. No provider has a name with a space.
const mailedCode = "mailed code"

// CompleteMailed lets a user in who has shown that they read the mail of their proved
// address. The one-time token is what was mailed, and is used up by it; nil when it has been
// already. The mail was asked for at a time. It refuses with AccountDisabled, or with
// InvalidCredentials when the token is used up or the user has changed meanwhile, and
// leaves no trace of a refusal: see RecordMailed.
//
// RFC 8176 has no word for a code by mail but "otp", a one-time password.
func (s *Service) CompleteMailed(ctx context.Context, user auth.User, token *auth.TokenHash, askedFor time.Time, from auth.Client) (SignIn, error) {
	return s.complete(ctx, authentication{
		user: user, account: auth.KeyOf(user.Email), from: from, method: mailedCode, amr: []string{"otp"},
		redeems: token, newHash: user.PasswordHash, shownSince: askedFor,
	})
}

// RecordMailed leaves a trace of a mailed code that came to nothing.
func (s *Service) RecordMailed(ctx context.Context, account auth.AccountKey, from auth.Client, err error) {
	refused := s.Audit.NewRefusal(auth.ActLogin, "", "", from, err)
	refused.Account, refused.Detail = account, mailedCode
	s.Observer.Login(refused.Outcome)
	s.Audit.Record(ctx, refused)
}
