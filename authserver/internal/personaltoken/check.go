// SPDX-License-Identifier: Apache-2.0

package personaltoken

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// freshFor is how long a change of a user's groups or address may go unnoticed. The end
	// of a token, and another role, are known at once.
	freshFor = 10 * time.Second
	// staleFor is for how long what is known is good while the Store is away. Nobody can end
	// a token then.
	staleFor = time.Hour
)

// standing is what a token is worth, as the Store had it at a time.
type standing struct {
	Held
	groups []string
	// live is false for what is no token, or good for nothing.
	live   bool
	readAt time.Time
}

// Holder is whom a token speaks for.
type Holder struct {
	// Token has the scopes that the client may still have, and expires when the settings say
	// so now.
	Token Token
	Owner
	// Groups are all that the owner is in, whatever the scopes say.
	Groups []string
}

// Check says for a client whom a token speaks for. What was asked for a moment ago it knows
// without asking the Store; that a token has ended it learns at once all the same, or within
// about a second. Before it asks the Store, it asks mayAsk, and refuses as that does: a
// stranger's noise may look like a token. It refuses with TokenInvalid what is no token of
// this client that is good now, with ClientAccessDenied one of somebody whom the client is
// not for, or with DatabaseUnavailable.
func (s *Service) Check(ctx context.Context, clientID string, shown auth.Secret, from auth.Client, mayAsk func() error) (Holder, error) {
	client, takes := s.takes(clientID)
	if !takes || !Is(shown) {
		return Holder{}, auth.Refuse(auth.TokenInvalid)
	}
	hash := auth.HashOf(shown)
	known, err := s.standingOf(ctx, hash, mayAsk)
	switch {
	case err != nil:
		return Holder{}, err
	case !known.live, known.Token.ClientID != client.ID:
		return Holder{}, auth.Refuse(auth.TokenInvalid)
	case !client.Admits(known.groups):
		return Holder{}, auth.Refuse(auth.ClientAccessDenied)
	}
	s.noteUse(ctx, hash, known, from)
	return holderOf(client, s.inForce(known.Token), known), nil
}

// holderOf leaves out the scopes that the client has lost since.
func holderOf(client realmconfig.Client, t Token, known standing) Holder {
	allowed := known.scopes(client)
	t.Scopes = slices.DeleteFunc(slices.Clone(t.Scopes), func(scope string) bool { return !slices.Contains(allowed, scope) })
	return Holder{Token: t, Owner: known.Owner, Groups: known.groups}
}

// standingOf is that of a token: what is known, if it is fresh, or what the Store says.
func (s *Service) standingOf(ctx context.Context, hash auth.TokenHash, mayAsk func() error) (standing, error) {
	known, found := s.known.Recall(hash)
	age := s.Now().Sub(known.readAt)
	if found && age < freshFor {
		if known, err := s.good(ctx, known); !isRefusal(err, auth.TokenExpired) {
			return known, err
		}
	}
	if err := mayAsk(); err != nil {
		return standing{}, err
	}
	read, err := s.read(ctx, hash)
	if isRefusal(err, auth.DatabaseUnavailable) && found && age < staleFor {
		read, err = known, nil
	}
	if err != nil {
		return standing{}, err
	}
	read, err = s.good(ctx, read)
	if isRefusal(err, auth.TokenExpired) { // the user has another role since a moment ago
		err = auth.Refuse(auth.TokenInvalid)
	}
	return read, err
}

// good is a standing as it is in force now: it refuses as session.Check does, for which a
// token is a session of its own, and with TokenInvalid.
func (s *Service) good(ctx context.Context, known standing) (standing, error) {
	if !known.live {
		return known, nil
	}
	if !s.Now().Before(s.inForce(known.Token).ExpiresAt) || s.isOver(known.Token) {
		return standing{}, auth.Refuse(auth.TokenInvalid)
	}
	return known, s.Sessions.Check(ctx, known.subject(known.Token.ID))
}

// inForce is a token that expires when the settings have it now: a realm that lets tokens
// live for less means those that there are, too.
func (s *Service) inForce(t Token) Token {
	settings := s.Settings().PersonalAccessTokens
	if settings == nil {
		return t
	}
	if latest := t.CreatedAt.Add(time.Duration(settings.MaxLifetime)); t.ExpiresAt.After(latest) {
		t.ExpiresAt = latest
	}
	return t
}

// isOver reports whether a token is of a client that is no more, or of before the time from
// which on the settings let anything be good.
func (s *Service) isOver(t Token) bool {
	return t.CreatedAt.Before(s.Clients.Clients().GrantsSince(t.ClientID)) || t.CreatedAt.Before(s.Settings().Tokens.SessionsSince(s.Now()))
}

// read asks the Store, once for any number of callers at a time. Whoever is served goes on
// when another has left.
func (s *Service) read(ctx context.Context, hash auth.TokenHash) (standing, error) {
	read, err, _ := s.reads.Do(string(hash[:]), func() (any, error) {
		ctx, now := context.WithoutCancel(ctx), s.Now()
		held, live, err := s.Store.PersonalToken(ctx, hash, now)
		known := standing{Held: held, live: live, readAt: now}
		if err == nil && live {
			known.groups, err = s.Groups(ctx, held.ID())
		}
		if err == nil {
			s.known.Remember(hash, known)
		}
		return known, err
	})
	known, _ := read.(standing)
	return known, err
}

// noteUse writes down that a token is used, once a day for each pod. That it cannot is no
// reason to refuse the token.
func (s *Service) noteUse(ctx context.Context, hash auth.TokenHash, known standing, from auth.Client) {
	today := s.Now().UTC().Truncate(24 * time.Hour)
	if last := known.Token.LastUsedOn; last != nil && !last.Before(today) {
		return
	}
	ctx = context.WithoutCancel(ctx)
	act := auth.ActUsePersonalToken
	if known.Account != nil {
		act = auth.ActUseServiceAccountToken
	}
	told, err := s.Audit.NewEvent(act, known.ID(), known.ID(), from)
	if err == nil {
		told.Detail = known.Token.ID + " " + known.Token.ClientID
		var first bool
		if first, err = s.Store.UsePersonalToken(ctx, known.Token.ID, today, told); first {
			s.Audit.Print(ctx, told)
		}
	}
	if err != nil {
		s.Log.WarnContext(ctx, "the use of a personal access token was not noted", "token", known.Token.ID, "error", err)
		return
	}
	known.Token.LastUsedOn = &today
	s.known.Remember(hash, known)
}

func isRefusal(err error, code auth.Code) bool { return errors.Is(err, auth.Refuse(code)) }
