// SPDX-License-Identifier: Apache-2.0

package gateway

import (
	"context"
	"errors"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/grant"
)

// standing is what a grant is worth, as the Store had it at a time.
type standing struct {
	grant grant.Grant
	// subject is whom the grant speaks for, in the session that it hangs on.
	subject auth.Subject
	groups  []string
	// live is false for a grant that is over, which none ever begins again.
	live   bool
	readAt time.Time
}

const (
	// freshFor is how long a change of a user's groups or address may go unnoticed. The end
	// of a session, and another role, are known at once.
	freshFor = 30 * time.Second
	// staleFor is for how long what is known is good while the Store is away. Nobody can end
	// a session then.
	staleFor = time.Hour
)

// standingOf is that of a grant: what is known, if it is fresh, or what the Store says. It
// refuses with TokenInvalid for one that is over, or with DatabaseUnavailable.
func (s *Service) standingOf(ctx context.Context, grantID string) (standing, error) {
	known, found := s.known.Recall(grantID)
	if age := s.Now().Sub(known.readAt); found && age < freshFor {
		return s.inForce(ctx, known)
	}
	read, err := s.read(ctx, grantID)
	if errors.Is(err, auth.Refuse(auth.DatabaseUnavailable)) && found && s.Now().Sub(known.readAt) < staleFor {
		return s.inForce(ctx, known)
	}
	if err != nil {
		return standing{}, err
	}
	return s.inForce(ctx, read)
}

// inForce is a standing that is still worth something. One whose user has another role by
// now is read again.
func (s *Service) inForce(ctx context.Context, known standing) (standing, error) {
	err := s.good(ctx, known)
	if !errors.Is(err, auth.Refuse(auth.TokenExpired)) {
		return known, err
	}
	if known, err = s.read(ctx, known.grant.ID); err != nil {
		return standing{}, err
	}
	return known, s.good(ctx, known)
}

// good refuses a standing as session.Check does, and one of a client that is no more.
func (s *Service) good(ctx context.Context, known standing) error {
	now, g := s.Now(), known.grant
	client, found, err := s.Clients.Find(ctx, g.ClientID)
	switch {
	case err != nil:
		return err
	case !known.live, !found, g.CreatedAt.Before(s.Clients.GrantsSince(client)),
		!now.Before(g.ExpiresAt), g.CreatedAt.Before(s.Settings().Tokens.SessionsSince(now)):
		return auth.Refuse(auth.TokenInvalid)
	}
	return s.Sessions.Check(ctx, known.subject)
}

// read asks the Store, once for any number of callers at a time. Whoever is served goes on
// when another has left.
func (s *Service) read(ctx context.Context, grantID string) (standing, error) {
	read, err, _ := s.reads.Do(grantID, func() (any, error) {
		ctx, now := context.WithoutCancel(ctx), s.Now()
		held, live, err := s.Grants.Live(ctx, grantID)
		if err != nil {
			return standing{}, err
		}
		known := standing{grant: held.Grant, live: live, readAt: now}
		if live {
			known.subject = held.User.Subject(held.Grant.SessionID, held.Grant.AuthTime, held.Grant.AMR)
			known.subject.GrantID = held.Grant.ID
			known.groups, err = s.Groups(ctx, held.User.ID)
		}
		if err == nil {
			s.known.Remember(grantID, known)
		}
		return known, err
	})
	known, _ := read.(standing)
	return known, err
}
