// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// SignIn is what a right password or mailed code, a passkey or a provider's word yields: a
// Grant, or a Challenge when the user has a second factor and has not shown one, or a Stop when
// they must have one and have none, or a PasswordWanted when theirs is not good enough any more.
type SignIn struct {
	Grant     session.Grant
	Challenge *Challenge
	// Stop is set for somebody who has to set a second factor up first; nil for others.
	Stop *Stop
	// PasswordWanted is set for somebody who has to choose another password first; nil for others.
	PasswordWanted *PasswordWanted
	// Notices are what the user is to be told of requirements that they do not meet yet.
	Notices []requirement.Notice
	// ShownSince is since when, at the earliest, the user has shown who they are; zero where
	// a provider may have recognised them without asking.
	ShownSince time.Time
}

// authentication is a user whose first factor was right.
type authentication struct {
	user    auth.User
	account auth.AccountKey
	from    auth.Client
	// method is the first factor, for the audit log: "password", "mailed code", "passkey", or
	// the name of a provider.
	method string
	// amr are the methods that were shown, as RFC 8176 names them. What a provider has
	// asked for is its own business.
	amr []string
	// counters hold the guess that was right; nil when nothing was guessed.
	counters []auth.Counter
	// redeems is the one-time token that was the first factor, and is used up by what it
	// is worth; nil for none.
	redeems *auth.TokenHash
	// newHash is the password's hash at the realm's cost, user.PasswordHash when
	// there is nothing to change.
	newHash string
	// chosenHash is of a password that takes the place of the old one as soon as the session is
	// open; empty for none.
	chosenHash string
	// notices are what the user is to be told of.
	notices []requirement.Notice
	// code is the second factor's; nil for a user without one.
	code *mfa.MatchedCode
	// passkey is one that was shown, by itself or as second factor; nil for none.
	passkey *passkey.Presented
	// authTime is when the user showed who they are; zero means at this moment.
	authTime time.Time
	// shownSince is as in SignIn.
	shownSince time.Time
	// parent is the session that vouches for the user; empty for a sign-in.
	parent string
}

// with is the authentication with a second factor's code.
func (a authentication) with(code mfa.MatchedCode) authentication {
	a.code = &code
	a.method += ", " + string(code.Method)
	a.authTime = time.Time{} // it was shown now
	a.amr = auth.WithMethods(a.amr, methodOf(code.Method), twoFactors)
	return a
}

// twoFactors is a sign-in by more than one factor, as RFC 8176 names it.
const twoFactors = "mfa"

// methodOf is a second factor as RFC 8176 names it.
func methodOf(m auth.Method) string {
	if m == auth.SMSMethod {
		return "sms"
	}
	return "otp"
}

// complete decides what a right first factor is worth. It refuses with
// AccountDisabled, EmailNotVerified, or InvalidCredentials when the user has
// changed meanwhile.
func (s *Service) complete(ctx context.Context, a authentication) (SignIn, error) {
	if err := s.admits(a.user); err != nil {
		return SignIn{}, err
	}
	if a.user.HasSecondFactor() {
		return s.challenge(ctx, a)
	}
	demand, err := s.Requirements.CheckFactors(ctx, a.user, a.from)
	switch {
	case err != nil:
		return SignIn{}, err
	case demand.Stop:
		return s.stop(ctx, a)
	}
	result := SignIn{ShownSince: a.shownSince, Notices: a.notices}
	if demand.Notice != nil {
		result.Notices = append(result.Notices, *demand.Notice)
	}
	result.Grant, err = s.openSession(ctx, a, a.redeems)
	return result, err
}

// admits refuses whoever may not sign in at all, with AccountDisabled or EmailNotVerified.
func (s *Service) admits(user auth.User) error {
	required := s.Settings().Registration.EmailVerification == realmconfig.VerificationRequired
	switch {
	case user.DisabledAt != nil:
		return auth.Refuse(auth.AccountDisabled)
	case user.EmailVerifiedAt == nil && required:
		return auth.Refuse(auth.EmailNotVerified)
	default:
		return nil
	}
}

// recordRefusal leaves a trace of a sign-in that came to nothing.
func (s *Service) recordRefusal(ctx context.Context, account auth.AccountKey, from auth.Client, err error) {
	refused := s.Audit.NewRefusal(auth.ActLogin, "", "", from, err)
	refused.Account = account
	s.Observer.Login(refused.Outcome)
	s.Audit.Record(ctx, refused)
}

// CompleteFederated lets a user in on the word of a provider.
func (s *Service) CompleteFederated(ctx context.Context, user auth.User, word Word, from auth.Client) (SignIn, error) {
	account := auth.KeyOf(user.Email)
	result, err := s.complete(ctx, authentication{
		user: user, account: account, from: from, method: word.Provider, newHash: user.PasswordHash,
		authTime: word.AuthTime, shownSince: word.Asked,
	})
	if err != nil {
		s.recordRefusal(ctx, account, from, err)
	}
	return result, err
}
