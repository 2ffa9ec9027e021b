// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
	racing "github.com/realmkeeper/realmkeeper/internal/testenv/race"
)

const day, week = 24 * time.Hour, 7 * 24 * time.Hour

// midnight is that after start.
var midnight = start.Truncate(day).Add(day)

// room is a partition as the catalogue has it; open ends are the year 0 and the year 9999.
type room struct {
	Name     string
	From, To time.Time
	Owner    string
	File     uint32
}

var open0, open9 = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)

// rooms are the partitions of the trail, the oldest first. There is no gap between
// them, and none before or after.
func rooms(t *testing.T, url string) []room {
	t.Helper()
	found, err := connect(t, url).Query(t.Context(), `
		SELECT c.relname, pg_get_expr(c.relpartbound, c.oid), pg_get_userbyid(c.relowner), c.relfilenode
		FROM pg_inherits JOIN pg_class c ON c.oid = inhrelid WHERE inhparent = 'audit_events'::regclass`)
	if err != nil {
		t.Fatal(err)
	}
	list, err := pgx.CollectRows(found, func(row pgx.CollectableRow) (r room, err error) {
		bounds := ""
		err = row.Scan(&r.Name, &bounds, &r.Owner, &r.File)
		r.From, r.To = bound(t, bounds, "FROM ", open0), bound(t, bounds, "TO ", open9)
		return r, err
	})
	if err != nil {
		t.Fatal(err)
	}
	return inOrder(t, list)
}

func inOrder(t *testing.T, list []room) (ordered []room) {
	t.Helper()
	for next := open0; next != open9; {
		before := len(ordered)
		for _, r := range list {
			if r.From.Equal(next) {
				ordered = append(ordered, r)
			}
		}
		if len(ordered) != before+1 {
			t.Fatalf("%d partitions begin at %s: %+v", len(ordered)-before, next, list)
		}
		next = ordered[before].To
	}
	if len(ordered) != len(list) {
		t.Fatalf("of %+v only %+v follow each other", list, ordered)
	}
	return ordered
}

func bound(t *testing.T, text, word string, open time.Time) time.Time {
	t.Helper()
	_, rest, _ := strings.Cut(text, word)
	value, _, _ := strings.Cut(strings.TrimPrefix(rest, "("), ")")
	if value == "MINVALUE" || value == "MAXVALUE" {
		return open
	}
	at, err := time.Parse("'2006-01-02 15:04:05-07'", value)
	if err != nil {
		t.Fatal(err)
	}
	return at.UTC()
}

// extend makes room as a server does in each round.
func extend(t *testing.T, s *postgres.Store, now time.Time, width time.Duration) {
	t.Helper()
	if err := s.ExtendEvents(t.Context(), now, width); err != nil {
		t.Fatal(err)
	}
}

func record(t *testing.T, s *postgres.Store, times ...time.Time) {
	t.Helper()
	for _, at := range times {
		if err := s.RecordEvent(t.Context(), auth.Event{ID: uuid.NewString(), Action: auth.ActLogin, Outcome: auth.Succeeded, At: at}); err != nil {
			t.Fatalf("an event at %s: %v", at, err)
		}
	}
}

// trail is the times of all events, the newest first.
func trail(t *testing.T, s *postgres.Store) (times []time.Time) {
	t.Helper()
	events, err := s.FindEvents(t.Context(), admin.EventQuery{Limit: 1000})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range events {
		times = append(times, e.At.UTC())
	}
	return times
}

