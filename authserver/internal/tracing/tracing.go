// SPDX-License-Identifier: Apache-2.0

// Package tracing sends traces of requests to an OpenTelemetry collector, for a
// realm that has one. Everything follows the settings in force: one that is
// switched off begins no span and sends nothing.
package tracing

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/realmkeeper/realmkeeper/authserver/internal/span"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

const (
	// Timeout is what clients should give a collector for one answer.
	Timeout = 10 * time.Second
	// MaxAnswer is how many bytes of it need to be read.
	MaxAnswer = 64 << 10
	// sendEvery is how long a span may wait for others to be sent with.
	sendEvery = 2 * time.Second
	// closeTimeout bounds the sending of the last spans.
	closeTimeout = 2 * time.Second
)

// Options are required, every one.
type Options struct {
	// Settings are those in force; nil while nothing is traced.
	Settings func() *realmconfig.Tracing
	// Realm and Build stand with every trace.
	Realm, Build string
	// Client makes a client that follows no redirect and connects to private
	// addresses only if it may.
	Client func(allowPrivate bool) *http.Client
	Log    *slog.Logger
}

// Tracing makes the traces of one server.
type Tracing struct {
	settings func() *realmconfig.Tracing
	provider *sdktrace.TracerProvider
	tracer   trace.Tracer
}

// New begins to wait for spans. What a collector does not take in time is
// dropped: no request ever waits for one.
func New(o Options) *Tracing {
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", "realmkeeper"),
			attribute.String("service.version", o.Build),
			attribute.String("realmkeeper.realm", o.Realm),
		)),
		sdktrace.WithoutPanicRecording(), // it would quote values
		sdktrace.WithSampler(sdktrace.ParentBased(sampler{o.Settings})),
		sdktrace.WithBatcher(otlptrace.NewUnstarted(newCollector(o)),
			sdktrace.WithBatchTimeout(sendEvery), sdktrace.WithExportTimeout(Timeout)),
	)
	return &Tracing{o.Settings, provider, provider.Tracer(span.Scope)}
}

// Request begins the trace of a request, or goes on with the one that its
// traceparent (W3C Trace Context) names; what else a stranger says of a trace is
// not passed on. The caller ends the span.
func (t *Tracing) Request(ctx context.Context, header http.Header) (context.Context, trace.Span) {
	if t.settings() == nil {
		return ctx, noop.Span{}
	}
	parent := propagation.MapCarrier{"traceparent": header.Get("Traceparent")}
	ctx = propagation.TraceContext{}.Extract(ctx, parent)
	return t.tracer.Start(ctx, "request", trace.WithSpanKind(trace.SpanKindServer))
}

// Task begins a trace of work that no request waits for. The caller ends it.
func (t *Tracing) Task(ctx context.Context, name string) (context.Context, trace.Span) {
	if t.settings() == nil {
		return ctx, noop.Span{}
	}
	return t.tracer.Start(ctx, name)
}

// Close sends what is left, for two seconds at most.
func (t *Tracing) Close() {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	_ = t.provider.Shutdown(ctx) // what could not be sent is lost
}

// sampler keeps as many of the traces that begin here as the settings say.
type sampler struct {
	settings func() *realmconfig.Tracing
}

// ShouldSample implements sdktrace.Sampler.
func (s sampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	settings := s.settings()
	if settings == nil {
		return sdktrace.NeverSample().ShouldSample(p)
	}
	return sdktrace.TraceIDRatioBased(float64(settings.SamplePercent) / 100).ShouldSample(p)
}

// Description implements sdktrace.Sampler.
func (s sampler) Description() string { return "as the realm says" }
