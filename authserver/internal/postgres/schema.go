// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// ErrSchemaTooOld means that migrations must run before this build can serve.
var ErrSchemaTooOld = errors.New("database schema is older than this build needs: run migrate")

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
	ctx, end := bounded(ctx, QueryTimeout, "look for schema version")
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
	files, err := ownMigrations()
	if err != nil {
		return 0, err
	}
	all, err := readMigrations(files)
	if err != nil {
		return 0, err
	}
	return all[len(all)-1].version, nil
}
