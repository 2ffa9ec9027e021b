// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"crypto/sha256"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
)

// longTrail is one of 90 days: half of it from before partitions were made, half in
// weekly ones.
func longTrail(t *testing.T, events int) (s *postgres.Store, url string, now time.Time) {
	t.Helper()
	s, url = newStoreAt(t)
	now = start.Add(90 * day)
	for at := start.Add(45 * day); at.Before(now); at = at.Add(day) {
		extend(t, s, at, week)
	}
	fillTrail(t, url, events, start, now)
	execute(t, url, "VACUUM ANALYZE audit_events")
	return s, url, now
}

// of is one of the values that a search may ask for.
type of struct {
	name string
	set  func(*admin.EventQuery)
}

// searches are all combinations of what a page of the trail may be asked for: what is
// common, rare and absent of each.
func searches(now time.Time) []of {
	account := auth.AccountKey(sha256.Sum256([]byte("7000")))
	choices := [][]of{
		{
			{"anybody", func(*admin.EventQuery) {}},
			{"an actor", func(q *admin.EventQuery) { q.ActorID = numbered(2) }},
			{"a target", func(q *admin.EventQuery) { q.TargetID = numbered(1) }},
			{"an actor and a target", func(q *admin.EventQuery) { q.ActorID, q.TargetID = numbered(2), numbered(1) }},
			{"oneself", func(q *admin.EventQuery) { q.ActorID, q.TargetID = numbered(3), numbered(3) }},
			{"an account", func(q *admin.EventQuery) { q.Account = &account }},
			{"somebody in any part", func(q *admin.EventQuery) { q.About = &admin.About{UserID: numbered(2), Account: account} }},
			{"an address of nobody", func(q *admin.EventQuery) { q.About = &admin.About{Account: account} }},
			{"a stranger", func(q *admin.EventQuery) { q.ActorID = numbered(77_777) }},
		},
		{
			{"", func(*admin.EventQuery) {}},
			{"common action", func(q *admin.EventQuery) { q.Action = auth.ActLogin }},
			{"action that is refused alone", func(q *admin.EventQuery) { q.Action = auth.ActProve }},
			{"rare action", func(q *admin.EventQuery) { q.Action = auth.ActDisableUser }},
			{"absent action", func(q *admin.EventQuery) { q.Action = auth.ActReuse }},
		},
		{
			{"", func(*admin.EventQuery) {}},
			{"succeeded", func(q *admin.EventQuery) { q.Outcome = auth.Succeeded }},
			{"common refusal", func(q *admin.EventQuery) { q.Outcome = string(auth.InvalidCredentials) }},
			{"rare refusal", func(q *admin.EventQuery) { q.Outcome = string(auth.IdentityRefused) }},
			{"absent refusal", func(q *admin.EventQuery) { q.Outcome = string(auth.Busy) }},
		},
		{
			{"at any time", func(*admin.EventQuery) {}},
			{"a month", func(q *admin.EventQuery) { q.From, q.To = moment(now.Add(-50*day)), moment(now.Add(-20*day)) }},
			{"page in the middle", func(q *admin.EventQuery) { q.Before = &admin.EventCursor{At: now.Add(-40 * day), ID: numbered(1)} }},
			{"page far back", func(q *admin.EventQuery) { q.Before = &admin.EventCursor{At: now.Add(-85 * day), ID: numbered(1)} }},
		},
	}
	all := []of{{"", func(q *admin.EventQuery) { q.Limit = 51 }}}
	for _, next := range choices {
		combined := []of{}
		for _, a := range all {
			for _, b := range next {
				combined = append(combined, of{strings.TrimSpace(a.name + " " + b.name), func(q *admin.EventQuery) { a.set(q); b.set(q) }})
			}
		}
		all = combined
	}
	return all
}

func moment(t time.Time) *time.Time { return &t }

// No search reads a trail, whatever it asks for: only what it finds, and the way there
// in every partition. PostgreSQL may take all of a short time instead, some thousand
// events that lie side by side, but no more for a longer trail.
func TestNoSearchOfTheTrailReadsAllOfIt(t *testing.T) {
	t.Parallel()
	_, url, now := longTrail(t, 100_000)
	conn := connect(t, url)
	for _, search := range searches(now) {
		q := admin.EventQuery{}
		search.set(&q)
		statement, args := postgres.EventSearch(q)
		if read := explain(t, conn, statement, args); read > 600 {
			t.Errorf("%s: reads %d pages, of about 2600", search.name, read)
		}
	}
}

