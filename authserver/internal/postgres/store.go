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
)

const (
	connectTimeout = 3 * time.Second
	// queryTimeout bounds one statement, including the wait for a connection.
	queryTimeout = 3 * time.Second
	// defaultConnections is per pod, unless the URL says pool_max_conns.
	defaultConnections = 10
)

// Store is the database of one realm. It implements auth.Store.
type Store struct {
	pool     *pgxpool.Pool
	enqueued <-chan struct{}
}

// Open prepares a pool; it does not connect yet. The error never quotes url.
func Open(ctx context.Context, url string) (*Store, error) {
	config, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	enqueued := make(chan struct{}, 1)
	config.ConnConfig.Tracer = multitracer.New(postman{enqueued}, witness{})
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("open database pool: %w", err)
	}
	return &Store{pool, enqueued}, nil
}

// Close ends every connection after its query.
func (s *Store) Close() { s.pool.Close() }

// Connections is how many connections are open, and how many of them are in use.
func (s *Store) Connections() (open, used int) {
	stat := s.pool.Stat()
	return int(stat.TotalConns()), int(stat.AcquiredConns())
}

func parseURL(url string) (*pgxpool.Config, error) {
	config, err := pgxpool.ParseConfig(url)
	if err != nil {
		return nil, errors.New("read database URL: it is not a PostgreSQL URL")
	}
	if !strings.Contains(url, "pool_max_conns=") {
		config.MaxConns = defaultConnections
	}
	if config.ConnConfig.RuntimeParams["application_name"] == "" {
		config.ConnConfig.RuntimeParams["application_name"] = "realmkeeper"
	}
	config.ConnConfig.ConnectTimeout = connectTimeout
	return config, nil
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
	if errors.Is(err, context.Canceled) || errors.As(err, &misread) {
		return false // the caller left, or we made a mistake
	}
	var refused *pgconn.PgError
	if !errors.As(err, &refused) {
		return true // no answer at all
	}
	for _, class := range []string{
		"08",    // connection exception
		"25006", // read only: a standby, before a failover is complete
		"40",    // rolled back for another's sake: a retry goes through
		"28",    // credentials refused: they are being rotated
		"3D000", // the database itself is missing
		"40P01", // gave way to another statement: a retry succeeds
		"53",    // out of connections, memory or disk
		"57014", // took too long
		"57P0",  // shutting down or starting up
	} {
		if strings.HasPrefix(refused.Code, class) {
			return true
		}
	}
	return false
}
