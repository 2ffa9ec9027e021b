// SPDX-License-Identifier: Apache-2.0

package audit

import (
	"context"
	"errors"
	"time"
)

// Begin is for before the first event of a server: the one before may have been off for
// long.
func (l *Log) Begin(ctx context.Context) error { return l.Store.UnboundEvents(ctx, l.Now()) }

// Prune removes what has been kept for as long as the settings say, and makes room for
// what is to come. The one does not wait for the other to succeed.
func (l *Log) Prune(ctx context.Context) error {
	retention := time.Duration(l.Settings().Audit.Retention)
	now, width := l.Now(), partitionWidth(retention)
	return errors.Join(l.Store.ExtendEvents(ctx, now, width), l.pruneEvents(ctx, now.Add(-retention), width))
}

func (l *Log) pruneEvents(ctx context.Context, before time.Time, width time.Duration) error {
	for {
		more, err := l.Store.PruneEvents(ctx, before, width)
		if err != nil || !more {
			return err
		}
	}
}

// partitionWidth is how long a time the events of one partition are from, whole days.
// They are dropped together, so it is also how long an event may stay on the disk that
// no search finds any more: a twelfth of the retention. Of the partitions, which every
// search has to plan for, there are about a dozen then, however long events are kept.
func partitionWidth(retention time.Duration) time.Duration {
	const day, partitions = 24 * time.Hour, 12
	return max(day, (retention / partitions).Truncate(day))
}
