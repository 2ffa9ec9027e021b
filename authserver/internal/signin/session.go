// SPDX-License-Identifier: Apache-2.0

package signin

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
	"github.com/realmkeeper/realmkeeper/authserver/internal/passkey"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
)

// NewSession is a login whose factors were right.
type NewSession struct {
	SessionID string
	User      auth.User
	Client    auth.Client
	Refresh   auth.TokenHash
	// Family is the number of that of Refresh.
	Family int32
	// Clears is the counter that begins anew; Releases one from which the login's
	// own attempt is taken back, zero for none.
	Clears, Releases auth.CounterKey
	// NewHash replaces User.PasswordHash; the same hash keeps it.
	NewHash string
	// Redeems is the token this login uses up; nil when it needs none.
	Redeems *auth.TokenHash
	// Code is of a second factor and used up by it; nil when it needs none.
	Code *mfa.MatchedCode
	// Passkey was shown; nil for none. It must be the user's still.
	Passkey *passkey.Presented
	// Parent is the session that this one descends from, which must be alive and
	// have begun at Since at the earliest; empty for none.
	Parent string
	Since  time.Time
	// AuthTime is when the user showed who they are; it is before Now when the
	// session descends from another one.
	AuthTime time.Time
	// AMR is how (RFC 8176); empty where nobody knows.
	AMR       []string
	Now       time.Time
	ExpiresAt time.Time
}

// SessionStart is what became of a NewSession.
type SessionStart struct {
	Started bool
	// WasLocked is set when the counter that was cleared had been locked.
	WasLocked bool
}

// openSession gives the user a session, using up the one-time token if there is one.
func (s *Service) openSession(ctx context.Context, a authentication, token *auth.TokenHash) (session.Grant, error) {
	id, err := s.NewID()
	if err != nil {
		return session.Grant{}, err
	}
	now := s.Now()
	refresh, err := session.NewRefreshToken(s.Random, id, now)
	if err != nil {
		return session.Grant{}, err
	}
	login, err := s.Audit.NewEvent(auth.ActLogin, a.user.ID, a.user.ID, a.from)
	if err != nil {
		return session.Grant{}, err
	}
	login.Account, login.Detail = a.account, a.method
	device, mails, err := s.Attempts.RecogniseDevice(ctx, a.user, a.from)
	if err != nil {
		return session.Grant{}, err
	}
	own := s.Attempts.OwnCounter(a.user, a.from).Key
	if a.parent != "" {
		// Nothing was shown that makes up for wrong guesses, or makes a device known.
		device, own = "", auth.CounterKey{}
	}
	authTime := a.authTime
	if authTime.IsZero() {
		authTime = now
	}
	events := []auth.Event{login}
	if a.passkey != nil && a.passkey.Warning != nil {
		events = append(events, *a.passkey.Warning)
	}
	tokens := s.Settings().Tokens
	lifetime := time.Duration(tokens.RefreshTokenLifetime)
	start, err := s.Store.StartSession(ctx, NewSession{
		SessionID: id, User: a.user, Clears: own, Releases: a.alsoCounted(), Client: a.from,
		Refresh: refresh.Hash(), Family: refresh.Family().Number,
		NewHash: a.newHash, Redeems: token, Code: a.code, Passkey: a.passkey, AuthTime: authTime, AMR: a.amr, Now: now, ExpiresAt: now.Add(lifetime),
		Parent: a.parent, Since: tokens.SessionsSince(now),
	}, auth.Effects{Messages: mails, Events: events})
	switch {
	case err != nil:
		return session.Grant{}, err
	case !start.Started:
		return session.Grant{}, auth.Refuse(auth.InvalidCredentials)
	case start.WasLocked:
		s.Attempts.ForgetLocks(ctx, own)
	}
	s.Observer.Login(auth.Succeeded)
	for _, e := range events {
		s.Audit.Print(ctx, e)
	}
	if a.chosenHash != "" {
		if err := s.keepChosen(ctx, a, id, now); err != nil {
			return session.Grant{}, err
		}
	}
	grant, err := s.Sessions.Issue(a.user.Subject(id, authTime, a.amr), refresh, lifetime)
	grant.DeviceToken = device
	return grant, err
}

// alsoCounted is the counter besides the user's own that holds the guess.
func (a authentication) alsoCounted() auth.CounterKey {
	if len(a.counters) < 2 {
		return auth.CounterKey{}
	}
	return a.counters[1].Key
}
