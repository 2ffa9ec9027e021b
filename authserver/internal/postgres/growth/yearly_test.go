// SPDX-License-Identifier: Apache-2.0

//go:build growth

package growth

import (
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"
)

// A million people who come at least once a month: how often each does what in a year,
// and for how many days what it writes stays. A session and its token live seven days
// unused, and as long as they are used. A used token is kept for two hours, and found by
// somebody who looks every six; it is used eight hours after it was issued.
const (
	monthly              = 1_000_000
	loginsAYear          = 24 * monthly
	refreshesAYear       = 1080 * monthly
	registrationsAYear   = monthly / 5
	eventsAYear          = 7 * monthly // besides those of logins
	tokenDays, eventDays = 16.0 / 24, 90.0
	sessionDays          = 22.0
)

// yearly is what that takes, in words.
func (r *report) yearly() string {
	if len(r.costs) < 4 {
		return ""
	}
	registration, login, refresh, event := r.costs[0], r.costs[1], r.costs[2], r.costs[3]
	bytes := func(c cost) float64 { return float64(c.heap + c.index) }
	wal := float64(registration.wal)*registrationsAYear + float64(login.wal)*loginsAYear + float64(refresh.wal)*refreshesAYear + float64(event.wal)*eventsAYear
	written := bytes(registration)*registrationsAYear + bytes(login)*loginsAYear + bytes(event)*eventsAYear
	kept := bytes(registration)*(monthly+registrationsAYear) + (bytes(login)-bytes(event))*loginsAYear*sessionDays/365 +
		bytes(refresh)*refreshesAYear*tokenDays/365 + bytes(event)*(eventsAYear+loginsAYear)*eventDays/365
	return fmt.Sprintf("\nA million people a month, each of whom logs in twice a month and refreshes three times a day, and a fifth of whom are new in a year:\n\n"+
		"| | |\n| --- | ---: |\n| registrations, logins and events of a year | %.1f GB |\n| on the disk after a year, with the default lifetimes | %.1f GB |\n| of that, refresh tokens | %.1f GB |\n| WAL a year | %.1f TB |\n| of that, refreshes | %.1f TB |\n",
		written/1e9, kept/1e9, bytes(refresh)*refreshesAYear*tokenDays/365/1e9, wal/1e12, float64(refresh.wal)*refreshesAYear/1e12)
}

// tokensInTenMinutes is how many refresh tokens expire between two rounds of pruning.
func tokensInTenMinutes() int { return refreshesAYear / 365 / 24 / 6 }

// sizing is the block of docs/sizing.md.
func (r *report) sizing() string { return r.yearly() + "\n" }

// What stands between these lines of the page is written from the figures.
const begin, end = "<!-- growth: written by make growth -->", "<!-- end of growth -->"

func writeBlock(path, block string) error {
	page, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, found := strings.Cut(string(page), begin)
	_, after, alsoFound := strings.Cut(rest, end)
	if !found || !alsoFound {
		return fmt.Errorf("%s has no place for growth", path)
	}
	return os.WriteFile(path, []byte(before+begin+"\n"+block+end+after), 0o644)
}

// tableSize is what a table takes.
type tableSize struct {
	name              string
	rows, heap, index int
}

// sizes are the largest tables, partitions together.
func (w *world) sizes() []tableSize {
	w.t.Helper()
	rows, err := w.conn.Query(w.t.Context(), `
		SELECT c.relname::text, sum(p.reltuples)::bigint, sum(pg_table_size(p.oid))::bigint, sum(pg_indexes_size(p.oid))::bigint
		FROM pg_class c, LATERAL (SELECT c.oid UNION SELECT relid FROM pg_partition_tree(c.oid)) t (oid) JOIN pg_class p ON p.oid = t.oid AND p.relkind = 'r'
		WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
		GROUP BY 1 ORDER BY 3 DESC LIMIT 12`)
	if err != nil {
		w.t.Fatal(err)
	}
	list, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (t tableSize, err error) {
		return t, row.Scan(&t.name, &t.rows, &t.heap, &t.index)
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}
