// SPDX-License-Identifier: Apache-2.0

package growth

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// filler fills a database whose schema is some release's.
type filler struct {
	url  string
	size size
	now  time.Time
	// workers fill different tables at once.
	workers int
	say     func(format string, args ...any)
}

// expand puts the size and the time into SQL.
func (f filler) expand(sql string) string {
	return strings.NewReplacer(
		"$now", fmt.Sprint(f.now.UnixMilli()), "$users", fmt.Sprint(f.size.users),
		"$sessions", fmt.Sprint(f.size.sessions()), "$events", fmt.Sprint(f.size.events()),
	).Replace(sql)
}

// fill makes all rows and then all indexes, as large imports do, of each table that has
// none yet. The error says which table of the schema nothing fills, and which column.
func (f filler) fill(ctx context.Context) error {
	conn, err := pgx.Connect(ctx, f.url)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close(ctx) }()
	if err := f.covers(ctx, conn); err != nil {
		return err
	}
	jobs := make(chan table)
	failed := make([]error, f.workers)
	var all sync.WaitGroup
	for w := range f.workers {
		all.Go(func() { failed[w] = f.work(ctx, jobs) })
	}
	for _, t := range tables() {
		jobs <- t
	}
	close(jobs)
	all.Wait()
	return errors.Join(append(failed, f.allFull(ctx, conn))...)
}

func (f filler) work(ctx context.Context, jobs <-chan table) (failed error) {
	conn, err := pgx.Connect(ctx, f.url)
	if err != nil {
		failed = err
	} else {
		defer func() { _ = conn.Close(ctx) }()
	}
	for t := range jobs {
		if failed == nil {
			failed = f.fillTable(ctx, conn, t)
		}
	}
	return failed
}

// fillTable has no trigger and no foreign key look at each row, and no index grow by it.
func (f filler) fillTable(ctx context.Context, conn *pgx.Conn, t table) error {
	columns, err := columnsOf(ctx, conn, t)
	if err != nil || len(columns) == 0 {
		return err
	}
	if full, err := hasRows(ctx, conn, t.name); err != nil || full {
		return err
	}
	const ours = `indrelid IN (SELECT '%[1]s'::regclass UNION ALL SELECT relid FROM pg_partition_tree('%[1]s')) AND (SELECT relkind = 'i' FROM pg_class WHERE oid = indexrelid)`
	for _, step := range []struct{ what, sql string }{
		{"", "SET session_replication_role = replica; SET maintenance_work_mem = '512MB'; SET synchronous_commit = off"},
		{"", "UPDATE pg_index SET indisready = false, indisvalid = false WHERE " + ours},
		{"rows", f.expand(t.statement(f.size, columns))},
		{"indexes", "REINDEX TABLE %[1]s"},
		{"statistics", "VACUUM ANALYZE %[1]s"},
	} {
		began := time.Now()
		sql := step.sql
		if step.what != "rows" {
			sql = strings.ReplaceAll(sql, "%[1]s", t.name)
		}
		if _, err := conn.Exec(ctx, sql, pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("fill %s: %s: %w", t.name, step.what, err)
		}
		if step.what != "" {
			f.say("  %-15s %-10s %5.1f s", t.name, step.what, time.Since(began).Seconds())
		}
	}
	return nil
}

// column is one of a table, and its type.
type column struct{ Name, Kind string }

// columnsOf are those of a table that the fill knows; none of a table that is not there.
func columnsOf(ctx context.Context, conn *pgx.Conn, t table) ([]column, error) {
	rows, err := conn.Query(ctx, `
		SELECT attname::text, typname::text FROM pg_attribute a JOIN pg_type y ON y.oid = a.atttypid
		WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attgenerated = '' ORDER BY attnum`, t.name)
	if err != nil {
		return nil, err
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[column])
	return slices.DeleteFunc(all, func(c column) bool { return t.values[c.Name] == "" }), err
}

const schemaTables = `
SELECT relname::text FROM pg_class
WHERE relkind IN ('r', 'p') AND NOT relispartition AND relnamespace = 'public'::regnamespace`

// covers says what of the schema the fill does not know.
func (f filler) covers(ctx context.Context, conn *pgx.Conn) error {
	names, err := strs(ctx, conn, schemaTables)
	problems := []error{err}
	for _, name := range names {
		i := slices.IndexFunc(tables(), func(t table) bool { return t.name == name })
		if notFilled()[name] != "" {
			continue
		}
		if i < 0 {
			problems = append(problems, fmt.Errorf("nothing fills the table %s: add it to tables, or to notFilled with the reason", name))
			continue
		}
		columns, err := strs(ctx, conn, `
			SELECT attname::text FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped AND attgenerated = ''`, name)
		problems = append(problems, err)
		for _, c := range columns {
			if tables()[i].values[c] == "" {
				problems = append(problems, fmt.Errorf("nothing fills the column %s.%s: add it to tables", name, c))
			}
		}
	}
	return errors.Join(problems...)
}

// allFull says which table has no rows.
func (f filler) allFull(ctx context.Context, conn *pgx.Conn) error {
	names, err := strs(ctx, conn, schemaTables)
	problems := []error{err}
	for _, name := range names {
		full, err := hasRows(ctx, conn, name)
		if problems = append(problems, err); err == nil && !full && notFilled()[name] == "" {
			problems = append(problems, fmt.Errorf("the table %s has no rows", name))
		}
	}
	return errors.Join(problems...)
}

func hasRows(ctx context.Context, conn *pgx.Conn, table string) (bool, error) {
	full := false
	err := conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM "+pgx.Identifier{table}.Sanitize()+")").Scan(&full)
	return full, err
}

func strs(ctx context.Context, conn *pgx.Conn, sql string, args ...any) ([]string, error) {
	rows, err := conn.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}
