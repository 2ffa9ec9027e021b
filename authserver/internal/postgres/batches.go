// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"maps"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"
)

const (
	// firstBatch is how many rows the first batch looks at: few, so that one goes
	// through wherever the database is.
	firstBatch = 100
	// leastBatch and mostBatch bound the others.
	leastBatch, mostBatch = 10, 1000
	// slowBatch is how long a batch may take: it keeps its rows from others, and whoever
	// commits waits until what it has written to the log is on the disk.
	slowBatch = 5 * time.Millisecond
	// batchRest is how long to leave the database to others, by how long a batch took.
	batchRest = 3
)

// pace is how batches follow each other.
type pace struct {
	// atMost is for how long they may go on, 0 for until there are no more rows.
	atMost time.Duration
	// rest is how long each has the next one wait, by how long it took, and restOfRow by how
	// many rows it had; the longer one counts.
	rest, restOfRow time.Duration
	// rows are the most that one has.
	rows int
}

// briskly is for what is urgent.
func briskly() pace { return pace{rest: batchRest, rows: mostBatch} }

// restAfter is how long to wait after a batch of so many rows that took so long.
func (p pace) restAfter(rows int, took time.Duration) time.Duration {
	return max(p.rest*took, p.restOfRow*time.Duration(rows))
}

// beginning is before every time.
var beginning = pgtype.Timestamptz{InfinityModifier: pgtype.NegativeInfinity, Valid: true}

// nextBatch is the size of the batch after one that took so long.
func (p pace) nextBatch(size int, took time.Duration) int {
	if took > slowBatch {
		return max(size/2, leastBatch)
	}
	return min(2*size, p.rows)
}

// inBatches repeats a statement that does something to @batch rows, the first of those
// from the time @from on, and returns how many they were and the time of the last. It
// ends when there are no more, and returns beginning, or when its time is over or it has
// failed, and returns the time that it has reached.
//
// That time spares the next batch what the index still has of the rows before: entries
// of deleted ones stay until a vacuum.
func (s *Store) inBatches(
	ctx context.Context, doing, statement string, from pgtype.Timestamptz, p pace, args pgx.NamedArgs,
) (reached pgtype.Timestamptz, err error) {
	args = maps.Clone(args)
	size := min(firstBatch, p.rows)
	for began := time.Now(); ; {
		args["batch"], args["from"] = size, from
		asked, rows, last := time.Now(), 0, from
		if err := s.batch(ctx, doing, statement, args, &rows, &last); err != nil {
			return from, err
		}
		if rows < size {
			return beginning, nil
		}
		from = last
		took := time.Since(asked)
		if p.atMost > 0 && time.Since(began) > p.atMost {
			return from, nil
		}
		if err := pause(ctx, p.restAfter(rows, took)); err != nil {
			return from, classify(doing, err)
		}
		size = p.nextBatch(size, took)
	}
}

func (s *Store) batch(ctx context.Context, doing, statement string, args pgx.NamedArgs, into ...any) error {
	ctx, end := s.bounded(ctx, doing)
	defer end()
	return classify(doing, s.pool.QueryRow(ctx, statement, args).Scan(into...))
}
