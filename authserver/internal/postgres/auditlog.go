// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/admin"
	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const eventColumns = `id::text, at, action, outcome, coalesce(actor_id::text, ''), coalesce(target_id::text, ''),
	account_key, address, user_agent, detail, coalesce(reason, '')`

// FindEvents implements admin.Store.
func (s *Store) FindEvents(ctx context.Context, q admin.EventQuery) ([]auth.Event, error) {
	ctx, end := s.bounded(ctx, "read audit trail")
	defer end()
	statement, args := eventSearch(q)
	rows, err := s.pool.Search(ctx, statement, args)
	if err != nil {
		return nil, classify("read audit trail", err)
	}
	whole := wholeAgents()
	events, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (auth.Event, error) {
		e, account := auth.Event{}, []byte(nil)
		err := row.Scan(&e.ID, &e.At, &e.Action, &e.Outcome, &e.ActorID, &e.TargetID, &account, &e.Address, &e.UserAgent, &e.Detail, &e.Reason)
		copy(e.Account[:], account)
		e.UserAgent = whole(e.UserAgent)
		return e, err
	})
	return events, classify("read audit trail", err)
}
