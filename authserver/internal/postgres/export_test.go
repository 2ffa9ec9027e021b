// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"io/fs"
	"log/slog"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/session"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const LeaseTerm = leaseTerm

var ErrLeaseLost = errLeaseLost

// OwnMigrations are the files of this build.
func OwnMigrations() (fs.FS, error) { return ownMigrations() }

// MigrateWith is Migrate with other files.
func MigrateWith(ctx context.Context, place realmconfig.Place, files fs.FS, log *slog.Logger) error {
	return migrate(ctx, place, files, log)
}

// Migration is one file.
type Migration struct{ migration }

// ReadMigrations returns the files in their order.
func ReadMigrations(files fs.FS) ([]Migration, error) {
	all, err := readMigrations(files)
	exported := make([]Migration, 0, len(all))
	for _, m := range all {
		exported = append(exported, Migration{m})
	}
	return exported, err
}

func (m Migration) Version() int64    { return m.version }
func (m Migration) Name() string      { return m.name }
func (m Migration) Up() string        { return m.up }
func (m Migration) Down() string      { return m.down }
func (m Migration) Transaction() bool { return m.transaction }
func (m Migration) Index() string     { return m.index() }

// Run does what the file says in a transaction, as a migrator does.
func (m Migration) Run(ctx context.Context, tx pgx.Tx) error { return m.run(ctx, tx) }

// Prepares reports whether statements run as the URL says, prepared if it says
// nothing.
func (s *Store) Prepares() bool { return !s.pool.current.Load().shared.Load() }

// EventSearch is the statement of FindEvents.
func EventSearch(q admin.EventQuery) (string, pgx.NamedArgs) { return eventSearch(q) }

// UserSearch is the statement of FindUsers for a query without a text.
func UserSearch(q admin.UserQuery, now time.Time) (string, pgx.NamedArgs) {
	c, args := userSearch(q, now)
	return c.newest(userColumns, `@limit`), args
}

// Statement is one of the Store's, with arguments.
type Statement struct {
	Table, Statement string
	Args             pgx.NamedArgs
}

// Prunings are the statements of Prune as they begin.
func Prunings(now time.Time) []Statement {
	all := []Statement{}
	for _, p := range prunings() {
		all = append(all, Statement{p.table, p.statement, firstOf(pruneArgs(now))})
	}
	forget := forgetUsed()
	return append(all, Statement{"refresh_tokens", forget.statement, firstOf(pruneArgs(now))})
}

// Pruning is the one of a table.
func Pruning(table string, now time.Time) Statement {
	all := Prunings(now)
	return all[slices.IndexFunc(all, func(s Statement) bool { return s.Table == table })]
}

// EndSessionsBefore is the statement of the Store's method as it begins.
func EndSessionsBefore(since, now time.Time) Statement {
	return Statement{"sessions", endSessionsBefore(), firstOf(pgx.NamedArgs{"since": since, "now": now, "reason": session.EndedBySettings})}
}

func firstOf(args pgx.NamedArgs) pgx.NamedArgs {
	args["batch"], args["from"] = firstBatch, beginning
	return args
}

// RevokedWithin is the statement of the Store's method.
const RevokedWithin = revokedWithin

// NextBatch is the size of the batch after one that took so long.
func NextBatch(size int, took time.Duration) int { return briskly().nextBatch(size, took) }

// PruningAfter is how long pruning rests after a batch of so many rows that took so long, and
// how many the next one has.
func PruningAfter(rows int, took time.Duration) (rest time.Duration, next int) {
	return unhurried().restAfter(rows, took), unhurried().nextBatch(rows, took)
}

// InBatches repeats a statement on batches, from the time in its arguments on.
func (s *Store) InBatches(ctx context.Context, statement string, atMost time.Duration, args pgx.NamedArgs) (pgtype.Timestamptz, error) {
	from, _ := args["from"].(pgtype.Timestamptz)
	return s.inBatches(ctx, "work in batches", statement, from, pace{atMost: atMost, rest: batchRest, rows: mostBatch}, args)
}
