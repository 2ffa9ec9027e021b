// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// ErrNeedsSession means that a limit of the role's has ended a migration which
// a pooler keeps from lifting it.
var ErrNeedsSession = errors.New("the role's statement_timeout has ended the build of an index, and behind a pooler " +
	"no session can do without it: until the migration is done, mount a URL that leads to PostgreSQL itself, " +
	"or ALTER ROLE … SET statement_timeout = 0 and have the pooler RECONNECT")

// applyAlone runs a statement that must not be in a transaction: the build of an
// index, as a rule, while its table is in use.
func (m *migrator) applyAlone(ctx context.Context, p migration) error {
	index := p.index()
	if index != "" {
		if err := m.endBuilders(ctx, index); err != nil {
			return err
		}
		if err := m.dropUnfinished(ctx, index); err != nil {
			return err
		}
	}
	if err := m.runAlone(ctx, p.up); err != nil {
		return err
	}
	return pgx.BeginFunc(ctx, m.pool, func(tx pgx.Tx) error {
		if index != "" {
			if finished, err := indexFinished(ctx, tx, index); err != nil || !finished {
				return errors.Join(err, fmt.Errorf("index %s is not finished", index))
			}
		}
		return m.record(ctx, tx, p)
	})
}

// endBuilders ends the sessions that still build an index for a migrator that is
// dead or has lost its lease. A session belongs to the role that has logged in,
// whichever it acts as.
func (m *migrator) endBuilders(ctx context.Context, index string) error {
	return pgx.BeginFunc(ctx, m.pool, func(tx pgx.Tx) error {
		if err := m.lease.insist(ctx, tx); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "SET LOCAL ROLE NONE"); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, `
			SELECT pg_terminate_backend(pid) FROM pg_stat_progress_create_index
			WHERE datname = current_database() AND index_relid = to_regclass($1::text)`, index)
		return err
	})
}

// dropUnfinished removes what a build has left that was interrupted: an index
// that slows every write down, answers nothing, and would be taken for the whole
// one.
func (m *migrator) dropUnfinished(ctx context.Context, index string) error {
	return pgx.BeginFunc(ctx, m.pool, func(tx pgx.Tx) error {
		if err := m.lease.insist(ctx, tx); err != nil {
			return err
		}
		if finished, err := indexFinished(ctx, tx, index); err != nil || finished {
			return err
		}
		return migration{up: "DROP INDEX " + pgx.Identifier{index}.Sanitize()}.run(ctx, tx)
	})
}

// indexFinished is true of a valid index, and of none.
func indexFinished(ctx context.Context, tx pgx.Tx, index string) (bool, error) {
	finished := false
	err := tx.QueryRow(ctx, `
		SELECT coalesce((SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass($1::text)), true)`, index).Scan(&finished)
	return finished, err
}

// runAlone runs a statement for as long as it takes. It waits for those who
// used the table before it, and nobody waits for it; a limit that the role has
// would only leave an unfinished index. The error is ErrNeedsSession when it has.
func (m *migrator) runAlone(ctx context.Context, statement string) error {
	conn, err := m.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer conn.Release()
	own, err := ownsSession(ctx, conn.Conn())
	if err != nil {
		return err
	}
	if own {
		if _, err := conn.Exec(ctx, "SET lock_timeout = 0; SET statement_timeout = 0"); err != nil {
			return err
		}
		defer func() { _, _ = conn.Exec(ctx, "RESET lock_timeout; RESET statement_timeout") }()
	}
	if _, err = conn.Exec(ctx, statement); err == nil || own || state(err) != tookTooLong {
		return err
	}
	return &plainError{errors.Join(ErrNeedsSession, err), ErrNeedsSession.Error()}
}
