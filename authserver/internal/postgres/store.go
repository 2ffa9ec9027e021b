// SPDX-License-Identifier: Apache-2.0

// Package postgres keeps what a realm must not forget. Every method is one
// statement, so that what it promises holds under any concurrency without a
// transaction that could be left open.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/multitracer"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/realmkeeper/realmkeeper/authserver/internal/auth"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// QueryTimeout bounds one statement, including the wait for a connection.
	QueryTimeout = 3 * time.Second

	// SQLSTATEs.
	readOnly          = "25006" // a write to a standby
	noSuchStatement   = "26000" // it was prepared in another session
	statementExists   = "42P05" // another connection has prepared it in this session
	protocolViolation = "08P01"
	tookTooLong       = "57014"
)

// Store is the database of one realm, wherever that is now. It implements
// the Store of every capability.
type Store struct {
	pool     *pool
	timeout  time.Duration // of one statement
	enqueued chan struct{}
	pruned   progress
}

// Options are what a Store is opened with; every field is required.
type Options struct {
	// Timeout is how long one statement may take, including the wait for a connection.
	Timeout time.Duration
}

// Open prepares connections; it does not connect yet. The error never quotes the
// URL.
func Open(ctx context.Context, place realmconfig.Place, o Options) (*Store, error) {
	s := &Store{pool: newPool(), timeout: o.Timeout, enqueued: make(chan struct{}, 1)}
	config, err := configure(place)
	if err != nil {
		return nil, err
	}
	first, err := s.connect(ctx, config)
	if err != nil {
		return nil, err
	}
	s.pool.swap(first)
	return s, nil
}

func (s *Store) connect(ctx context.Context, config *pgxpool.Config) (*connections, error) {
	config.ConnConfig.Tracer = multitracer.New(enqueueTracer{s.enqueued}, errorTracer{})
	c, err := connect(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open database pool: %w", err)
	}
	return c, nil
}

// Move goes over to another place, or the same with another password, while
// statements run: those that have begun end where they are. Until the new one
// answers and has this build's schema, the old one stays; the error says why.
func (s *Store) Move(ctx context.Context, to realmconfig.Place) error {
	config, err := configure(to)
	if err != nil {
		return err
	}
	if err := withConnection(ctx, config.ConnConfig, func(c *pgx.Conn, ctx context.Context) error { return checkSchema(ctx, c) }); err != nil {
		return err
	}
	next, err := s.connect(context.WithoutCancel(ctx), config)
	if err != nil {
		return err
	}
	if err := next.begin(ctx, s.timeout); err != nil {
		next.Close()
		return err
	}
	go s.pool.swap(next).Close() // which waits for the last statement, and each is bounded
	return nil
}

// Look opens a connection and closes it. A pool that answers shows nothing of
// the kind: it lives on connections of yesterday's password.
func (s *Store) Look(ctx context.Context) error {
	config := s.pool.current.Load().Config()
	return withConnection(ctx, config.ConnConfig, (*pgx.Conn).Ping)
}

// Failing rings when the database has not done what it should.
func (s *Store) Failing() <-chan struct{} { return s.pool.failing }

// Close ends every connection after its query.
func (s *Store) Close() { s.pool.current.Load().Close() }

// Connections is how many connections are open, and how many of them are in use.
func (s *Store) Connections() (open, used int) {
	stat := s.pool.current.Load().Stat()
	return int(stat.TotalConns()), int(stat.AcquiredConns())
}

// classify wraps err, as an *auth.Error with DatabaseUnavailable when the
// database did not do what it was asked because it is not there.
func classify(doing string, err error) error {
	if err == nil {
		return nil
	}
	wrapped := fmt.Errorf("%s: %w", doing, err)
	if unavailable(err) {
		return &auth.Error{Code: auth.DatabaseUnavailable, Cause: wrapped}
	}
	return wrapped
}

func unavailable(err error) bool {
	var misread pgx.ScanArgError
	var told *auth.Error
	if errors.Is(err, context.Canceled) || errors.As(err, &misread) || errors.As(err, &told) {
		return false // the caller left, we made a mistake, or it is known what it is
	}
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return true // no answer at all
	}
	for _, class := range []string{
		"08",            // connection exception
		readOnly,        // before a failover is complete
		noSuchStatement, // behind a pooler, before nothing is prepared any more
		statementExists, // likewise
		"40",            // rolled back for another's sake: a retry goes through
		"28",            // credentials refused: they are being rotated
		"3D000",         // the database itself is missing
		"40P01",         // gave way to another statement: a retry succeeds
		"53",            // out of connections, memory or disk
		tookTooLong,
		"57P0", // shutting down or starting up
	} {
		if strings.HasPrefix(refused.Code, class) {
			return true
		}
	}
	return false
}
