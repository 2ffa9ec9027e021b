// SPDX-License-Identifier: Apache-2.0

package personaltoken

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/internal/signin"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// New is a token that somebody wants.
type New struct {
	Name, ClientID string
	Scopes         []string
	Lifetime       time.Duration
}

// leastLifetime is long enough to use a token at all.
const leastLifetime = time.Minute

// Make makes a token for the caller, and shows it: nobody can later. It refuses as
// session.Caller and signin.RequireProof do, with InvalidRequest, with
// PersonalTokenRefused where the realm, the client or the client's groups are against it,
// or with TooManyPersonalTokens.
func (s *Service) Make(ctx context.Context, access auth.Secret, n New, p signin.Proof, from auth.Client) (Listed, auth.Secret, error) {
	user, subject, err := s.Sessions.Caller(ctx, access)
	if err != nil {
		return Listed{}, "", err
	}
	client, err := s.checked(ctx, Owner{User: user}, n)
	if err != nil {
		return Listed{}, "", err
	}
	if err := s.SignIn.RequireProof(ctx, user, subject, p, from); err != nil {
		return Listed{}, "", err
	}
	m, secret, err := s.newMaking(n, user, subject)
	if err != nil {
		return Listed{}, "", err
	}
	told, err := s.made(auth.ActMakePersonalToken, user.ID, user.ID, m, from)
	if err != nil {
		return Listed{}, "", err
	}
	mails, err := s.Notify.MailWith(auth.PersonalTokenMadeMessage, user, notify.Notice{Application: client.DisplayName}, from)
	if err != nil {
		return Listed{}, "", err
	}
	err = keep(func() (Outcome, error) {
		return s.Store.MakePersonalToken(ctx, m, auth.Effects{Messages: mails, Events: []auth.Event{told}})
	})
	if err != nil {
		return Listed{}, "", err
	}
	s.Audit.Print(ctx, told)
	return Listed{m.Token, client.DisplayName}, secret, nil
}

// checked is the client of a token that an owner may have.
func (s *Service) checked(ctx context.Context, of Owner, n New) (realmconfig.Client, error) {
	settings := s.Settings().PersonalAccessTokens
	if settings == nil {
		return realmconfig.Client{}, auth.Refuse(auth.PersonalTokenRefused)
	}
	client, err := s.taking(ctx, of, n.ClientID)
	if err == nil {
		err = n.check(of.scopes(client), settings.MaxLifetime)
	}
	return client, err
}

// taking is the client of an id for which an owner may have tokens. Whether there is another
// one of that id, nobody is told.
func (s *Service) taking(ctx context.Context, of Owner, id string) (realmconfig.Client, error) {
	client, known := s.takes(id)
	if !known {
		return realmconfig.Client{}, auth.Refuse(auth.PersonalTokenRefused)
	}
	groups, err := s.Groups(ctx, of.ID())
	if err == nil && !client.Admits(groups) {
		err = auth.Refuse(auth.PersonalTokenRefused)
	}
	return client, err
}

// takes is the client of an id, if realm and client take personal access tokens. One that
// nobody declares takes none.
func (s *Service) takes(id string) (realmconfig.Client, bool) {
	client, known := s.Clients.Clients().Find(id)
	return client, known && client.TakesPersonalAccessTokens() && s.Settings().PersonalAccessTokens != nil
}

// scopes are those of a client that a token of the owner may have: what goes to sign-in alone
// is left out, and of a service account what tells of people.
func (o Owner) scopes(client realmconfig.Client) []string {
	without := []string{"openid", "offline_access"}
	if o.Account != nil {
		without = append(without, "profile", "email")
	}
	return slices.DeleteFunc(slices.Clone(client.Scopes), func(scope string) bool { return slices.Contains(without, scope) })
}

// check refuses with InvalidRequest what a token cannot be, all at once.
func (n New) check(allowed []string, longest realmconfig.Duration) error {
	fields := []auth.FieldProblem{}
	refuse := func(field, detail string) { fields = append(fields, auth.FieldProblem{Field: field, Detail: detail}) }
	if strings.TrimSpace(n.Name) == "" || len(n.Name) > MaxName || !auth.PlausibleName(n.Name) {
		refuse("name", "must be a name on one line")
	}
	if slices.ContainsFunc(n.Scopes, func(scope string) bool { return !slices.Contains(allowed, scope) }) {
		refuse("scope", "must be of the application's scopes")
	}
	if n.Lifetime < leastLifetime || n.Lifetime > time.Duration(longest) {
		refuse("expires_in", "must be at least a minute, and no longer than the realm allows")
	}
	if len(fields) > 0 {
		return &auth.Error{Code: auth.InvalidRequest, Fields: fields}
	}
	return nil
}

// newMaking is a token on its way, which a user wants who has shown who they are, and its
// secret.
func (s *Service) newMaking(n New, user auth.User, subject auth.Subject) (Making, auth.Secret, error) {
	secret, err := newSecret(s.Random)
	if err != nil {
		return Making{}, "", err
	}
	id, err := s.NewID()
	if err != nil {
		return Making{}, "", err
	}
	scopes, now := slices.Clone(n.Scopes), s.Now()
	slices.Sort(scopes)
	return Making{
		Token: Token{
			ID: id, ClientID: n.ClientID, Name: strings.TrimSpace(n.Name), Scopes: slices.Compact(scopes),
			CreatedAt: now, ExpiresAt: now.Add(n.Lifetime),
		},
		Hash: auth.HashOf(secret), User: user, SessionID: subject.SessionID,
		SessionsSince: s.Settings().Tokens.SessionsSince(now), Most: Most,
	}, secret, nil
}

// made is the event of a token.
func (s *Service) made(act auth.Action, actorID, ownerID string, m Making, from auth.Client) (auth.Event, error) {
	told, err := s.Audit.NewEvent(act, actorID, ownerID, from)
	told.Detail = m.ID + " " + m.ClientID
	return told, err
}

// keep stores a token. Whatever else happens to its owner meanwhile, a login for example, has
// it tried again.
func keep(store func() (Outcome, error)) error {
	for range session.MaxRetries {
		outcome, err := store()
		switch {
		case err != nil, outcome == Made:
			return err
		case outcome == Full:
			return auth.Refuse(auth.TooManyPersonalTokens)
		case outcome == Unmade:
			return auth.Refuse(auth.TokenInvalid)
		case outcome == Closed:
			return auth.Refuse(auth.ServiceAccountDisabled)
		}
	}
	return auth.RefuseFor(auth.Busy, time.Second)
}
