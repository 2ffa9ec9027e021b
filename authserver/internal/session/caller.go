// SPDX-License-Identifier: Apache-2.0

package session

import (
	"context"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

// Caller is the user an access token speaks for, as the Store knows them now,
// and the session it belongs to. It refuses with TokenMissing, TokenExpired,
// TokenInvalid (also when the session has ended or the user is disabled) or
// DatabaseUnavailable.
func (s *Service) Caller(ctx context.Context, access auth.Secret) (auth.User, auth.Subject, error) {
	if access == "" {
		return auth.User{}, auth.Subject{}, auth.Refuse(auth.TokenMissing)
	}
	subject, err := s.Tokens.Verify(access)
	if err != nil {
		return auth.User{}, auth.Subject{}, err
	}
	if s.ofEndedGrant(ctx, subject) {
		return auth.User{}, auth.Subject{}, auth.Refuse(auth.TokenInvalid)
	}
	user, err := s.UserOf(ctx, subject)
	return user, subject, err
}

// UserOf is the user of a session, as the Store knows them now. It refuses with
// TokenInvalid when the session has ended or the user is disabled, or DatabaseUnavailable.
func (s *Service) UserOf(ctx context.Context, subject auth.Subject) (auth.User, error) {
	user, live, err := s.Store.UserOfSession(ctx, subject.UserID, subject.SessionID, s.Now())
	if err == nil && !live {
		err = auth.Refuse(auth.TokenInvalid)
	}
	return user, err
}

// ofEndedGrant reports whether a token was issued by a grant that is over. That of a session
// is for the Store to say.
func (s *Service) ofEndedGrant(ctx context.Context, subject auth.Subject) bool {
	if subject.GrantID == "" {
		return false
	}
	if !s.revoked.revokes(subject.GrantID) {
		s.hearNews(ctx, subject.GrantID)
	}
	return s.revoked.revokes(subject.GrantID)
}

// Admin is the caller, if the Store says that they are one now. It refuses as
// session.Caller does, with PermissionDenied, or with InsufficientAuthentication where the
// token does not say what the realm demands of admins. A refused act is told of in the audit
// log; reading is no act.
func (s *Service) Admin(ctx context.Context, access auth.Secret, act auth.Action, targetID string, from auth.Client) (auth.User, auth.Subject, error) {
	user, subject, err := s.Caller(ctx, access)
	if err != nil {
		return auth.User{}, auth.Subject{}, err
	}
	denied := s.refusesAdmin(user, subject)
	switch {
	case denied == nil:
		return user, subject, nil
	case act != "":
		s.Audit.Record(ctx, s.Audit.NewRefusal(act, user.ID, targetID, from, denied))
	}
	return auth.User{}, auth.Subject{}, denied
}

// refusesAdmin is why somebody may not administer with a token; nil if they may.
func (s *Service) refusesAdmin(user auth.User, subject auth.Subject) error {
	if user.Role != auth.AdminRole {
		return auth.Refuse(auth.PermissionDenied)
	}
	demanded := s.Settings().Administration
	if demanded == nil {
		return nil
	}
	return auth.Demand{ACR: demanded.ACR, MaxAge: time.Duration(demanded.MaxAge)}.Check(subject.ACR(), subject.AuthTime, s.Now())
}

const (
	// recentAuthentication is how long a sign-in, or a proof, speaks for whoever holds the
	// token that was issued at it.
	recentAuthentication = 5 * time.Minute
	// clockSkew is how far ahead of ours the clock of the pod may be that has
	// issued a token.
	clockSkew = 30 * time.Second
)

// RecentlyAuthenticated asks the token alone: a proof that were kept with the session
// would speak for everybody who holds a token of it.
func (s *Service) RecentlyAuthenticated(subject auth.Subject) bool {
	age := s.Now().Sub(subject.AuthTime)
	return age <= recentAuthentication && age >= -clockSkew
}
