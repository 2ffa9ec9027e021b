// SPDX-License-Identifier: Apache-2.0

package authserver

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"github.com/realmkeeper/realmkeeper/authserver/internal/password"
	"github.com/realmkeeper/realmkeeper/authserver/internal/span"
	"github.com/realmkeeper/realmkeeper/authserver/internal/tracing"
	"github.com/realmkeeper/realmkeeper/authserver/realmconfig"
	"github.com/realmkeeper/realmkeeper/internal/outbound"
)

func (s *server) newTracing() *tracing.Tracing {
	return tracing.New(tracing.Options{
		Settings: func() *realmconfig.Tracing { return s.folder.Snapshot().Config.Tracing },
		Realm:    s.folder.Config().Realm, Build: s.Build, Log: s.Log,
		Client: func(allowPrivate bool) *http.Client {
			return outbound.New(outbound.Options{Timeout: tracing.Timeout, MaxAnswer: tracing.MaxAnswer, AllowPrivate: allowPrivate})
		},
	})
}

// tracedEngine shows in traces how long passwords waited and were hashed.
type tracedEngine struct{ *password.Engine }

// Hash implements auth.Passwords.
func (e tracedEngine) Hash(ctx context.Context, source, password string, cost int) (string, error) {
	ctx, part := span.Start(ctx, "hash password", trace.SpanKindInternal)
	defer part.End()
	return e.Engine.Hash(ctx, source, password, cost)
}

// Verify implements auth.Passwords.
func (e tracedEngine) Verify(ctx context.Context, source, hash, password string) (bool, error) {
	ctx, part := span.Start(ctx, "verify password", trace.SpanKindInternal)
	defer part.End()
	return e.Engine.Verify(ctx, source, hash, password)
}

// Burn implements auth.Passwords. It goes by the name of what it is to be taken for.
func (e tracedEngine) Burn(ctx context.Context, source, password string, cost int) error {
	ctx, part := span.Start(ctx, "verify password", trace.SpanKindInternal)
	defer part.End()
	return e.Engine.Burn(ctx, source, password, cost)
}

// tracedClient is client, with each exchange in the trace it belongs to until
// the answer's headers are here. Others are not told the trace's id.
func tracedClient(client *http.Client, name string) *http.Client {
	client.Transport = tracedTransport{client.Transport, name}
	return client
}

type tracedTransport struct {
	next http.RoundTripper
	name string
}

// RoundTrip implements http.RoundTripper.
func (t tracedTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	_, part := span.Start(r.Context(), t.name, trace.SpanKindClient, attribute.String("http.request.method", r.Method))
	defer part.End()
	response, err := t.next.RoundTrip(r)
	if err != nil {
		part.SetStatus(codes.Error, "") // the error may quote the URL
		return nil, err
	}
	part.SetAttributes(attribute.Int("http.response.status_code", response.StatusCode))
	return response, nil
}

// CloseIdleConnections serves http.Client.CloseIdleConnections.
func (t tracedTransport) CloseIdleConnections() {
	if c, ok := t.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
