// SPDX-License-Identifier: Apache-2.0

// Package span lets adapters add their part to the trace that a context
// belongs to, without knowing who traces, or whether anybody does.
//
// Names and attributes say what is done, never to whom or with what: no
// statement, key, address or path.
package span

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"
)

// Scope names this program as the source of its spans.
const Scope = "github.com/realmkeeper/realmkeeper/authserver"

// Start begins a part of ctx's trace; the caller ends it. Nothing begins where
// there is no trace or it is not kept, so that work in the background makes no
// traces of its own.
func Start(ctx context.Context, name string, kind trace.SpanKind, attributes ...attribute.KeyValue) (context.Context, trace.Span) {
	whole := trace.SpanFromContext(ctx)
	if !whole.IsRecording() {
		return ctx, noop.Span{}
	}
	return whole.TracerProvider().Tracer(Scope).Start(ctx, name, trace.WithSpanKind(kind), trace.WithAttributes(attributes...))
}
