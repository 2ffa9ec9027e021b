// SPDX-License-Identifier: Apache-2.0

package group

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Statement is what a provider said of one of its users who has signed in.
type Statement struct {
	// Provider, Issuer and Subject are those of the identity.
	Provider, Issuer, Subject string
	// Groups is the claim that lists the user's groups there, as JSON has it; nil when
	// there was none.
	Groups any
}

// Mapped is what a provider's statement comes to.
type Mapped struct {
	Statement
	Authority string
	// Groups are those that the identity is in from now on: IDs are for those that do not
	// exist yet.
	Groups []Group
	At     time.Time
}

// Mapping is what became of a Mapped. It is not Done, and nothing happens, when somebody
// else was quicker, or when there is no such identity.
type Mapping struct {
	Done bool
	// Changed is set when the identity is in other groups than before.
	Changed bool
}

// errMalformed is of a claim that is no list of names.
var errMalformed = errors.New("the claim is no list of texts")

// Map takes over what a provider says of its user, in place of what it said before. A
// claim that is absent means none of its groups; one that is malformed does too, and is
// recorded. It refuses with TooManyAttempts when others get in the way.
func (s *Service) Map(ctx context.Context, user auth.User, said Statement, from auth.Client) error {
	providers := s.Settings().Providers
	i := slices.IndexFunc(providers, func(p realmconfig.Provider) bool { return p.Name == said.Provider })
	if i < 0 || providers[i].Groups == nil {
		return nil
	}
	names, malformed := mappedNames(*providers[i].Groups, said.Groups)
	if malformed != nil {
		s.recordMalformed(ctx, user, said, malformed, from)
	}
	event, err := s.newEvent(auth.ActMapGroups, user.ID, user.ID, detailOf(said.Provider, names), from)
	if err != nil {
		return err
	}
	mapped := Mapped{Statement: said, Authority: providers[i].Authority(), At: event.At}
	for _, name := range names {
		id, err := s.NewID()
		if err != nil {
			return err
		}
		mapped.Groups = append(mapped.Groups, Group{ID: id, Name: name})
	}
	for range maxContention {
		mapping, err := s.Store.MapGroups(ctx, mapped, event.effects())
		switch {
		case err != nil:
			return err
		case mapping.Changed:
			s.print(ctx, event, said.Provider)
			return nil
		case mapping.Done:
			return nil
		}
	}
	return auth.RefuseFor(auth.TooManyAttempts, auth.Contention)
}

// mappedNames are the realm's names, sorted, for what a claim lists and the mapping
// allows. Of a claim that is no list of texts it takes nothing: a part of a list that we
// do not understand could mean that the rest does not hold.
func mappedNames(m realmconfig.GroupMapping, claim any) ([]string, error) {
	names := []string{}
	if claim == nil {
		return names, nil
	}
	list, ok := claim.([]any)
	if !ok {
		return names, errMalformed
	}
	for _, one := range list {
		group, ok := one.(string)
		if !ok {
			return []string{}, errMalformed
		}
		if name, allowed := m.NameOf(group); allowed {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil
}

// maxDetail bounds what an event says of groups, in bytes.
const maxDetail = 1000

// detailOf names a provider and the groups that it speaks of.
func detailOf(provider string, names []string) string {
	detail := provider + ":"
	for i, name := range names {
		if len(detail)+len(name) > maxDetail {
			return detail + " …"
		}
		if i > 0 {
			detail += ","
		}
		detail += " " + name
	}
	return strings.TrimSuffix(detail, ":")
}

// recordMalformed leaves a trace of a claim that nobody could read. It quotes nothing of it.
func (s *Service) recordMalformed(ctx context.Context, user auth.User, said Statement, malformed error, from auth.Client) {
	e := s.Audit.NewRefusal(auth.ActMapGroups, user.ID, user.ID, from, malformed)
	e.Outcome, e.Detail = auth.Failed, said.Provider+": "+malformed.Error()
	s.Audit.Record(ctx, e)
}