// explain runs a statement, and says how many pages it has touched.
func explain(t *testing.T, conn *pgx.Conn, statement string, args pgx.NamedArgs) (pages int) {
	t.Helper()
	document := []byte(nil)
	if err := conn.QueryRow(t.Context(), "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) "+statement, args).Scan(&document); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	plans := []struct {
		Plan struct {
			Hit  int `json:"Shared Hit Blocks"`
			Read int `json:"Shared Read Blocks"`
		}
	}{}
	if err := json.Unmarshal(document, &plans); err != nil {
		t.Fatal(err)
	}
	return plans[0].Plan.Hit + plans[0].Plan.Read
}

// Each search finds what one without branches or indexes would, page by page.
func TestSearchesOfTheTrailFindWhatThereIs(t *testing.T) {
	t.Parallel()
	s, url, now := longTrail(t, 5_000)
	execute(t, url, "UPDATE audit_events SET at = date_trunc('day', at)") // many at the same time
	events, err := s.FindEvents(t.Context(), admin.EventQuery{Limit: 10_000})
	if err != nil || len(events) != 5_000 {
		t.Fatalf("there are %d events, %v", len(events), err)
	}
	for _, search := range searches(now) {
		q := admin.EventQuery{}
		search.set(&q)
		q.Limit = 400
		found := []string{}
		for {
			page, err := s.FindEvents(t.Context(), q)
			if err != nil {
				t.Fatalf("%s: %v", search.name, err)
			}
			for _, e := range page {
				found = append(found, e.ID)
			}
			if len(page) < q.Limit {
				break
			}
			last := page[len(page)-1]
			q.Before = &admin.EventCursor{At: last.At, ID: last.ID}
		}
		q = admin.EventQuery{}
		search.set(&q)
		want := []string{}
		for _, e := range events {
			if asked(q, e) {
				want = append(want, e.ID)
			}
		}
		if !slices.Equal(found, want) {
			t.Errorf("%s: finds %d events, not %d", search.name, len(found), len(want))
		}
	}
}

// asked is what a search means.
func asked(q admin.EventQuery, e auth.Event) bool {
	about := q.About == nil || e.Account == q.About.Account ||
		q.About.UserID != "" && (e.TargetID == q.About.UserID || e.ActorID == q.About.UserID)
	before := q.Before == nil || e.At.Before(q.Before.At) || e.At.Equal(q.Before.At) && e.ID < q.Before.ID
	return about && before &&
		(q.ActorID == "" || e.ActorID == q.ActorID) && (q.TargetID == "" || e.TargetID == q.TargetID) &&
		(q.Account == nil || e.Account == *q.Account) && (q.Action == "" || e.Action == q.Action) &&
		(q.Outcome == "" || e.Outcome == q.Outcome) &&
		(q.From == nil || !e.At.Before(*q.From)) && (q.To == nil || e.At.Before(*q.To))
}

// The newest partitions have what the first page needs, and nobody looks into others.
func TestPartitionsAreReadFromTheNewestOn(t *testing.T) {
	t.Parallel()
	_, url, now := longTrail(t, 50_000)
	conn := connect(t, url)
	for name, c := range map[string]struct {
		q      admin.EventQuery
		looked int
	}{
		"all":            {admin.EventQuery{}, 4}, // two of them are made ahead
		"what succeeded": {admin.EventQuery{Outcome: auth.Succeeded}, 4},
		"three days":     {admin.EventQuery{From: moment(now.Add(-20 * day)), To: moment(now.Add(-17 * day))}, 2},
		"what is kept":   {admin.EventQuery{ActorID: numbered(77_777), From: moment(now.Add(-20 * day))}, 12},
	} {
		c.q.Limit = 51
		statement, args := postgres.EventSearch(c.q)
		rows, err := conn.Query(t.Context(), "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF) "+statement, args)
		if err != nil {
			t.Fatal(err)
		}
		plan, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatal(err)
		}
		looked := 0
		for _, line := range plan {
			if strings.Contains(line, " on audit_events_") && !strings.Contains(line, "never executed") {
				looked++
			}
		}
		if looked == 0 || looked > c.looked {
			t.Errorf("%s: %d partitions are read, not %d\n%s", name, looked, c.looked, strings.Join(plan, "\n"))
		}
	}
}
