// SPDX-License-Identifier: Apache-2.0

package tracing_test

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/trace"

	"github.com/realmkeeper/realmkeeper/authserver/internal/span"
	"github.com/realmkeeper/realmkeeper/authserver/internal/tracing"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
)

// sent is what a collector is sent of some work.
func sent(t *testing.T, settings *realmconfig.Tracing, work func(*tracing.Tracing)) string {
	t.Helper()
	bodies := make(chan string, 8)
	collector := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies <- string(body)
	}))
	defer collector.Close()
	if settings != nil {
		settings.Endpoint = collector.URL
	}
	traces := tracing.New(tracing.Options{
		Settings: func() *realmconfig.Tracing { return settings }, Realm: "identity/shop", Build: "test",
		Client: func(bool) *http.Client { return collector.Client() }, Log: slog.New(slog.DiscardHandler),
	})
	work(traces)
	traces.Close()
	close(bodies)
	all := ""
	for body := range bodies {
		all += body
	}
	return all
}

func TestWhatStrangersSayIsNotPassedOn(t *testing.T) {
	t.Parallel()
	header := http.Header{}
	header.Set("Traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
	header.Set("Tracestate", "vendor=of-a-stranger")
	header.Set("Baggage", "user=of-a-stranger")
	body := sent(t, &realmconfig.Tracing{}, func(traces *tracing.Tracing) {
		ctx, whole := traces.Request(t.Context(), header)
		defer whole.End()
		_, part := span.Start(ctx, "a part", trace.SpanKindInternal)
		part.End()
	})
	if !strings.Contains(body, "a part") || strings.Contains(body, "stranger") {
		t.Errorf("sent %q", body)
	}
}

func TestPanicsStayOutOfTraces(t *testing.T) {
	t.Parallel()
	body := sent(t, &realmconfig.Tracing{SamplePercent: 100}, func(traces *tracing.Tracing) {
		defer func() { _ = recover() }()
		_, whole := traces.Task(t.Context(), "a task")
		defer whole.End()
		panic("at the sight of a password")
	})
	if !strings.Contains(body, "a task") || strings.Contains(body, "password") {
		t.Errorf("sent %q", body)
	}
}

func TestNothingBeginsWhileOff(t *testing.T) {
	t.Parallel()
	body := sent(t, nil, func(traces *tracing.Tracing) {
		ctx, whole := traces.Request(t.Context(), http.Header{})
		part, inner := span.Start(ctx, "a part", trace.SpanKindInternal)
		if whole.IsRecording() || inner.IsRecording() || ctx != t.Context() || part != ctx {
			t.Error("a span has begun")
		}
	})
	if body != "" {
		t.Errorf("sent %q", body)
	}
}
