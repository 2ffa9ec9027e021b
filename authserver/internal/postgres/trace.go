// SPDX-License-Identifier: Apache-2.0

package postgres

import (
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/realmkeeper/realmkeeper/authserver/internal/span"
)

// bounded gives one statement its time, the wait for a connection included, and
// its name in the request's trace. It ends when the rows have been read.
func (s *Store) bounded(ctx context.Context, doing string) (_ context.Context, end context.CancelFunc) {
	return bounded(ctx, s.timeout, doing)
}

func bounded(ctx context.Context, timeout time.Duration, doing string) (_ context.Context, end context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	ctx, s := span.Start(ctx, doing, trace.SpanKindClient,
		attribute.String("db.system.name", "postgresql"), attribute.String("db.operation.name", doing))
	return ctx, func() { s.End(); cancel() }
}

// errorTracer marks the statements of a pool that fail in their traces, with the
// SQLSTATE alone: messages quote values.
type errorTracer struct{}

// TraceQueryStart implements pgx.QueryTracer.
func (errorTracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

// TraceQueryEnd implements pgx.QueryTracer.
func (errorTracer) TraceQueryEnd(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryEndData) {
	if data.Err == nil {
		return
	}
	s := trace.SpanFromContext(ctx)
	var refused *pgconn.PgError
	if errors.As(data.Err, &refused) {
		s.SetAttributes(attribute.String("db.response.status_code", refused.Code))
	}
	s.SetStatus(codes.Error, "")
}
