// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
)

// tenWeeks is a trail with an event a day, each at noon, and weekly partitions.
func tenWeeks(t *testing.T) (s *postgres.Store, url string, last time.Time) {
	t.Helper()
	s, url = newStoreAt(t)
	noon := midnight.Add(12 * time.Hour)
	for i := range 70 {
		last = noon.Add(time.Duration(i) * day)
		extend(t, s, last, week)
		record(t, s, last)
	}
	return s, url, last
}

func TestExpiredPartitionsAreDropped(t *testing.T) {
	t.Parallel()
	s, url, last := tenWeeks(t)
	before := rooms(t, url)
	cut := last.Add(-30 * day)
	prune(t, s, cut, week)
	after := rooms(t, url)
	if !after[0].To.After(cut) || after[0].To.After(cut.Add(week)) {
		t.Errorf("at %s, the oldest partition ends at %s", cut, after[0].To)
	}
	for _, kept := range after {
		i := slices.IndexFunc(before, func(r room) bool { return r.Name == kept.Name })
		if i < 0 || before[i].File != kept.File {
			t.Errorf("%+v was written anew", kept)
		}
	}
	left := trail(t, s)
	if oldest := left[len(left)-1]; len(left) < 30 || len(left) > 37 || !oldest.Before(cut.Add(day)) || oldest.Before(cut.Add(-week)) {
		t.Errorf("%d events are left, the oldest from %s", len(left), oldest)
	}
	if n := count(t, url, "pg_class WHERE relname LIKE 'audit_events_2%' AND relkind = 'r'"); n > len(after) {
		t.Errorf("%d tables are left, of which %d are partitions", n, len(after))
	}
	record(t, s, last.AddDate(-1, 0, 0)) // still has its place
}

// Who keeps events for a day does not keep those of a partition that was made for years.
func TestAShorterRetentionHoldsForWidePartitions(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	now := start
	for range 40 {
		now = now.Add(day)
		extend(t, s, now, 300*day)
		record(t, s, now)
	}
	prune(t, s, now.Add(-10*day), 300*day)
	if n := len(trail(t, s)); n != 39 { // the first one is from before the server made partitions
		t.Errorf("%d events are left of a partition that is not over", n)
	}
	extend(t, s, now, day)
	prune(t, s, now.Add(-day), day)
	if left := trail(t, s); len(left) != 1 || !left[0].Equal(now) {
		t.Errorf("left are events of %v", left)
	}
	if all := rooms(t, url); len(all) != 3 {
		t.Errorf("there are %+v", all)
	}
}

func TestDeletionOfManyGoesInBatches(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	fillTrail(t, url, 2500, start.Add(-90*day), start)
	for left := 1500; left > 0; left -= 1000 {
		if more, err := s.PruneEvents(t.Context(), start, week); err != nil || !more {
			t.Errorf("more is %t, %v", more, err)
		}
		if n := count(t, url, "audit_events"); n != left {
			t.Errorf("%d are left, not %d", n, left)
		}
	}
	if more, err := s.PruneEvents(t.Context(), start, week); err != nil || more {
		t.Errorf("at the end, more is %t, %v", more, err)
	}
	if n := count(t, url, "audit_events"); n != 0 {
		t.Errorf("%d are left", n)
	}
}

// Login roles take turns, and each is a member of the one that owns the tables.
func TestWhatOneLoginRoleMakesTheNextDrops(t *testing.T) {
	t.Parallel()
	p, database := guarded(t)
	p.Execute(t, "CREATE ROLE shop")
	owned := connect(t, database)
	for _, statement := range []string{
		"CREATE SCHEMA shop AUTHORIZATION shop", // which is the first that this role looks into
		"GRANT ALL ON SCHEMA public TO shop", "ALTER TABLE audit_events OWNER TO shop", "ALTER TABLE audit_events_first OWNER TO shop",
	} {
		if _, err := owned.Exec(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	p.Execute(t, "CREATE ROLE shop_a LOGIN PASSWORD 'a' IN ROLE shop")
	p.Execute(t, "CREATE ROLE shop_b LOGIN PASSWORD 'b' IN ROLE shop")
	a, b := open(t, as(t, database, "shop_a", "a", "")), open(t, as(t, database, "shop_b", "b", ""))
	extend(t, a, start, week)
	for _, r := range rooms(t, database) {
		if r.Owner != "shop" {
			t.Errorf("%s belongs to %s", r.Name, r.Owner)
		}
	}
	p.Execute(t, "DROP ROLE shop_a")
	later := start.Add(4 * week)
	extend(t, b, later, week)
	prune(t, b, later.Add(-week), week)
	if all := rooms(t, database); !all[0].To.After(later.Add(-week)) {
		t.Errorf("left are %+v", all)
	}
}

// A role that may only read and write is told so, and yet keeps to the retention.
func TestARoleThatOwnsNothingDeletesRows(t *testing.T) {
	t.Parallel()
	_, database := guarded(t)
	owner, app := open(t, place(database)), open(t, as(t, database, "app", "first", ""))
	extend(t, owner, start, week)
	record(t, app, start, start.Add(2*week))
	later := start.Add(5 * week)
	if err := app.ExtendEvents(t.Context(), later, week); err == nil || !strings.Contains(err.Error(), "permission denied") {
		t.Errorf("error is %v", err)
	}
	prune(t, app, start.Add(week), week)
	if left := trail(t, app); len(left) != 1 {
		t.Errorf("left are events of %v", left)
	}
}

// Another server may be about to end the newest partition, and knows where it begins.
func TestTheNewestPartitionKeepsItsBeginning(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	extend(t, s, start, week)
	record(t, s, start, start.Add(3*day))
	before, later := rooms(t, url), start.AddDate(1, 0, 0)
	prune(t, s, later, week)
	after := rooms(t, url)
	if newest := len(after) - 1; !after[newest].From.Equal(before[len(before)-1].From) {
		t.Errorf("%+v became %+v", before, after)
	}
	if n := count(t, url, "audit_events"); n != 0 {
		t.Errorf("%d events are left", n)
	}
}
