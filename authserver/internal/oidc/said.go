// SPDX-License-Identifier: Apache-2.0

package oidc

import (
	"context"
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/claims"
)

// said is what the realm's claims, and the client's, say of a person in one place that is for
// an audience. A client's are for nobody else, and stand in place of the realm's of the same
// name. Clients that have registered themselves are told nothing: people have not agreed to
// it, and nobody has declared that they may know.
//
// What cannot be evaluated is left out, and nobody is kept out for it: whoever lets somebody
// do something because of a claim does not because of its absence.
func (s *Service) said(ctx context.Context, place realmconfig.ClaimPlace, client realmconfig.Client, audience []string, who *person) (map[string]json.RawMessage, error) {
	of := s.saidTo(client)
	if !slices.Equal(audience, []string{client.ID}) {
		of.client, of.own = nil, nil
	}
	realm, own := of.realm.In(place), of.client.In(place)
	if realm == nil && own == nil {
		return nil, nil //nolint:nilnil // nothing is said
	}
	facts, err := s.facts(ctx, client, who, realm.Reads(), own.Reads())
	if err != nil {
		return nil, err
	}
	said := s.evaluate(ctx, client, realm, facts)
	maps.DeleteFunc(said, func(name string, _ json.RawMessage) bool { return of.replaces(name, place) })
	if own := s.evaluate(ctx, client, own, facts); said == nil {
		said = own
	} else {
		maps.Copy(said, own)
	}
	return said, nil
}

// sayings are the claims that a client is told of.
type sayings struct {
	realm, client *claims.Set
	// own are the client's as its document has them.
	own []realmconfig.Claim
}

// saidTo are those of a client.
func (s *Service) saidTo(client realmconfig.Client) sayings {
	if client.RegisteredItself() {
		return sayings{}
	}
	return sayings{s.setOf("", s.Settings().Claims), s.setOf(client.ID, client.Claims), client.Claims}
}

// replaces reports whether the client's own claims speak of a name in a place, in whatever
// case: many programs do not tell names apart by that.
func (of sayings) replaces(name string, place realmconfig.ClaimPlace) bool {
	return slices.ContainsFunc(of.own, func(c realmconfig.Claim) bool { return c.SaidIn(place) && strings.EqualFold(c.Name, name) })
}

// setOf is a list of claims as it can be evaluated, of a client, or with an empty id of the
// realm. The operator tells pods of nothing that cannot be compiled; what a pod of another
// release cannot compile is left out.
func (s *Service) setOf(clientID string, list []realmconfig.Claim) *claims.Set {
	if len(list) == 0 {
		return nil
	}
	if set, known := s.compiled.recall(clientID, list); known {
		return set
	}
	language, err := s.Language()
	if err != nil {
		s.Log.Error("no claims can be evaluated, and none is said", "error", err)
		return nil
	}
	set, err := language.Compile(list)
	if err != nil {
		s.Log.Error("claims cannot be compiled, and are left out", "error", err)
	}
	s.compiled.remember(clientID, list, set)
	return set
}

// facts reads what sets ask for, and nothing that none of them does.
func (s *Service) facts(ctx context.Context, client realmconfig.Client, who *person, reads ...claims.Reads) (claims.Facts, error) {
	facts, err := claims.Facts{
		User: claims.User{
			ID: who.ID, Email: who.Email, EmailVerified: who.EmailVerifiedAt != nil, Name: who.Name, Locale: who.Locale, Role: who.Role, Created: who.CreatedAt,
		},
		Client: claims.Client{ID: client.ID, Name: client.DisplayName},
	}, error(nil)
	if slices.ContainsFunc(reads, func(r claims.Reads) bool { return r.Groups }) {
		if facts.Groups, err = s.groupsOf(ctx, who); err != nil {
			return facts, err
		}
	}
	if slices.ContainsFunc(reads, func(r claims.Reads) bool { return r.Identities }) {
		facts.Identities, err = s.identitiesOf(ctx, who)
	}
	return facts, err
}

// evaluate counts what is left out, and quotes nothing of it: what went wrong may quote the
// person.
func (s *Service) evaluate(ctx context.Context, client realmconfig.Client, set *claims.Set, facts claims.Facts) map[string]json.RawMessage {
	said, leftOut := set.Evaluate(facts)
	for _, l := range leftOut {
		s.Observer.ClaimLeftOut(string(l.Why))
		s.Log.WarnContext(ctx, "a claim is left out", "claim", l.Name, "client", client.ID, "why", string(l.Why))
	}
	return said
}

// addSaid says more beside claims that have a meaning to everybody, which nothing replaces.
func addSaid(all map[string]any, said map[string]json.RawMessage) {
	for name, value := range said {
		if _, taken := all[name]; !taken {
			all[name] = value
		}
	}
}

// saidOfExchanged is what the realm's claims say in a token that was exchanged. It has no
// claims of the client that exchanged it: it is for others.
func (s *Service) saidOfExchanged(ctx context.Context, client realmconfig.Client, t auth.ClientToken) (map[string]json.RawMessage, error) {
	client.Claims = nil
	if !t.OfUser() || s.saidTo(client).realm.In(realmconfig.InAccessToken) == nil {
		return nil, nil //nolint:nilnil // nothing is said
	}
	user, found, err := s.Grants.Store.UserByID(ctx, t.Subject)
	if err != nil || !found {
		return nil, err
	}
	return s.said(ctx, realmconfig.InAccessToken, client, t.Audience, &person{User: user})
}

// saidByRealm are the names of the realm's claims, in order.
func (s *Service) saidByRealm() []string {
	names := []string{}
	for _, c := range s.Settings().Claims {
		names = append(names, c.Name)
	}
	slices.Sort(names)
	return names
}

// withRead are scopes, and those that stand for what a client learns by claims: who is asked
// for consent is told of it.
func (s *Service) withRead(scopes []string, client realmconfig.Client) []string {
	of := s.saidTo(client)
	scopes = slices.Clone(scopes)
	for _, r := range []claims.Reads{of.realm.Reads(), of.client.Reads()} {
		for scope, read := range map[string]bool{profileScope: r.Profile, emailScope: r.Email, groupsScope: r.Groups} {
			if read && !slices.Contains(scopes, scope) {
				scopes = append(scopes, scope)
			}
		}
	}
	slices.Sort(scopes)
	return slices.Compact(scopes)
}
