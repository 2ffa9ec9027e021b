// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// sessionWait is how long a new connection waits for a session of PostgreSQL. It
// leaves time, within that of a statement, to wait for another connection.
const sessionWait = time.Second

// errNoSession may be of a pooler in front of a PostgreSQL that is away, too.
var errNoSession = errors.New("the pooler takes connections and has no session of PostgreSQL to spare for them: " +
	"PostgreSQL is away, or the pooler's default_pool_size is less than pool_max_conns of all pods")

// ownsSession reports whether a session of PostgreSQL is the connection's alone.
// Its process answers the connection that it has greeted then; a pooler greets by
// itself, with a number that it has made up.
func ownsSession(ctx context.Context, conn *pgx.Conn) (bool, error) {
	backend := uint32(0)
	err := conn.QueryRow(ctx, "SELECT pg_backend_pid()", pgx.QueryExecModeSimpleProtocol).Scan(&backend)
	return backend == conn.PgConn().PID(), err
}

// greet returns when a new connection has been given a session, and reports
// whether that stays its own. The error is errNoSession when ctx ends first.
func greet(ctx context.Context, conn *pgx.Conn) (own bool, err error) {
	own, err = ownsSession(ctx, conn)
	if err != nil && errors.Is(ctx.Err(), context.DeadlineExceeded) {
		err = &plainError{errors.Join(errNoSession, err), errNoSession.Error()}
	}
	return own, err
}

// insistOnTransactions refuses a pooler that has none.
func insistOnTransactions(ctx context.Context, conn *pgx.Conn) error {
	own, err := greet(ctx, conn)
	if err != nil || own {
		return err
	}
	tx, err := conn.Begin(ctx)
	if err == nil {
		return tx.Rollback(ctx)
	}
	var answer *pgconn.PgError
	if errors.As(err, &answer) && strings.Contains(answer.Message, "statement pooling") {
		return &plainError{err, "the pooler gives every statement another session, and migrations need transactions: " +
			"it must have pool_mode = transaction, or session"}
	}
	return err
}

// needsSession is true of ways to run statements in two steps that must meet in one
// session. Whoever asks for prepared ones knows that the pooler keeps them together.
// If it does not, PostgreSQL tells, by the name that each has; without names, one
// would be taken for another.
func needsSession(config *pgx.ConnConfig) bool {
	switch config.DefaultQueryExecMode {
	case pgx.QueryExecModeCacheStatement:
		return !strings.Contains(config.ConnString(), "default_query_exec_mode=")
	default:
		return config.DefaultQueryExecMode == pgx.QueryExecModeDescribeExec
	}
}

// inOneStep is for connections of which each runs few statements, once.
func inOneStep(config *pgx.ConnConfig) *pgx.ConnConfig {
	config = config.Copy()
	if m := config.DefaultQueryExecMode; m == pgx.QueryExecModeCacheStatement || m == pgx.QueryExecModeDescribeExec {
		config.DefaultQueryExecMode = pgx.QueryExecModeExec
	}
	return config
}
