// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
)

//go:embed migrations/*.sql
var embedded embed.FS

// migration is one file, in the format of goose, whose table of versions we keep
// as well: the command goes on working for those who have to act by hand.
type migration struct {
	version  int64
	name     string
	up, down string
	// transaction is false of the one statement that PostgreSQL refuses to run in
	// a transaction.
	transaction bool
}

// ownMigrations are the files of this build.
func ownMigrations() (fs.FS, error) {
	files, err := fs.Sub(embedded, "migrations")
	if err != nil {
		return nil, fmt.Errorf("open migrations: %w", err)
	}
	return files, nil
}

// readMigrations returns the files in their order.
func readMigrations(files fs.FS) ([]migration, error) {
	names, err := fs.Glob(files, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	all := make([]migration, 0, len(names))
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		m, err := parseMigration(name, string(text))
		if err != nil {
			return nil, err
		}
		all = append(all, m)
	}
	return all, nil
}

func parseMigration(name, text string) (migration, error) {
	number, _, _ := strings.Cut(name, "_")
	version, err := strconv.ParseInt(number, 10, 64)
	if err != nil {
		return migration{}, fmt.Errorf("migration %s: its name must begin with its number", name)
	}
	head, rest, begins := strings.Cut(text, "-- +goose Up\n")
	up, down, ends := strings.Cut(rest, "-- +goose Down\n")
	if !begins || !ends {
		return migration{}, fmt.Errorf("migration %s: it must have the sections Up and Down", name)
	}
	return migration{
		version: version, name: name, up: up, down: down,
		transaction: !strings.Contains(head, "-- +goose NO TRANSACTION\n"),
	}, nil
}

// index is the one that the migration builds while the table is in use, empty if
// it builds none.
func (m migration) index() string {
	_, rest, _ := strings.Cut(m.up, "INDEX CONCURRENTLY IF NOT EXISTS ")
	name, _, _ := strings.Cut(rest, " ")
	return name
}
