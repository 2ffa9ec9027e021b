// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
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
	refusal atomic.Pointer[refusal]
}

// refusal is why not to dial before a time.
type refusal struct {
	error
	until time.Time
}

func (r *refusal) Unwrap() error { return r.error }

// connect prepares connections; it does not wait for one.
func connect(ctx context.Context, config *pgxpool.Config) (*connections, error) {
	c := &connections{}
	config.BeforeConnect = func(context.Context, *pgx.ConnConfig) error {
		if r := c.refusal.Load(); r != nil && time.Now().Before(r.until) {
			return r
		}
		return nil
	}
	var err error
	c.Pool, err = pgxpool.NewWithConfig(ctx, config)
	return c, err
}

// begin returns when the first connection is there: with it nobody has to be
// turned away, even if the server has no second one to spare.
func (c *connections) begin(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, queryTimeout)
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
func (p *pool) acquire(ctx context.Context) (*pgxpool.Conn, error) {
	for {
		c := p.current.Load()
		conn, err := c.Acquire(ctx)
		switch {
		case err == nil:
			return conn, nil
		case ctx.Err() == nil && p.current.Load() != c:
			continue // closed under our hands
		case !c.note(err) || c.Stat().IdleConns()+c.Stat().AcquiredConns() == 0:
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

// refusesUs is true of credentials, connections to spare, and certificates.
func refusesUs(err error) bool {
	var answer *pgconn.PgError
	var certificate *tls.CertificateVerificationError
	var authority x509.UnknownAuthorityError
	if errors.As(err, &answer) {
		return strings.HasPrefix(answer.Code, "28") || strings.HasPrefix(answer.Code, "53")
	}
	return errors.As(err, &certificate) || errors.As(err, &authority)
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
func (p *pool) release(conn *pgxpool.Conn, err error) error {
	var answer *pgconn.PgError
	if errors.As(err, &answer) && answer.Code == readOnly {
		ctx, cancel := context.WithTimeout(context.Background(), connectTimeout)
		defer cancel()
		_ = conn.Conn().Close(ctx)
	}
	conn.Release()
	ring(p.freed)
	return p.failed(err)
}

// Exec runs a statement that returns no rows.
func (p *pool) Exec(ctx context.Context, statement string, args ...any) (pgconn.CommandTag, error) {
	conn, err := p.acquire(ctx)
	if err != nil {
		return pgconn.CommandTag{}, err
	}
	tag, err := conn.Exec(ctx, statement, args...)
	return tag, p.release(conn, err)
}

// QueryRow runs a statement for one row, once it is scanned.
func (p *pool) QueryRow(ctx context.Context, statement string, args ...any) pgx.Row {
	return row(func(into ...any) error {
		conn, err := p.acquire(ctx)
		if err != nil {
			return err
		}
		return p.release(conn, conn.QueryRow(ctx, statement, args...).Scan(into...))
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
	found, err := conn.Query(ctx, statement, args...)
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
