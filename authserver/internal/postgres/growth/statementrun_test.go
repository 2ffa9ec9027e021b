// SPDX-License-Identifier: Apache-2.0

//go:build growth

package growth

import (
	"context"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	// calls is how often each exercise is run, and searches how often one of the many
	// searches is: often enough for PostgreSQL to settle for a plan that fits all values.
	calls, searches = 7, 3
	// longestSearching ends searches that take too long to be all tried.
	longestSearching = 5 * time.Minute
)

// explainAll runs every exercise.
func (w *world) explainAll(logFile string) (list []explained) {
	w.t.Helper()
	r, err := recordPlans(w.t.Context(), w.conn, logFile)
	if err != nil {
		w.t.Fatal(err)
	}
	w.reopen()
	began, said := time.Now(), time.Now()
	skipped := 0
	all := exercises()
	for i, e := range all {
		times := calls
		if strings.HasPrefix(e.method, "Find") {
			times = searches
			if time.Since(began) > longestSearching {
				skipped++
				continue
			}
		}
		x, err := w.explain(w.t.Context(), r, e, times)
		if err != nil {
			w.t.Fatal(err)
		}
		list = append(list, x)
		if time.Since(said) > 5*time.Second {
			said = time.Now()
			say("  %d of %d: %s", i+1, len(all), e.name())
		}
	}
	if skipped > 0 {
		w.t.Errorf("%d searches were not tried: the others have taken %s", skipped, longestSearching)
	}
	if err := stopRecording(w.t.Context(), w.conn); err != nil {
		w.t.Error(err)
	}
	w.reopen()
	return list
}

func (c call) sum(of func(statement) int) (n int) {
	for _, s := range c.statements {
		n += of(s)
	}
	return n
}

// median is of what all statements of a call have cost, triggers included.
func (e explained) median(of func(statement) int) int {
	return middle(e.calls, func(c call) int { return c.sum(of) })
}

func (s statement) blocks() int { return s.Plan.HitBlocks + s.Plan.ReadBlocks }

func (s statement) sequential() (rows int) {
	for n := range s.Plan.all() {
		rows += n.sequential()
	}
	return rows
}

func (s statement) wal() int { return s.Plan.WAL }

// stopRecording is for sessions that begin from now on.
func stopRecording(ctx context.Context, conn *pgx.Conn) error {
	_, err := conn.Exec(ctx, `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I RESET ALL', current_database()); END $$`, pgx.QueryExecModeSimpleProtocol)
	return err
}
