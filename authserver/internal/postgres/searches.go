// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
)

const (
	// searchShare is the part of the connections that searches may hold at once, a
	// fifth, and one at least.
	searchShare = 5
	// searchTimeout is how long PostgreSQL works on one search.
	searchTimeout = 2 * time.Second
	// searchPatience is how long a search waits for others to end. With searchTimeout
	// it leaves time, within that of a statement, to hear that it took too long.
	searchPatience = 500 * time.Millisecond
)

// errShareTaken is for the log.
var errShareTaken = errors.New("other searches hold all connections that searches may have")

// limitSearch holds for one transaction, in whichever session a pooler runs it, and
// PostgreSQL keeps to it also when nobody waits for the answer any more. One search has
// one processor.
var limitSearch = fmt.Sprintf("BEGIN; SET LOCAL statement_timeout = %[1]d; SET LOCAL idle_in_transaction_session_timeout = %[1]d; "+
	"SET LOCAL max_parallel_workers_per_gather = 0", searchTimeout.Milliseconds())

// searches has a value for each search that runs.
type searches chan struct{}

func newSearches(connections int32) searches { return make(searches, max(1, connections/searchShare)) }

// enter waits until fewer searches run than may. The error is Busy when that takes
// too long, or that of ctx.
func (s searches) enter(ctx context.Context) error {
	patience := time.NewTimer(searchPatience)
	defer patience.Stop()
	select {
	case s <- struct{}{}:
		return nil
	case <-patience.C:
		return refuseSearch(errShareTaken)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s searches) leave() { <-s }

// Search is Query for statements that may have much to read, and that administrators
// cause as often as they like. All of them together have a share of the connections,
// and each has searchTimeout, so that no sign-in has to wait for them. The plan is made
// for the arguments: what few rows have and what many have is found in different ways.
// The error, that of the rows too, is Busy when there was no room or no time.
func (p *pool) Search(ctx context.Context, statement string, args ...any) (pgx.Rows, error) {
	conn, end, err := p.beginSearch(ctx)
	if err != nil {
		return none{err: err}, err
	}
	found, err := conn.Query(ctx, statement, append([]any{pgx.QueryExecModeCacheDescribe}, args...)...)
	if err != nil {
		err = end(inTime(err))
		return none{err: err}, err
	}
	return &searched{Rows: found, end: end}, nil
}

// beginSearch takes a connection out of the share of searches. It must be given back
// by end, which passes on the error of the search, or its own.
func (p *pool) beginSearch(ctx context.Context) (conn *connection, end func(error) error, err error) {
	share := p.current.Load().searches
	if err := share.enter(ctx); err != nil {
		return nil, nil, err
	}
	if conn, err = p.acquire(ctx); err != nil {
		share.leave()
		return nil, nil, err
	}
	end = func(err error) error {
		defer share.leave()
		if _, ending := conn.Exec(ctx, "COMMIT"); err == nil {
			err = ending
		}
		return p.release(conn, err) //nolint:contextcheck // a standby is left whether or not anybody waits
	}
	if _, err = conn.Exec(ctx, limitSearch); err != nil {
		return nil, nil, end(err)
	}
	return conn, end, nil
}

// searched are the rows of a search, which ends when they are closed.
type searched struct {
	pgx.Rows
	end func(error) error
	err error
}

// Err implements pgx.Rows.
func (s *searched) Err() error {
	if s.err != nil {
		return s.err
	}
	return inTime(s.Rows.Err())
}

// Close implements pgx.Rows.
func (s *searched) Close() {
	s.Rows.Close()
	if s.end != nil {
		s.err = s.end(s.Err())
		s.end = nil
	}
}

// inTime makes a refusal of the error of a search that took too long.
func inTime(err error) error {
	if state(err) == tookTooLong {
		return refuseSearch(err)
	}
	return err
}

func refuseSearch(cause error) error {
	return &auth.Error{Code: auth.Busy, Reason: auth.SearchesBusy, RetryAfter: time.Second, Cause: cause}
}
