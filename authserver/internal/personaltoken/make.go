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
	settings := s.Settings().PersonalAccessTokens
	if settings == nil {
		return Listed{}, "", auth.Refuse(auth.PersonalTokenRefused)
	}
	client, err := s.taking(ctx, user, n.ClientID)
	if err != nil {
		return Listed{}, "", err
	}
	if err := n.check(client, settings.MaxLifetime); err != nil {
		return Listed{}, "", err
	}
	if err := s.SignIn.RequireProof(ctx, user, subject, p, from); err != nil {
		return Listed{}, "", err
	}
	return s.make(ctx, user, subject, n, client, from)
}

// taking is the client of an id for which a user may make tokens. Whether there is another
// one of that id, nobody is told.
func (s *Service) taking(ctx context.Context, user auth.User, id string) (realmconfig.Client, error) {
	client, known := s.takes(id)
	if !known {
		return realmconfig.Client{}, auth.Refuse(auth.PersonalTokenRefused)
	}
	groups, err := s.Groups(ctx, user.ID)
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

// Scopes are those of a client that a personal access token may have: what goes to sign-in
// alone is left out.
func Scopes(client realmconfig.Client) []string {
	return slices.DeleteFunc(slices.Clone(client.Scopes), func(scope string) bool { return scope == "openid" || scope == "offline_access" })
}

// check refuses with InvalidRequest what a token cannot be, all at once.
func (n New) check(client realmconfig.Client, longest realmconfig.Duration) error {
	fields := []auth.FieldProblem{}
	refuse := func(field, detail string) { fields = append(fields, auth.FieldProblem{Field: field, Detail: detail}) }
	if strings.TrimSpace(n.Name) == "" || len(n.Name) > MaxName || !auth.PlausibleName(n.Name) {
		refuse("name", "must be a name on one line")
	}
	allowed := Scopes(client)
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

// make stores a token for somebody who has shown who they are. Whatever else happens to the
// user meanwhile, a login for example, has it tried again.
func (s *Service) make(ctx context.Context, user auth.User, subject auth.Subject, n New, client realmconfig.Client, from auth.Client) (Listed, auth.Secret, error) {
	secret, err := newSecret(s.Random)
	if err != nil {
		return Listed{}, "", err
	}
	id, err := s.NewID()
	if err != nil {
		return Listed{}, "", err
	}
	told, err := s.Audit.NewEvent(auth.ActMakePersonalToken, user.ID, user.ID, from)
	if err != nil {
		return Listed{}, "", err
	}
	told.Detail = id + " " + client.ID
	mails, err := s.Notify.MailWith(auth.PersonalTokenMadeMessage, user, notify.Notice{Application: client.DisplayName}, from)
	if err != nil {
		return Listed{}, "", err
	}
	scopes := slices.Clone(n.Scopes)
	slices.Sort(scopes)
	m := Making{
		Token: Token{
			ID: id, ClientID: client.ID, Name: strings.TrimSpace(n.Name), Scopes: slices.Compact(scopes),
			CreatedAt: told.At, ExpiresAt: told.At.Add(n.Lifetime),
		},
		Hash: auth.HashOf(secret), User: user, SessionID: subject.SessionID,
		SessionsSince: s.Settings().Tokens.SessionsSince(told.At), Most: Most,
	}
	for range session.MaxRetries {
		outcome, err := s.Store.MakePersonalToken(ctx, m, auth.Effects{Messages: mails, Events: []auth.Event{told}})
		switch {
		case err != nil:
			return Listed{}, "", err
		case outcome == Made:
			s.Audit.Print(ctx, told)
			return Listed{m.Token, client.DisplayName}, secret, nil
		case outcome == Full:
			return Listed{}, "", auth.Refuse(auth.TooManyPersonalTokens)
		case outcome == Unmade:
			return Listed{}, "", auth.Refuse(auth.TokenInvalid)
		}
	}
	return Listed{}, "", auth.RefuseFor(auth.Busy, time.Second)
}
