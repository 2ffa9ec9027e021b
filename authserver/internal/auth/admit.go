// SPDX-License-Identifier: Apache-2.0

package auth

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// admission is a user whose first factor was right.
type admission struct {
	user    User
	account AccountKey
	from    Client
	// method is the first factor, for the audit trail: "password", or the name
	// of a provider.
	method string
	// counters hold the guess that was right; nil when nothing was guessed.
	counters []Counter
	// newHash is the password's hash at the realm's cost, user.PasswordHash when
	// there is nothing to change.
	newHash string
	// spends is the second factor's code; nil for a user without one.
	spends *Spending
	// authTime is when the user showed who they are; zero means at this moment.
	authTime time.Time
	// parent is the session that vouches for the user; empty for a sign-in.
	parent string
}

// admit decides what a right first factor is worth. It refuses with
// AccountDisabled, EmailNotVerified, or InvalidCredentials when the user has
// changed meanwhile.
func (s *Service) admit(ctx context.Context, a admission) (SignIn, error) {
	required := s.Settings().Registration.EmailVerification == realmconfig.VerificationRequired
	switch {
	case a.user.DisabledAt != nil:
		return SignIn{}, refuse(AccountDisabled)
	case a.user.EmailVerifiedAt == nil && required:
		return SignIn{}, refuse(EmailNotVerified)
	}
	if a.user.HasSecondFactor() {
		return s.challenge(ctx, a)
	}
	grant, err := s.openSession(ctx, a, nil)
	return SignIn{Grant: grant}, err
}

// openSession gives the user a session, using up ticket if there is one.
func (s *Service) openSession(ctx context.Context, a admission, ticket *TokenHash) (Grant, error) {
	refresh, err := newRefreshToken(s.Random)
	if err != nil {
		return Grant{}, err
	}
	id, err := s.newID()
	if err != nil {
		return Grant{}, err
	}
	login, err := s.event(ActLogin, a.user.ID, a.user.ID, a.from)
	if err != nil {
		return Grant{}, err
	}
	login.Account, login.Detail = a.account, a.method
	device, mails, err := s.recognise(ctx, a.user, a.from)
	if err != nil {
		return Grant{}, err
	}
	own := s.ownCounter(a.user, a.from).Key
	if a.parent != "" {
		// Nothing was shown that makes up for wrong guesses, or makes a device known.
		device, own = "", CounterKey{}
	}
	now := s.Now()
	authTime := a.authTime
	if authTime.IsZero() {
		authTime = now
	}
	tokens := s.Settings().Tokens
	lifetime := time.Duration(tokens.RefreshTokenLifetime)
	start, err := s.Store.StartSession(ctx, NewSession{
		SessionID: id, User: a.user, Clears: own, Releases: a.alsoCounted(), Client: a.from, Refresh: refresh.hash(),
		NewHash: a.newHash, Redeems: ticket, Spends: a.spends, AuthTime: authTime, Now: now, ExpiresAt: now.Add(lifetime),
		Parent: a.parent, Since: tokens.SessionsSince(now),
	}, Effects{Messages: mails, Events: []Event{login}})
	switch {
	case err != nil:
		return Grant{}, err
	case !start.Started:
		return Grant{}, refuse(InvalidCredentials)
	case start.WasLocked:
		s.unlocked(ctx, own)
	}
	s.Observer.Login(Succeeded)
	s.log(ctx, login)
	grant, err := s.grant(a.user.Subject(id, authTime), refresh, lifetime)
	grant.DeviceToken = device
	return grant, err
}

// alsoCounted is the counter besides the user's own that holds the guess.
func (a admission) alsoCounted() CounterKey {
	if len(a.counters) < 2 {
		return CounterKey{}
	}
	return a.counters[1].Key
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

// refusedLogin leaves a trace of a sign-in that came to nothing.
func (s *Service) refusedLogin(ctx context.Context, account AccountKey, from Client, err error) {
	outcome := outcomeOf(err)
	s.Observer.Login(outcome)
	s.record(ctx, Event{
		Action: ActLogin, Outcome: outcome, Account: account,
		Address: from.Address, UserAgent: from.UserAgent, At: s.Now(),
	})
}