func prune(t *testing.T, s *postgres.Store, before time.Time, width time.Duration) {
	t.Helper()
	for more := true; more; {
		var err error
		if more, err = s.PruneEvents(t.Context(), before, width); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPartitionsAreMadeAhead(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	extend(t, s, start, week)
	made := rooms(t, url)
	if len(made) != 3 || !made[0].To.Equal(midnight) || !made[1].To.Equal(midnight.Add(week)) {
		t.Errorf("at first there are %+v", made)
	}
	extend(t, s, start, week)
	if again := rooms(t, url); len(again) != 3 {
		t.Errorf("a second time makes %+v of %+v", again, made)
	}
	for now := start; now.Before(start.Add(5 * week)); now = now.Add(36 * time.Hour) {
		extend(t, s, now, week)
		all := rooms(t, url)
		if newest := all[len(all)-1]; newest.From.Before(now.Add(week)) || newest.From.After(now.Add(2*week+day)) {
			t.Errorf("at %s, room is made up to %s", now, newest.From)
		}
	}
	if all := rooms(t, url); len(all) != 8 {
		t.Errorf("five weeks have %d partitions: %+v", len(all), all)
	}
}

// Clocks are wrong, and a realm may sleep for years.
func TestEveryEventHasItsPlaceWhateverTheClockSays(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	times := []time.Time{}
	for i, now := range []time.Time{start, start.AddDate(3, 0, 0), start.AddDate(3, 0, 1), start.AddDate(-8, 0, 0), start.AddDate(3, 2, 0)} {
		width := []time.Duration{week, day, 30 * day, 300 * day, day}[i]
		around := []time.Time{now.AddDate(-50, 0, 0), now, now.Add(time.Second), now.AddDate(0, 0, 20), now.AddDate(40, 0, 0)}
		record(t, s, around...)
		extend(t, s, now, width)
		record(t, s, around...)
		times = append(times, append(around, around...)...)
		rooms(t, url)
	}
	found := trail(t, s)
	if len(found) != len(times) {
		t.Errorf("of %d events, %d are found", len(times), len(found))
	}
	for i := 1; i < len(found); i++ {
		if found[i].After(found[i-1]) {
			t.Errorf("an event of %s comes after one of %s", found[i], found[i-1])
		}
	}
	if all := rooms(t, url); len(all) > 12 {
		t.Errorf("there are %d partitions", len(all))
	}
}

// Every pod makes room and prunes in the same moment, and everybody signs in.
func TestManyMakePartitionsAndDropThemAtOnceAndNobodyIsRefused(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	for round := range rounds {
		now := start.Add(time.Duration(round) * 2 * week)
		racing.Run(callers, func(i int) {
			var err error
			switch i % 5 {
			case 0:
				err = s.ExtendEvents(t.Context(), now, week)
			case 1:
				_, err = s.PruneEvents(t.Context(), now.Add(-3*week), week)
			case 2:
				_, err = s.FindEvents(t.Context(), admin.EventQuery{Limit: 10})
			default:
				err = s.RecordEvent(t.Context(), auth.Event{ID: uuid.NewString(), Action: auth.ActLogin, Outcome: auth.Succeeded, At: now})
			}
			if err != nil {
				t.Error(err)
			}
		})
		rooms(t, url)
		extend(t, s, now, week)
		prune(t, s, now.Add(-3*week), week)
		if all := rooms(t, url); !all[len(all)-1].From.After(now) {
			t.Errorf("in round %d there is no room ahead: %+v", round, all)
		}
		if found, want := len(trail(t, s)), min(round+1, 2)*callers*2/5; found != want {
			t.Errorf("in round %d, %d events are left, not %d", round, found, want)
		}
	}
}

// Whoever signs in waits for a search no longer than a change of partitions does.
func TestAChangeOfPartitionsGivesWayToALongSearch(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	extend(t, s, start, week)
	before := rooms(t, url)
	reader := connect(t, url)
	if _, err := reader.Exec(t.Context(), "BEGIN; SELECT count(*) FROM audit_events"); err != nil {
		t.Fatal(err)
	}
	later := start.Add(4 * week)
	extend(t, s, later, week)
	prune(t, s, later, week)
	if after := rooms(t, url); len(after) != len(before) {
		t.Errorf("beside a search, %+v became %+v", before, after)
	}
	record(t, s, later)
	if _, err := reader.Exec(t.Context(), "ROLLBACK"); err != nil { // whoever only hangs up may hold the lock a little longer
		t.Fatal(err)
	}
	extend(t, s, later, week)
	prune(t, s, later, week)
	if after := rooms(t, url); !after[0].To.After(later) {
		t.Errorf("after the search there is still %+v", after)
	}
}

// A partition that is large is bounded without anybody's waiting until it is read. What
// was begun by a server that is gone is gone on with, unless it would refuse events soon.
func TestALargePartitionIsBoundedToo(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		begun  time.Duration // from now on; not at all when zero
		latest time.Duration // when there is an event yet
		ends   time.Duration // from midnight on
	}{
		"whole":                 {0, 0, 8 * day},
		"begun":                 {3 * day, 0, 2*day + start.Sub(midnight.Add(-day))},
		"begun long ago":        {time.Hour, 0, 8 * day},
		"begun too early":       {-time.Hour, 0, 8 * day},
		"with an event to come": {0, 20 * day, 20 * day},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, url := newStoreAt(t)
			fillTrail(t, url, 50_000, start.Add(-90*day), start.Add(-2*time.Hour))
			record(t, s, start.Add(c.latest))
			if c.begun != 0 {
				execute(t, url, `ALTER TABLE audit_events_first ADD CONSTRAINT ends CHECK (at < '`+start.Add(c.begun).Format(time.RFC3339)+`') NOT VALID`)
			}
			extend(t, s, start, week)
			all := rooms(t, url)
			if want := midnight.Add(c.ends); !all[0].To.Equal(want) || len(all) < 2 {
				t.Errorf("it ends at %s, not %s: %+v", all[0].To, want, all)
			}
			record(t, s, start, start.Add(time.Hour), start.Add(30*day))
			if n := count(t, url, "audit_events"); n != 50_004 {
				t.Errorf("there are %d events", n)
			}
			if n := count(t, url, "pg_constraint WHERE conname = 'ends' AND NOT convalidated"); n != 0 {
				t.Errorf("%d bounds are not proven", n)
			}
		})
	}
}

