// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"io/fs"
	"log/slog"

	"github.com/jackc/pgx/v5"

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
