// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/internal/notify"
)

// The lock of a row makes its claim this caller's alone; SKIP LOCKED lets the
// others go on to the next one. Materialized, because a plan that ran the inner
// query twice would claim more than it was asked to.
const claimMessages = `
WITH due AS MATERIALIZED (
    SELECT id FROM outbox WHERE channel = @channel AND due_at <= @now
    ORDER BY due_at LIMIT @limit FOR UPDATE SKIP LOCKED
)
UPDATE outbox SET due_at = @until, attempts = attempts + 1
FROM due WHERE outbox.id = due.id
RETURNING outbox.id::text, channel, kind, sealed, attempts, created_at`

// ClaimMessages implements notify.Store.
func (s *Store) ClaimMessages(ctx context.Context, c notify.Claim) ([]notify.Claimed, error) {
	ctx, end := s.bounded(ctx, "claim messages")
	defer end()
	rows, err := s.pool.Query(ctx, claimMessages, pgx.NamedArgs{
		"channel": c.Channel, "now": c.Now, "until": c.Until, "limit": c.Limit,
	})
	if err != nil {
		return nil, classify("claim messages", err)
	}
	claimed, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (notify.Claimed, error) {
		m := notify.Claimed{}
		err := row.Scan(&m.ID, &m.Channel, &m.Kind, &m.Sealed, &m.Attempt, &m.CreatedAt)
		return m, err
	})
	return claimed, classify("claim messages", err)
}

// ForgetMessage implements notify.Store. Whoever has claimed it since would send
// it a second time.
func (s *Store) ForgetMessage(ctx context.Context, id string) error {
	return s.exec(ctx, "forget message", `DELETE FROM outbox WHERE id = @id`, pgx.NamedArgs{"id": id})
}

const abandonMessage = `
WITH cause AS (
    DELETE FROM outbox WHERE id = @id AND attempts = @attempt
    RETURNING id
)` + withEffects + ` SELECT`

// AbandonMessage implements notify.Store.
func (s *Store) AbandonMessage(ctx context.Context, m notify.Claimed, also auth.Effects, now time.Time) error {
	args, err := effects(also, now, pgx.NamedArgs{"id": m.ID, "attempt": m.Attempt})
	if err != nil {
		return err
	}
	return s.exec(ctx, "abandon message", abandonMessage, args)
}

// PostponeMessage implements notify.Store.
func (s *Store) PostponeMessage(ctx context.Context, m notify.Claimed, until time.Time) error {
	return s.exec(ctx, "postpone message", `UPDATE outbox SET due_at = @until WHERE id = @id AND attempts = @attempt`,
		pgx.NamedArgs{"id": m.ID, "attempt": m.Attempt, "until": until})
}

// mostCounted is up to how many messages are counted one by one. Of more than that, the
// planner's number will do, which autovacuum keeps up to date.
const mostCounted = 10_000

// The order has the index walked and not the table, which is as large as the outbox was
// before the last vacuum.
const backlog = `
SELECT CASE WHEN n < @most THEN n ELSE greatest(n, (SELECT reltuples::bigint FROM pg_class WHERE oid = 'outbox'::regclass)) END,
    (SELECT min(created_at) FROM outbox)
FROM (SELECT count(*) AS n FROM (SELECT FROM outbox ORDER BY created_at LIMIT @most) AS m) AS counted`

// Backlog implements notify.Store.
func (s *Store) Backlog(ctx context.Context) (notify.Backlog, error) {
	ctx, end := s.bounded(ctx, "measure outbox")
	defer end()
	var b notify.Backlog
	var oldest *time.Time
	err := s.pool.QueryRow(ctx, backlog, pgx.NamedArgs{"most": mostCounted}).Scan(&b.Messages, &oldest)
	if oldest != nil {
		b.Oldest = *oldest
	}
	return b, classify("measure outbox", err)
}

// Enqueued implements notify.Store.
func (s *Store) Enqueued() <-chan struct{} { return s.enqueued }

// enqueueTracer watches the statements of a pool for those that store messages, and
// rings once they have succeeded: a statement is a transaction here. No method
// of the Store has to remember to.
type enqueueTracer struct{ enqueued chan<- struct{} }

// carriesMessages marks the context of a statement that does.
type carriesMessages struct{}

// TraceQueryStart implements pgx.QueryTracer.
func (enqueueTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	if len(data.Args) == 0 {
		return ctx
	}
	// Before them may stand how to run the statement.
	args, _ := data.Args[len(data.Args)-1].(pgx.NamedArgs)
	if args["messages"] == nil || args["messages"] == "[]" {
		return ctx
	}
	return context.WithValue(ctx, carriesMessages{}, true)
}

// TraceQueryEnd implements pgx.QueryTracer.
func (t enqueueTracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	if data.Err != nil || ctx.Value(carriesMessages{}) == nil {
		return
	}
	ring(t.enqueued)
}