// A role may have its times written in another way, by which India's standard time is
// read as Israel's.
func TestBoundsAreReadWhateverTheRolesSettingsSay(t *testing.T) {
	t.Parallel()
	_, url := newStoreAt(t)
	s := open(t, place(url+"&DateStyle=SQL,DMY&TimeZone=Asia/Kolkata"))
	for _, now := range []time.Time{start, start.Add(week), start.Add(2 * week)} {
		extend(t, s, now, week)
		prune(t, s, now.Add(-week), week)
	}
	for _, r := range rooms(t, url) {
		if r.From != open0 && !r.From.Equal(r.From.Truncate(day)) || r.To != open9 && !r.To.Equal(r.To.Truncate(day)) {
			t.Errorf("%+v is not of whole days", r)
		}
	}
}

// Where no partition could be made for long, the newest one has grown. Whoever bounds it
// reads it while others write, and never under a lock.
func TestALargeNewestPartitionIsReadOnce(t *testing.T) {
	t.Parallel()
	s, url := newStoreAt(t)
	extend(t, s, start, day)
	later := start.Add(40 * day)
	fillTrail(t, url, 50_000, start.Add(3*day), later)
	large := rooms(t, url)
	name := large[len(large)-1].Name
	extend(t, s, later, day)
	if all := rooms(t, url); len(all) != len(large)+1 {
		t.Errorf("%+v became %+v", large, all)
	}
	s.Close() // a session that ends says what it has read
	read := func() int {
		return count(t, url, "generate_series(1, (SELECT pg_stat_get_tuples_returned('"+name+"'::regclass)))")
	}
	eventually.Holds(t, "it was read", func() bool {
		return read() > 0 && count(t, url, "pg_stat_activity WHERE datname = current_database() AND application_name = 'realmkeeper'") == 0
	})
	if n := read(); n != 50_000 {
		t.Errorf("%d rows were read", n)
	}
	if n := count(t, url, "pg_constraint WHERE conname = 'begins'"); n != 0 {
		t.Errorf("%d partitions would refuse what is older when they are the oldest", n)
	}
}

// A server that is off for long has begun to bound a partition. The next one is told
// before it takes events.
func TestABoundThatWasLeftBehindIsTakenAway(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ends time.Duration // from start on
		left int
	}{"over": {-day, 0}, "over soon": {time.Hour, 0}, "in force": {3 * day, 1}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, url := newStoreAt(t)
			execute(t, url, `ALTER TABLE audit_events_first ADD CONSTRAINT ends CHECK (at < '`+start.Add(c.ends).Format(time.RFC3339)+`') NOT VALID`)
			if err := s.UnboundEvents(t.Context(), start); err != nil {
				t.Fatal(err)
			}
			record(t, s, start.Add(2*time.Hour))
			if n := count(t, url, "pg_constraint WHERE conname = 'ends'"); n != c.left {
				t.Errorf("%d are left", n)
			}
		})
	}
}
