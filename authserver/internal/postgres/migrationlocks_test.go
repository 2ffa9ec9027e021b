// SPDX-License-Identifier: Apache-2.0

package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/realmkeeper/realmkeeper/authserver/internal/postgres"
	"github.com/realmkeeper/realmkeeper/internal/testenv/eventually"
)

// Every migration of this build, each on tables that are full of rows.
func TestNoMigrationBlocksATable(t *testing.T) {
	t.Parallel()
	o := newObserver(t, bare(t))
	for _, m := range ownFiles(t).read(t) {
		for _, problem := range spellingProblems(m) {
			t.Errorf("%s: %s", m.Name(), problem)
		}
		if err := o.observe(m); err != nil {
			t.Errorf("%s: %v", m.Name(), err)
		}
		o.fill()
	}
}

// strong are the locks that keep writers out, and with AccessExclusiveLock readers.
var strong = []string{"ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"}

// observer runs migrations, and refuses what would be in the way of others for
// longer the more rows there are, or for as long as somebody else likes. It does
// not believe the text: it looks at locks, counters, files and rows.
type observer struct {
	t *testing.T
	// conn runs the migrations, other is everybody else.
	conn, other *pgx.Conn
	url         string
}

func newObserver(t *testing.T, url string) *observer {
	t.Helper()
	o := &observer{t: t, url: url, conn: connect(t, url), other: connect(t, url)}
	// The counters of a session know nothing of what others do for it.
	if _, err := o.conn.Exec(t.Context(), "SET max_parallel_workers_per_gather = 0; SET max_parallel_maintenance_workers = 0"); err != nil {
		t.Fatal(err)
	}
	return o
}

// bare is a database without tables.
func bare(t *testing.T) string {
	t.Helper()
	url := server.Database(t)
	if _, err := connect(t, url).Exec(t.Context(), "DROP SCHEMA public CASCADE; CREATE SCHEMA public"); err != nil {
		t.Fatal(err)
	}
	return url
}

func connect(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// observe runs a migration; the error says whom it would have blocked.
func (o *observer) observe(m postgres.Migration) error {
	tables, err := o.filled()
	if err != nil {
		return err
	}
	if m.Transaction() {
		err = o.inTransaction(m, tables)
	} else {
		err = o.beside(m, tables)
	}
	return errors.Join(err, o.rewritten(tables))
}

// table is one that had rows before the migration.
type table struct {
	name string
	oid  uint32
	rows int64
	xmin int64 // the newest transaction that has changed it
}

func (o *observer) filled() ([]table, error) {
	found, err := o.other.Query(o.t.Context(), `
		SELECT relname, oid FROM pg_class
		WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND relname <> ALL ($1) ORDER BY relname`, notFilled)
	if err != nil {
		return nil, err
	}
	tables, err := pgx.CollectRows(found, func(row pgx.CollectableRow) (t table, err error) {
		return t, row.Scan(&t.name, &t.oid)
	})
	for i, t := range tables {
		err = errors.Join(err, o.other.QueryRow(o.t.Context(),
			`SELECT count(*), coalesce(max(xmin::text::bigint), 0) FROM `+t.name).Scan(&tables[i].rows, &tables[i].xmin))
	}
	return tables, err
}

// inTransaction looks before the commit, while the transaction still has every
// lock that it has ever taken. A strong one is brief if nothing is done beside it
// that grows with a table.
func (o *observer) inTransaction(m postgres.Migration, tables []table) error {
	return pgx.BeginFunc(o.t.Context(), o.conn, func(tx pgx.Tx) error {
		before, err := o.files(tx, tables)
		idle, problem := o.work(tx, tables) // what the session has done before
		if err := errors.Join(err, problem); err != nil {
			return err
		}
		if err := m.Run(o.t.Context(), tx); err != nil {
			return err
		}
		patience := ""
		if err := tx.QueryRow(o.t.Context(), "SHOW lock_timeout").Scan(&patience); err != nil {
			return err
		}
		if patience != "1s" {
			return fmt.Errorf("waits for locks for %s, so that everybody queues behind it", patience)
		}
		locked, err := o.locked(tx, tables)
		if err != nil {
			return err
		}
		work, err := o.work(tx, tables)
		if err != nil {
			return err
		}
		for _, t := range tables {
			if rows := work[t.oid] - idle[t.oid]; len(locked) > 0 && rows > 0 && rows >= t.rows/2 {
				return fmt.Errorf("holds %s while it reads or writes %d rows of %s, which has %d", strings.Join(locked, ", "), rows, t.name, t.rows)
			}
		}
		after, err := o.files(tx, tables)
		switch {
		case err != nil:
			return err
		case slices.ContainsFunc(after, func(file string) bool { return !slices.Contains(before, file) }):
			return fmt.Errorf("writes a table anew: of %v it makes %v", before, after)
		}
		return nil
	})
}

// locked are the strong locks of the transaction on tables.
func (o *observer) locked(tx pgx.Tx, tables []table) ([]string, error) {
	found, err := tx.Query(o.t.Context(), `
		SELECT DISTINCT mode || ' on ' || relation::regclass FROM pg_locks
		WHERE pid = pg_backend_pid() AND locktype = 'relation' AND granted AND mode = ANY ($1) AND relation = ANY ($2)`,
		strong, oids(tables))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, pgx.RowTo[string])
}

