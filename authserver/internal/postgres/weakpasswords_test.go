// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/account"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
)

func weakNow(t *testing.T, s *postgres.Store) int {
	t.Helper()
	tally, err := s.WithWeakPasswords(t.Context(), requirement.Batch{Limit: 500})
	if err != nil || tally.Covered != tally.Without || tally.Last != "" {
		t.Fatalf("counted %+v, %v", tally, err)
	}
	return tally.Without
}

func note(t *testing.T, s *postgres.Store, u auth.User, at time.Time) {
	t.Helper()
	if err := s.NoteWeakPassword(t.Context(), u.ID, at); err != nil {
		t.Fatal(err)
	}
}

func TestWeakPasswordsAreNoted(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	ann, bob := addUser(t, s, "ann@example.com"), addUser(t, s, "bob@example.com")
	note(t, s, ann, start)
	note(t, s, ann, start.Add(time.Hour))
	note(t, s, bob, start)
	note(t, s, auth.User{ID: "0193b3f2-0000-7000-8000-000000000001"}, start) // who is gone
	if got := weakNow(t, s); got != 2 {
		t.Errorf("%d are weak", got)
	}
	listed := map[string]requirement.State{}
	for q := (requirement.Query{Limit: 1, Look: 1000}); ; {
		page, err := s.PeopleWithWeakPasswords(t.Context(), q)
		if err != nil || len(page.People) > 1 {
			t.Fatalf("the page is %+v, %v", page, err)
		}
		for _, p := range page.People {
			listed[p.User.Email] = p.State
		}
		if q.After = page.Next; q.After == "" {
			break
		}
	}
	if len(listed) != 2 || listed[ann.Email] != requirement.Without || listed[bob.Email] != requirement.Without {
		t.Errorf("the list has %v", listed)
	}
	page, err := s.PeopleWithWeakPasswords(t.Context(), requirement.Query{Limit: 10, Look: 1000, Group: "staff"})
	if err != nil || len(page.People) > 0 {
		t.Errorf("of a group there are %+v, %v", page, err)
	}
	execute(t, url, "UPDATE users SET disabled_at = now() WHERE id = '"+bob.ID+"'")
	if got := weakNow(t, s); got != 1 {
		t.Errorf("%d are weak, without the one who is disabled", got)
	}
	if err := s.NoteSoundPassword(t.Context(), ann.ID); err != nil || weakNow(t, s) != 0 {
		t.Errorf("%d are weak after all, %v", weakNow(t, s), err)
	}
}

// A new password ends what was known of the old one, and how far the requirement had come; also
// where a pod of a release before has set it, which knows nothing of this.
func TestANewPasswordIsNoWeakOne(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	ann, bob := addUser(t, s, "ann@example.com"), addUser(t, s, "bob@example.com")
	for _, u := range []auth.User{ann, bob} {
		note(t, s, u, start)
		reached, err := s.ReachRequirement(t.Context(), requirement.Reach{UserID: u.ID, Kind: requirement.Passwords, Most: 2, Now: start}, auth.Effects{})
		if err != nil || !reached.Done {
			t.Fatalf("reached %+v, %v", reached, err)
		}
	}
	changed, err := s.SetPassword(t.Context(), account.NewPassword{User: ann, Hash: "another", Now: start.Add(time.Hour)}, auth.Effects{})
	if err != nil || !changed.Changed {
		t.Fatalf("changed %+v, %v", changed, err)
	}
	p, err := s.RequirementOf(t.Context(), ann.ID, requirement.Passwords)
	if err != nil || p != (requirement.Progress{}) || weakNow(t, s) != 1 {
		t.Errorf("the requirement has come as far as %+v, %v; %d are weak", p, err, weakNow(t, s))
	}
	execute(t, url, "UPDATE users SET password_hash = 'another', password_changed_at = '"+start.Add(time.Hour).Format(time.RFC3339)+"' WHERE id = '"+bob.ID+"'")
	if got := weakNow(t, s); got != 0 {
		t.Errorf("%d are weak", got)
	}
	note(t, s, bob, start.Add(2*time.Hour)) // which is weak, too
	if got := weakNow(t, s); got != 1 {
		t.Errorf("%d are weak", got)
	}
}
