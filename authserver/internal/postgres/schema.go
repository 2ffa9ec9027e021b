// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrSchemaTooOld means that migrations must run before this build can serve.
var ErrSchemaTooOld = errors.New("database schema is older than this build needs: run migrate")

// Migrate brings the schema up to this build's version. Any number of callers
// may do so at once: one works, the others poll for its lock. They must not
// block on it, because a blocked session holds a snapshot, and a migration that
// builds an index concurrently would wait for that snapshot for ever.
func Migrate(ctx context.Context, place realmconfig.Place, log *slog.Logger) error {
	config, err := configure(place)
	if err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return fmt.Errorf("open migrations: %w", err)
	}
	const retrySeconds, retries = 1, 600
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(retrySeconds, retries))
	if err != nil {
		return fmt.Errorf("make migration lock: %w", err)
	}
	db := stdlib.OpenDB(*config.ConnConfig)
	defer func() { _ = db.Close() }()
	provider, err := goose.NewProvider(goose.DialectPostgres, db, files, goose.WithSessionLocker(locker))
	if err != nil {
		return fmt.Errorf("read migrations: %w", err)
	}
	results, err := provider.Up(ctx)
	for _, r := range results {
		log.InfoContext(ctx, "migration applied", "version", r.Source.Version, "took", r.Duration)
	}
	if err != nil {
		return fmt.Errorf("apply migrations: %w", err)
	}
	return nil
}

// CheckSchema returns ErrSchemaTooOld unless every migration of this build has
// been applied. A newer schema is fine: releases only ever expand it before an
// old release is gone.
func (s *Store) CheckSchema(ctx context.Context) error { return checkSchema(ctx, s.pool) }

type querier interface {
	QueryRow(ctx context.Context, statement string, args ...any) pgx.Row
}

func checkSchema(ctx context.Context, database querier) error {
	needed, err := newestMigration()
	if err != nil {
		return err
	}
	ctx, end := bounded(ctx, "look for schema version")
	defer end()
	exists := false
	if err := database.QueryRow(ctx, `SELECT to_regclass('goose_db_version') IS NOT NULL`).Scan(&exists); err != nil {
		return classify("look for schema version", err)
	}
	if !exists {
		return ErrSchemaTooOld
	}
	have := int64(0)
	err = database.QueryRow(ctx, `SELECT coalesce(max(version_id), 0) FROM goose_db_version WHERE is_applied`).Scan(&have)
	switch {
	case err != nil:
		return classify("read schema version", err)
	case have < needed:
		return fmt.Errorf("%w: it is at version %d, not %d", ErrSchemaTooOld, have, needed)
	}
	return nil
}

func newestMigration() (int64, error) {
	entries, err := migrations.ReadDir("migrations")
	if err != nil {
		return 0, fmt.Errorf("list migrations: %w", err)
	}
	newest := int64(0)
	for _, e := range entries {
		version, err := goose.NumericComponent(e.Name())
		if err != nil {
			return 0, fmt.Errorf("list migrations: %w", err)
		}
		newest = max(newest, version)
	}
	return newest, nil
}
