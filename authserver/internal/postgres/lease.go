// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"
)

const (
	// leaseTerm is how long a migrator that was killed keeps the others out. The
	// database's clock measures it.
	leaseTerm = 15 * time.Second
	// leaseRenewal is how often the holder renews it.
	leaseRenewal = leaseTerm / 5
	// leaseDoubt is how long the holder goes on without having renewed it. It may
	// notice one renewal and one unanswered statement later, and has stopped even
	// then before another one begins.
	leaseDoubt = leaseTerm / 2
	// leasePoll is how often the others ask for it.
	leasePoll = time.Second
)

// errLeaseLost ends a migrator that was silent for so long that another one has
// taken over, or may have.
var errLeaseLost = errors.New("the right to migrate was lost to another migrator")

// lease is the right to migrate: the one row of migration_lease. A row holds
// wherever statements do, also through a pooler that gives every transaction
// another session, where a session's advisory lock guards nothing. Those who
// wait ask again and again: a statement that waited would hold a snapshot, and
// the holder's concurrent build of an index would wait for that in turn.
type lease struct {
	pool   *pgxpool.Pool
	holder string
	log    *slog.Logger
}

func newLease(pool *pgxpool.Pool, log *slog.Logger) (*lease, error) {
	holder, err := uuid.NewRandom()
	if err != nil {
		return nil, fmt.Errorf("name the migrator: %w", err)
	}
	return &lease{pool, holder.String(), log}, nil
}

// hold waits for the lease and works under it. The context of work ends with the
// lease; the error is errLeaseLost then.
func (l *lease) hold(ctx context.Context, work func(context.Context) error) error {
	if err := l.await(ctx); err != nil {
		return err
	}
	group, held := errgroup.WithContext(ctx)
	held, done := context.WithCancel(held)
	group.Go(func() error { return l.keep(held) })
	group.Go(func() error { defer done(); return work(held) })
	err := group.Wait()
	if problem := l.release(context.WithoutCancel(ctx)); problem != nil {
		l.log.WarnContext(ctx, "the right to migrate was not given back and has to expire", "error", problem)
	}
	return err
}

func (l *lease) await(ctx context.Context) error {
	if err := l.prepare(ctx); err != nil {
		return err
	}
	for told := false; ; told = true {
		acquired, err := l.acquire(ctx)
		if err != nil || acquired {
			return err
		}
		if !told {
			l.log.InfoContext(ctx, "another migrator is at work: waiting for it")
		}
		if err := pause(ctx, leasePoll); err != nil {
			return err
		}
	}
}

// keep renews the lease until ctx is done.
func (l *lease) keep(ctx context.Context) error {
	for renewed := time.Now(); ; {
		if pause(ctx, leaseRenewal) != nil {
			return nil
		}
		asked := time.Now()
		held, err := l.renew(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case err == nil && held:
			renewed = asked
		case err == nil || time.Since(renewed) > leaseDoubt:
			return errors.Join(errLeaseLost, err)
		}
	}
}

// prepare makes the table. It cannot be a migration's: it guards them.
func (l *lease) prepare(ctx context.Context) error {
	ctx, end := bounded(ctx, QueryTimeout, "prepare migration lease")
	defer end()
	exists := false
	err := l.pool.QueryRow(ctx, `SELECT to_regclass('migration_lease') IS NOT NULL`).Scan(&exists)
	if err == nil && !exists {
		_, err = l.pool.Exec(ctx, `
			CREATE TABLE IF NOT EXISTS migration_lease (
				sole       boolean PRIMARY KEY DEFAULT true CHECK (sole),
				holder     uuid NOT NULL,
				expires_at timestamptz NOT NULL
			)`)
	}
	switch state(err) {
	case uniqueViolation, "42710", "42P07": // of several at once, all but one find it made, in whichever catalogue
		return nil
	default:
		return classify("prepare migration lease", err)
	}
}

func (l *lease) acquire(ctx context.Context) (bool, error) {
	return l.change(ctx, "acquire migration lease", `
		INSERT INTO migration_lease (holder, expires_at)
		VALUES (@holder::uuid, clock_timestamp() + make_interval(secs => @term::float8))
		ON CONFLICT (sole) DO UPDATE SET holder = excluded.holder, expires_at = excluded.expires_at
		WHERE migration_lease.expires_at < clock_timestamp()`)
}

func (l *lease) renew(ctx context.Context) (bool, error) {
	return l.change(ctx, "renew migration lease", `
		UPDATE migration_lease SET expires_at = clock_timestamp() + make_interval(secs => @term::float8)
		WHERE holder = @holder::uuid`)
}

func (l *lease) release(ctx context.Context) error {
	_, err := l.change(ctx, "release migration lease", `DELETE FROM migration_lease WHERE holder = @holder::uuid`)
	return err
}

func (l *lease) change(ctx context.Context, doing, statement string) (bool, error) {
	ctx, end := bounded(ctx, QueryTimeout, doing)
	defer end()
	tag, err := l.pool.Exec(ctx, statement, pgx.NamedArgs{"holder": l.holder, "term": leaseTerm.Seconds()})
	return tag.RowsAffected() == 1, classify(doing, err)
}

// insist has a transaction fail unless the lease is held, and keeps it from
// changing hands until the transaction has ended.
func (l *lease) insist(ctx context.Context, tx pgx.Tx) error {
	tag, err := tx.Exec(ctx, `SELECT FROM migration_lease WHERE holder = $1::uuid FOR UPDATE`, l.holder)
	if err == nil && tag.RowsAffected() == 0 {
		err = errLeaseLost
	}
	return err
}

// state is the SQLSTATE of an error, empty for one that is not the database's.
func state(err error) string {
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return ""
	}
	return refused.Code
}

// pause waits, or returns the context's error.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
