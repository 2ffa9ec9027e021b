// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"slices"
	"testing"

	"github.com/google/uuid"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/group"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

func TestGroupsInWhichNobodyIs(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	ann, said := withIdentity(t, s)
	for name, members := range map[string][]string{"staff": {ann}, "empty": nil} {
		g := group.Group{ID: uuid.NewString(), Name: name, CreatedAt: start}
		if created, err := s.CreateGroup(t.Context(), g, auth.Effects{}); err != nil || !created {
			t.Fatalf("created %t, %v", created, err)
		}
		for _, id := range members {
			if adding, err := s.AddMember(t.Context(), g.ID, id, group.MaxAdded, start, auth.Effects{}); err != nil || !adding.Added {
				t.Fatalf("added %+v, %v", adding, err)
			}
		}
	}
	if done, err := s.MapGroups(t.Context(), named(said, "corp"), auth.Effects{}); err != nil || !done.Done {
		t.Fatalf("mapped %+v, %v", done, err)
	}
	byOkta := []auth.GroupSource{{Provider: okta, Authority: oktaIssuer}}
	for name, c := range map[string]struct {
		groups  []string
		sources []auth.GroupSource
		want    []string
	}{
		"somebody is in each":             {[]string{"staff", "corp"}, byOkta, []string{}},
		"a group without members":         {[]string{"staff", "empty"}, byOkta, []string{"empty"}},
		"groups that there are not":       {[]string{"stuff", "Staff", "staff"}, byOkta, []string{"Staff", "stuff"}},
		"one of a provider not asked":     {[]string{"corp", "staff"}, nil, []string{"corp"}},
		"one of a provider moved by now":  {[]string{"corp"}, []auth.GroupSource{{Provider: okta, Authority: "https://elsewhere.example"}}, []string{"corp"}},
		"one of a provider among several": {[]string{"corp"}, append([]auth.GroupSource{{Provider: "other", Authority: oktaIssuer}}, byOkta...), []string{}},
		"none":                            {nil, byOkta, []string{}},
	} {
		got, err := s.EmptyGroups(t.Context(), requirement.Concerned{Who: realmconfig.RequiredOfGroups, Groups: c.groups, Sources: c.sources})
		if err != nil || !slices.Equal(got, c.want) {
			t.Errorf("%s: %q, %v; want %q", name, got, err, c.want)
		}
	}
}
