// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// turnedAway is how long nobody dials a server that has refused a connection:
	// it may count wrong passwords, or have none to spare.
	turnedAway = time.Second
	// latestTry is when to try again although no connection was given back.
	latestTry = 100 * time.Millisecond
)

// pool has connections to one database after another: swap replaces it while
// statements run.
type pool struct {
	current atomic.Pointer[connections]
	failing chan struct{} // rings when the database has not done what it should
	freed   chan struct{} // rings for each connection that is given back
}

func newPool() *pool {
	return &pool{failing: make(chan struct{}, 1), freed: make(chan struct{}, defaultConnections)}
}

// connections are those to one place.
type connections struct {
	*pgxpool.Pool
	searches searches
	refusal  atomic.Pointer[refusal]
	// shared is true when their sessions may be others' in the next moment, and no
	// statement is prepared any more.
	shared atomic.Bool
}

// connection is one of them.
type connection struct {
	*pgxpool.Conn
	of *connections
}

// refusal is why not to dial before a time.
type refusal struct {
	error
	until time.Time
}

func (r *refusal) Unwrap() error { return r.error }

// connect prepares connections; it does not wait for one.
func connect(ctx context.Context, config *pgxpool.Config) (*connections, error) {
	c := &connections{searches: newSearches(config.MaxConns)}
	config.BeforeConnect = func(context.Context, *pgx.ConnConfig) error {
		if r := c.refusal.Load(); r != nil && time.Now().Before(r.until) {
			return r
		}
		return nil
	}
	needed := needsSession(config.ConnConfig)
	config.AfterConnect = func(ctx context.Context, conn *pgx.Conn) error {
		ctx, cancel := context.WithTimeout(ctx, sessionWait)
		defer cancel()
		own, err := greet(ctx, conn)
		if err == nil && !own && needed {
			c.shared.Store(true)
		}
		return err
	}
	var err error
	c.Pool, err = pgxpool.NewWithConfig(ctx, config)
	return c, err
}

// begin returns when the first connection is there: with it nobody has to be
// turned away, even if the server has no second one to spare.
func (c *connections) begin(ctx context.Context, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	first, err := c.Acquire(ctx)
	if err != nil {
		return inPlainWords(err)
	}
	first.Release()
	return nil
}

// swap puts next in force and returns what was. Whoever waits for one of the old
// connections gets a new one.
func (p *pool) swap(next *connections) *connections { return p.current.Swap(next) }

// acquire takes a connection. One that is refused is no failure while there are
// others to wait for: a password is changed at the server before it is changed
// in the mounted Secret.
func (p *pool) acquire(ctx context.Context) (*connection, error) {
	for {
		c := p.current.Load()
		conn, err := c.Acquire(ctx)
		switch {
		case err == nil:
			return &connection{conn, c}, nil
		case ctx.Err() == nil && p.current.Load() != c:
			continue // closed under our hands
		case !c.note(err) || !c.areThere():
			return nil, p.failed(err)
		}
		ring(p.failing)
		select {
		case <-ctx.Done():
			return nil, p.failed(err)
		case <-p.freed: // in the order in which they wait
		case <-time.After(latestTry):
		}
	}
}

// areThere looks once: between two looks one may be taken, or given back.
func (c *connections) areThere() bool {
	stat := c.Stat()
	return stat.IdleConns()+stat.AcquiredConns() > 0
}

// note reports whether there is a server with which no connection comes about,
// and keeps others from trying for a while.
func (c *connections) note(err error) bool {
	var known *refusal
	switch {
	case !refusesUs(err):
		return false
	case !errors.As(err, &known):
		c.refusal.Store(&refusal{err, time.Now().Add(turnedAway)})
	}
	return true
}

// refusesUs is true of credentials, connections or sessions to spare, certificates,
// and of everything that PgBouncer refuses, for which it has one code.
func refusesUs(err error) bool {
	var answer *pgconn.PgError
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	if errors.As(err, &answer) {
		return strings.HasPrefix(answer.Code, "28") || strings.HasPrefix(answer.Code, "53") || answer.Code == protocolViolation
	}
	return errors.As(err, &certificate) || errors.As(err, &authority) || errors.Is(err, errNoSession)
}

