// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const eventColumns = `id::text, at, action, outcome, coalesce(actor_id::text, ''), coalesce(target_id::text, ''),
	account_key, address, user_agent, detail`

// FindEvents implements admin.Store. As in FindUsers, the statement has only the
// conditions that were asked for.
func (s *Store) FindEvents(ctx context.Context, q admin.EventQuery) ([]auth.Event, error) {
	args := pgx.NamedArgs{"limit": q.Limit}
	where := conditions{}
	for _, c := range []struct{ column, value string }{
		{"actor_id", q.ActorID}, {"target_id", q.TargetID}, {"action", string(q.Action)}, {"outcome", q.Outcome},
	} {
		if c.value != "" {
			where.add(c.column + ` = @` + c.column)
			args[c.column] = c.value
		}
	}
	if q.Account != nil {
		where.add(`account_key = @account`)
		args["account"] = q.Account[:]
	}
	if q.About != nil {
		where.add(`(account_key = @about OR target_id = @user OR actor_id = @user)`)
		args["about"], args["user"] = q.About.Account[:], orNull(q.About.UserID)
	}
	if q.From != nil {
		where.add(`at >= @from`)
		args["from"] = *q.From
	}
	if q.To != nil {
		where.add(`at < @to`)
		args["to"] = *q.To
	}
	if q.Before != nil {
		where.add(`(at, id) < (@before, @before_id)`)
		args["before"], args["before_id"] = q.Before.At, q.Before.ID
	}
	ctx, end := bounded(ctx, "read audit trail")
	defer end()
	rows, err := s.pool.Query(ctx, `SELECT `+eventColumns+` FROM audit_events`+where.String()+` ORDER BY at DESC, id DESC LIMIT @limit`, args)
	if err != nil {
		return nil, classify("read audit trail", err)
	}
	events, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (auth.Event, error) {
		e, account := auth.Event{}, []byte(nil)
		err := row.Scan(&e.ID, &e.At, &e.Action, &e.Outcome, &e.ActorID, &e.TargetID, &account, &e.Address, &e.UserAgent, &e.Detail)
		copy(e.Account[:], account)
		return e, err
	})
	return events, classify("read audit trail", err)
}

// PruneEvents implements audit.Store.
func (s *Store) PruneEvents(ctx context.Context, before time.Time) (bool, error) {
	ctx, end := bounded(ctx, "prune audit trail")
	defer end()
	tag, err := s.pool.Exec(ctx, `DELETE FROM audit_events WHERE id IN (
		SELECT id FROM audit_events WHERE at <= @before LIMIT @batch FOR UPDATE SKIP LOCKED)`,
		pgx.NamedArgs{"before": before, "batch": pruneBatch})
	return tag.RowsAffected() == pruneBatch, classify("prune audit trail", err)
}
