// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"
)

// PruneEvents implements audit.Store. The newest partition never becomes the oldest: who
// is about to end it knows where it begins.
func (s *Store) PruneEvents(ctx context.Context, before time.Time, width time.Duration) (bool, error) {
	all, err := s.partitions(ctx)
	if err != nil {
		return false, err
	}
	const notOwner = "42501"
	switch oldest := all[0]; {
	case oldest.to == nil, len(all) == 2, oldest.to.After(before.Add(width)):
		return s.deleteEvents(ctx, before)
	case oldest.to.After(before):
		return false, nil
	default:
		err := s.define(ctx, "drop audit partition", oldest.dropping(all[1]))
		if state(err) == notOwner {
			return s.deleteEvents(ctx, before)
		}
		return err == nil, unlessOthersWork(err)
	}
}

const deleteEvents = `
DELETE FROM audit_events WHERE at <= @before AND (at, id) IN (
    SELECT at, id FROM audit_events WHERE at <= @before ORDER BY at, id LIMIT @batch FOR UPDATE SKIP LOCKED)`

// deleteEvents is for a partition that covers far more than what has expired. It rests
// for as long as it has worked before it says that there is more.
func (s *Store) deleteEvents(ctx context.Context, before time.Time) (bool, error) {
	began := time.Now()
	bound, end := s.bounded(ctx, "prune audit trail")
	defer end()
	tag, err := s.pool.Exec(bound, deleteEvents, pgx.NamedArgs{"before": before, "batch": mostBatch})
	if err != nil || tag.RowsAffected() < mostBatch {
		return false, classify("prune audit trail", err)
	}
	return true, pause(ctx, time.Since(began))
}