// failed passes a statement's error on and rings if it says that the database is
// not there.
func (p *pool) failed(err error) error {
	if err != nil && unavailable(err) {
		ring(p.failing)
	}
	return err
}

func ring(bell chan<- struct{}) {
	select {
	case bell <- struct{}{}:
	default: // it rings already
	}
}

// release gives a connection back, unless the server behind it must not be
// written to any more: after a failover, the next one leads to another.
func (p *pool) release(conn *connection, err error) error {
	switch state(err) {
	case readOnly:
		conn.leave()
	case noSuchStatement, statementExists:
		conn.of.shared.Store(true)
	}
	conn.Release()
	ring(p.freed)
	return p.failed(err)
}

// leave closes a connection to a standby. A pooler would keep the session for
// whoever comes next, so that ends first, if it is the same still.
func (c *connection) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	_, _ = c.Conn.Conn().PgConn().Exec(ctx, "SELECT pg_terminate_backend(pg_backend_pid()) WHERE pg_is_in_recovery()").ReadAll()
	_ = c.Conn.Conn().Close(ctx)
}

// arguments are a statement's, with how to run it. What is prepared belongs to one
// session; what is described holds in all of them.
func (c *connection) arguments(args []any) []any {
	if !c.of.shared.Load() {
		return args
	}
	return append([]any{pgx.QueryExecModeCacheDescribe}, args...)
}

// run gives do a connection, and a second time another one if the first was the
// wrong one: the statement has done nothing there.
func (p *pool) run(ctx context.Context, do func(*connection) error) error {
	for second := false; ; second = true {
		conn, err := p.acquire(ctx)
		if err != nil {
			return err
		}
		err = p.release(conn, do(conn))
		if second || !slices.Contains([]string{readOnly, noSuchStatement, statementExists}, state(err)) {
			return err
		}
	}
}

// Exec runs a statement that returns no rows.
func (p *pool) Exec(ctx context.Context, statement string, args ...any) (tag pgconn.CommandTag, err error) {
	err = p.run(ctx, func(conn *connection) (err error) {
		tag, err = conn.Exec(ctx, statement, conn.arguments(args)...)
		return err
	})
	return tag, err
}

// QueryRow runs a statement for one row, once it is scanned.
func (p *pool) QueryRow(ctx context.Context, statement string, args ...any) pgx.Row {
	return row(func(into ...any) error {
		return p.run(ctx, func(conn *connection) error {
			return conn.QueryRow(ctx, statement, conn.arguments(args)...).Scan(into...)
		})
	})
}

type row func(into ...any) error

// Scan implements pgx.Row.
func (r row) Scan(into ...any) error { return r(into...) }

// Query runs a statement for rows, which must be closed.
func (p *pool) Query(ctx context.Context, statement string, args ...any) (pgx.Rows, error) {
	conn, err := p.acquire(ctx)
	if err != nil {
		return none{err: err}, err
	}
	found, err := conn.Query(ctx, statement, conn.arguments(args)...)
	if err != nil {
		return none{err: err}, p.release(conn, err)
	}
	return &rows{Rows: found, release: func(err error) { _ = p.release(conn, err) }}, nil
}

// rows give their connection back when they are closed.
type rows struct {
	pgx.Rows
	release func(error)
}

// Close implements pgx.Rows.
func (r *rows) Close() {
	r.Rows.Close()
	if r.release != nil {
		r.release(r.Err())
		r.release = nil
	}
}

// none are the rows of a statement that has not run.
type none struct {
	pgx.Rows
	err error
}

// Err implements pgx.Rows.
func (n none) Err() error { return n.err }

// Next implements pgx.Rows.
func (none) Next() bool { return false }

// Close implements pgx.Rows.
func (none) Close() {}
