// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/federation"
	"github.com/realmkeeper/realmkeeper/authserver/internal/group"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const okta, oktaIssuer = "okta", "https://okta.example"

// withIdentity is Ann, who is known at a provider, and what the provider says of her.
func withIdentity(t *testing.T, s *postgres.Store) (userID string, said group.Mapped) {
	t.Helper()
	ann := auth.User{ID: uuid.NewString(), Email: "ann@example.com", Role: auth.UserRole, EmailVerifiedAt: &start, CreatedAt: start}
	identity := federation.Identity{Provider: okta, Issuer: oktaIssuer, Subject: "ann", Email: ann.Email}
	link := federation.LinkedIdentity{ID: uuid.NewString(), UserID: ann.ID, Identity: identity, CreatedAt: start, LastUsedAt: start}
	created, err := s.CreateUserWithIdentity(t.Context(), ann, link, auth.Effects{})
	if err != nil || !created {
		t.Fatalf("created %t, %v", created, err)
	}
	return ann.ID, group.Mapped{Statement: group.Statement{Provider: okta, Issuer: oktaIssuer, Subject: "ann"}, Authority: oktaIssuer, At: start}
}

// named says of which groups a provider speaks.
func named(m group.Mapped, names ...string) group.Mapped {
	m.Groups = nil
	for _, name := range names {
		m.Groups = append(m.Groups, group.Group{ID: uuid.NewString(), Name: name})
	}
	return m
}

// groupsAs are the names that a realm with such providers tells of a user.
func groupsAs(t *testing.T, s *postgres.Store, userID string, providers ...realmconfig.Provider) string {
	t.Helper()
	groups := group.Service{Store: s, Realm: auth.Realm{Settings: func() realmconfig.Config { return realmconfig.Config{Providers: providers} }}}
	names, err := groups.Of(t.Context(), userID)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(names, " ")
}

func speakingOkta(issuer string) realmconfig.Provider {
	return realmconfig.Provider{Name: okta, Type: realmconfig.OIDC, Issuer: issuer, Groups: &realmconfig.GroupMapping{}}
}

func TestGroupsOfAUserAreSortedAndOfWhomTheRealmBelieves(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	ann, said := withIdentity(t, s)
	for _, name := range []string{"a", "B", "ä", "b"} {
		g := group.Group{ID: uuid.NewString(), Name: name, CreatedAt: start}
		if created, err := s.CreateGroup(t.Context(), g, auth.Effects{}); err != nil || !created {
			t.Fatalf("created %t, %v", created, err)
		}
		if adding, err := s.AddMember(t.Context(), g.ID, ann, group.MaxAdded, start, auth.Effects{}); err != nil || !adding.Added {
			t.Fatalf("added %+v, %v", adding, err)
		}
	}
	if done, err := s.MapGroups(t.Context(), named(said, "b", "c"), auth.Effects{}); err != nil || !done.Done || !done.Changed {
		t.Fatalf("mapped %+v, %v", done, err)
	}
	other := speakingOkta(oktaIssuer)
	other.Name = "other"
	silent := speakingOkta(oktaIssuer)
	silent.Groups = nil
	for name, c := range map[string]struct {
		providers []realmconfig.Provider
		want      string
	}{
		"the provider":                 {[]realmconfig.Provider{speakingOkta(oktaIssuer)}, "B a b c ä"},
		"the provider among others":    {[]realmconfig.Provider{other, speakingOkta(oktaIssuer)}, "B a b c ä"},
		"none":                         {nil, "B a b ä"},
		"another provider":             {[]realmconfig.Provider{other}, "B a b ä"},
		"one that is not asked":        {[]realmconfig.Provider{silent}, "B a b ä"},
		"one that is another's by now": {[]realmconfig.Provider{speakingOkta("https://elsewhere.example")}, "B a b ä"},
	} {
		if got := groupsAs(t, s, ann, c.providers...); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	names, err := s.NamesOf(t.Context(), ann, nil, 2)
	if err != nil || !slices.Equal(names, []string{"B", "a"}) {
		t.Errorf("the first two are %v, %v", names, err)
	}
	if got := groupsAs(t, s, uuid.NewString()); got != "" {
		t.Errorf("nobody is in %s", got)
	}
}

// Of any number of statements about one identity at once, the groups are those of one,
// though each of them makes groups that others make too.
func TestMappingsAtOnceLeaveTheGroupsOfOne(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	ann, said := withIdentity(t, s)
	race(t, func(i int) (bool, error) {
		for {
			done, err := s.MapGroups(t.Context(), named(said, fmt.Sprintf("group-%d", i%5), fmt.Sprintf("group-%d", (i+1)%5), "shared"), auth.Effects{})
			if err != nil || done.Done {
				return done.Done, err
			}
		}
	})
	names, err := s.NamesOf(t.Context(), ann, []auth.GroupSource{{Provider: okta, Authority: oktaIssuer}}, group.MaxNames)
	if err != nil || len(names) != 3 || names[2] != "shared" {
		t.Errorf("ann is in %v, %v", names, err)
	}
}

func TestWhatAnotherAuthoritySaidIsReplaced(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	ann, said := withIdentity(t, s)
	later := said
	later.Authority, later.At = "https://elsewhere.example", start.Add(time.Hour)
	for _, m := range []group.Mapped{named(said, "a", "b"), named(later, "b", "c")} {
		if done, err := s.MapGroups(t.Context(), m, auth.Effects{}); err != nil || !done.Changed {
			t.Fatalf("mapped %+v, %v", done, err)
		}
	}
	if got := groupsAs(t, s, ann, speakingOkta("https://elsewhere.example")) + ", " + groupsAs(t, s, ann, speakingOkta(oktaIssuer)); got != "b c, " {
		t.Errorf("by the later and by the former authority: %s", got)
	}
	if kept := count(t, url, "mapped_members"); kept != 2 {
		t.Errorf("%d memberships are kept", kept)
	}
	nobody := said
	nobody.Subject = "nobody"
	if done, err := s.MapGroups(t.Context(), named(nobody, "d"), auth.Effects{}); err != nil || done.Done || count(t, url, "groups") != 3 {
		t.Errorf("of an identity that nobody has: %+v, %v", done, err)
	}
}
