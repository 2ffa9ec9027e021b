// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"testing"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// Whoever has a passkey meets the requirement where the realm has passkeys. Pages and batches
// together are everybody, once.
func TestPeopleWithoutSecondFactors(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	list := people(t, s)
	n := passkeyOf(t, s, list[0])
	if added, err := s.AddPasskey(t.Context(), n, auth.Effects{}); err != nil || !added {
		t.Fatal(added, err)
	}
	for name, c := range map[string]struct {
		concerned        requirement.Concerned
		covered, without int
	}{
		"everybody":                  {requirement.Concerned{Who: realmconfig.RequiredOfEverybody, Passkeys: true}, callers, callers - 1},
		"everybody without passkeys": {requirement.Concerned{Who: realmconfig.RequiredOfEverybody}, callers, callers},
		"admins":                     {requirement.Concerned{Who: realmconfig.RequiredOfAdmins, Passkeys: true}, 0, 0},
		"a group that is not there":  {requirement.Concerned{Who: realmconfig.RequiredOfGroups, Groups: []string{"staff"}}, 0, 0},
		"nobody":                     {requirement.Concerned{Who: realmconfig.RequiredOfNone}, 0, 0},
	} {
		covered, without := 0, 0
		for b := (requirement.Batch{Concerned: c.concerned, Limit: 3}); ; {
			tally, err := s.WithoutFactors(t.Context(), b)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			covered, without = covered+tally.Covered, without+tally.Without
			if b.After = tally.Last; b.After == "" {
				break
			}
		}
		if covered != c.covered || without != c.without {
			t.Errorf("%s: %d of %d are without one", name, without, covered)
		}
		for state, want := range map[requirement.State]int{"": c.covered, requirement.Without: c.without, requirement.Met: c.covered - c.without, requirement.Told: 0} {
			seen := map[string]bool{}
			for q := (requirement.Query{Concerned: c.concerned, State: state, Limit: 2, Look: 3}); ; {
				page, err := s.PeopleWithoutFactors(t.Context(), q)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				for _, p := range page.People {
					seen[p.User.Email] = true
				}
				if q.After = page.Next; q.After == "" {
					break
				}
			}
			if len(seen) != want {
				t.Errorf("%s: %d are %q, not %d", name, len(seen), state, want)
			}
		}
	}
}