func oids(tables []table) (all []uint32) {
	for _, t := range tables {
		all = append(all, t.oid)
	}
	return all
}

// work is how many rows of each table the session has read or written.
func (o *observer) work(tx pgx.Tx, tables []table) (map[uint32]int64, error) {
	rows := map[uint32]int64{}
	found, err := tx.Query(o.t.Context(), `
		SELECT relid, seq_tup_read + coalesce(idx_tup_fetch, 0) + n_tup_ins + n_tup_upd + n_tup_del
		FROM pg_stat_xact_user_tables WHERE relid = ANY ($1)`, oids(tables))
	if err != nil {
		return nil, err
	}
	oid, n := uint32(0), int64(0)
	_, err = pgx.ForEachRow(found, []any{&oid, &n}, func() error { rows[oid] = n; return nil })
	return rows, err
}

// files are those of the tables that are still there.
func (o *observer) files(tx pgx.Tx, tables []table) ([]string, error) {
	found, err := tx.Query(o.t.Context(), `
		SELECT oid || '=' || relfilenode FROM pg_class WHERE oid = ANY ($1) ORDER BY 1`, oids(tables))
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(found, pgx.RowTo[string])
}

// beside runs a migration that is its own transaction while others write to
// every table without a pause. Such a migration has no limit on its waiting, so
// it must never ask for a lock that they would have to queue behind.
func (o *observer) beside(m postgres.Migration, tables []table) error {
	ctx, cancel := context.WithTimeout(o.t.Context(), eventually.Patience)
	defer cancel()
	writer, err := o.write(ctx, tables)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() {
		_, err := o.conn.Exec(ctx, m.Up())
		done <- err
	}()
	for {
		select {
		case err := <-done:
			return errors.Join(err, writer.close())
		case <-time.After(10 * time.Millisecond):
		}
		next, err := o.write(ctx, tables) // before the one at work lets go
		if closing := writer.close(); err == nil {
			err = closing
		}
		if err != nil {
			cancel()
			<-done //nolint:errcheck // it was cancelled
			return fmt.Errorf("others cannot write: %w", err)
		}
		writer = next
	}
}

// writer is a transaction that has written, or is about to, and sees the tables
// as they were when it began.
type writer struct{ conn *pgx.Conn }

func (o *observer) write(ctx context.Context, tables []table) (*writer, error) {
	conn, err := pgx.Connect(ctx, o.url)
	if err != nil {
		return nil, err
	}
	statement := "BEGIN ISOLATION LEVEL REPEATABLE READ; SET LOCAL lock_timeout = '1s'; SELECT 1"
	for _, t := range tables {
		statement += "; LOCK TABLE " + t.name + " IN ROW EXCLUSIVE MODE"
	}
	if _, err := conn.Exec(ctx, statement); err != nil {
		var refused *pgconn.PgError
		if errors.As(err, &refused) {
			err = errors.New(refused.Message)
		}
		return nil, errors.Join(err, conn.Close(context.WithoutCancel(ctx)))
	}
	return &writer{conn}, nil
}

func (w *writer) close() error { return w.conn.Close(context.Background()) }

// rewritten looks at what has happened to the rows: those that one transaction
// changes are locked until it ends, and their users wait.
func (o *observer) rewritten(tables []table) error {
	for _, t := range tables {
		exists, rows, changed := false, int64(0), int64(0)
		err := o.other.QueryRow(o.t.Context(), "SELECT EXISTS (SELECT FROM pg_class WHERE oid = $1)", t.oid).Scan(&exists)
		if err == nil && exists {
			err = o.other.QueryRow(o.t.Context(), `
				SELECT coalesce(sum(n), 0)::bigint, coalesce(max(n) FILTER (WHERE xmin > $1), 0)::bigint
				FROM (SELECT xmin::text::bigint, count(*) AS n FROM `+t.name+` GROUP BY 1) AS by_transaction`, t.xmin).Scan(&rows, &changed)
		}
		switch {
		case err != nil:
			return err
		case exists && changed > 0 && changed >= t.rows/2:
			return fmt.Errorf("changes %d of the %d rows of %s in one transaction", changed, t.rows, t.name)
		case exists && rows <= t.rows/2:
			return fmt.Errorf("leaves %d of the %d rows of %s", rows, t.rows, t.name)
		}
	}
	return nil
}
