// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/mfa"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/authserver/internal/requirement"
)

func reachOf(u auth.User, most int) requirement.Reach {
	return requirement.Reach{UserID: u.ID, Kind: requirement.Factors, Since: start.Add(-time.Hour), Most: most, Now: start}
}

// people are as many as call at once.
func people(t *testing.T, s *postgres.Store) []auth.User {
	t.Helper()
	list := []auth.User{}
	for i := range callers {
		list = append(list, addUser(t, s, fmt.Sprintf("user%d@example.com", i)))
	}
	return list
}

func TestNoMoreAreReachedThanMayBe(t *testing.T) {
	t.Parallel()
	const most = 3
	s := newStore(t)
	list := people(t, s)
	won := race(t, func(i int) (bool, error) {
		for {
			r, err := s.ReachRequirement(t.Context(), reachOf(list[i], most), auth.Effects{})
			if err != nil || r.Done || r.Held {
				return r.Done, err
			}
		}
	})
	blocked, err := s.BlockedBy(t.Context(), requirement.Factors, start.Add(-time.Hour), callers)
	if err != nil || won != most || blocked != most {
		t.Errorf("%d have been reached, %d are blocked, not %d: %v", won, blocked, most, err)
	}
}

func TestSomebodyIsReachedOnce(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	u := addUser(t, s, "ann@example.com")
	race(t, func(int) (bool, error) {
		r, err := s.ReachRequirement(t.Context(), reachOf(u, 0), auth.Effects{})
		return r.Done, err
	})
	if p, err := s.RequirementOf(t.Context(), u.ID, requirement.Factors); err != nil || p.ReachedAt == nil || count(t, url, "requirements") != 1 {
		t.Errorf("is %+v, %v", p, err)
	}
}

func TestTheFirstTellingCounts(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	u := addUser(t, s, "ann@example.com")
	won := race(t, func(i int) (bool, error) {
		_, first, err := s.TellRequirement(t.Context(), requirement.Telling{
			UserID: u.ID, Kind: requirement.Factors, GracePeriod: time.Hour, Now: start.Add(time.Duration(i) * time.Second),
		}, auth.Effects{})
		return first, err
	})
	p, err := s.RequirementOf(t.Context(), u.ID, requirement.Factors)
	if err != nil || won != 1 || p.ToldAt == nil || p.DueAt == nil || p.DueAt.Sub(*p.ToldAt) != time.Hour {
		t.Fatalf("%d were first, and it is %+v: %v", won, p, err)
	}
	later, first, err := s.TellRequirement(t.Context(), requirement.Telling{
		UserID: u.ID, Kind: requirement.Factors, GracePeriod: 2 * time.Hour, Now: start.Add(week),
	}, auth.Effects{})
	if err != nil || first || !later.ToldAt.Equal(*p.ToldAt) || later.DueAt.Sub(*p.ToldAt) != 2*time.Hour {
		t.Errorf("with a longer grace period it is %+v, %v", later, err)
	}
	nobody, first, err := s.TellRequirement(t.Context(), requirement.Telling{
		UserID: "0193b3f2-0000-7000-8000-000000000001", Kind: requirement.Factors, Now: start,
	}, auth.Effects{})
	if err != nil || first || nobody.ToldAt != nil {
		t.Errorf("nobody is told %+v, %v", nobody, err)
	}
}

// Whoever was stopped long ago is in nobody's way, and whoever has met it is not either.
func TestWhoCountsAsStopped(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	ann, bob, carol := addUser(t, s, "ann@example.com"), addUser(t, s, "bob@example.com"), addUser(t, s, "carol@example.com")
	reach := func(u auth.User, at, since time.Time) requirement.Reached {
		r, err := s.ReachRequirement(t.Context(), requirement.Reach{UserID: u.ID, Kind: requirement.Factors, Since: since, Most: 1, Now: at}, auth.Effects{})
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	if r := reach(ann, start, start.Add(-week)); !r.Done || r.Held {
		t.Errorf("the first is %+v", r)
	}
	if r := reach(bob, start, start.Add(-week)); r.Done || !r.Held {
		t.Errorf("one too many is %+v", r)
	}
	if r := reach(bob, start.Add(2*week), start.Add(week)); !r.Done {
		t.Errorf("two weeks later it is %+v", r)
	}
	if r := reach(carol, start.Add(2*week), start.Add(week)); !r.Held {
		t.Errorf("the next is %+v", r)
	}
	if err := s.MeetRequirement(t.Context(), bob.ID, requirement.Factors, start); err != nil {
		t.Fatal(err)
	}
	if r := reach(carol, start.Add(2*week), start.Add(week)); !r.Done {
		t.Errorf("when Bob has met it, it is %+v", r)
	}
	passwords := reachOf(ann, 1)
	passwords.Kind = requirement.Passwords
	if r, err := s.ReachRequirement(t.Context(), passwords, auth.Effects{}); err != nil || !r.Done {
		t.Errorf("of another requirement it is %+v, %v", r, err)
	}
}

func TestTheLastSecondFactorLeavesItsUserStopped(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	a := newAnn(t, s)
	if removed, err := s.RemoveFactors(t.Context(), a.user.ID, mfa.Which{Required: true}, start, auth.Effects{}); err != nil || !removed {
		t.Fatal(removed, err)
	}
	if p, err := s.RequirementOf(t.Context(), a.user.ID, requirement.Factors); err != nil || p.ReachedAt == nil || p.MetAt != nil {
		t.Errorf("is %+v, %v", p, err)
	}
}

func TestOnePodCounts(t *testing.T) {
	t.Parallel()
	s := newStore(t)
	claim := func(question string, now time.Time) requirement.CountClaim {
		return requirement.CountClaim{Kind: requirement.Factors, Question: question, Since: now.Add(-time.Minute), Until: now.Add(time.Hour), Now: now}
	}
	begins := func(question string, now time.Time) bool {
		t.Helper()
		begun, err := s.BeginCount(t.Context(), claim(question, now))
		if err != nil {
			t.Fatal(err)
		}
		return begun
	}
	if won := race(t, func(int) (bool, error) { return s.BeginCount(t.Context(), claim("one", start)) }); won != 1 {
		t.Errorf("%d count", won)
	}
	if begins("another", start.Add(time.Minute)) {
		t.Error("somebody counts beside the first")
	}
	counted := requirement.Count{Question: "one", Covered: 5, Without: 3, CountedAt: start}
	if err := s.StoreCount(t.Context(), requirement.Factors, counted); err != nil {
		t.Fatal(err)
	}
	got, found, err := s.CountOf(t.Context(), requirement.Factors)
	if err != nil || !found || got.Covered != 5 || got.Without != 3 || got.Question != "one" || !got.CountedAt.Equal(start) {
		t.Errorf("is %+v, %t, %v", got, found, err)
	}
	if begins("one", start.Add(30*time.Second)) {
		t.Error("it is counted too soon")
	}
	if !begins("another", start.Add(30*time.Second)) {
		t.Error("another question is not answered")
	}
	if begins("one", start.Add(2*time.Minute)) || !begins("one", start.Add(2*time.Hour)) {
		t.Error("a claim does not last, or for ever")
	}
	if err := s.AbandonCount(t.Context(), requirement.Factors); err != nil || !begins("one", start.Add(2*time.Hour)) {
		t.Errorf("nobody counts whose claim was given up: %v", err)
	}
}
